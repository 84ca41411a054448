import { browserDrivers } from './links/web.js'
import { launch } from './node/launch.js'
import type { YggdrasilNode, YggdrasilOptions } from './node/types.js'

export * from './exports.js'

/**
 * A Yggdrasil node in this process, in a browser: it dials `ws://` and `wss://`.
 * @example
 * await using node = await Yggdrasil.start({ peers: ['wss://example.org/ygg'] })
 * const stream = await node.openStream(key, 42)
 */
export const Yggdrasil: { start(options?: YggdrasilOptions): Promise<YggdrasilNode> } = {
  /**
   * Resolves when everything listens and dialling has begun; peers that cannot be reached are events, and tried again.
   * Rejects with a `YggdrasilError`: `bad-uri`, `bad-key`, `misuse`, `duplicate`, `unsupported`, `address-in-use`,
   * `unreachable`; then nothing is left open.
   */
  start: (options) => launch(options, browserDrivers),
}
export type Yggdrasil = YggdrasilNode
