import { type DefaultDrivers, settingsOf } from './options.js'
import { OverlayNode } from './overlay-node.js'
import type { YggdrasilNode, YggdrasilOptions } from './types.js'

/** What both entries start a node with. Rejects with a {@link YggdrasilError}; then nothing is left open. */
export async function launch(
  options: YggdrasilOptions | undefined,
  defaultDrivers: DefaultDrivers,
): Promise<YggdrasilNode> {
  const settings = settingsOf(options ?? {}, defaultDrivers)
  const node = new OverlayNode(settings)
  await node.open(settings)
  return node
}
