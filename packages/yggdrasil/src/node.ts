import { nativeDrivers } from './links/native/index.js'
import { launch } from './node/launch.js'
import type { YggdrasilNode, YggdrasilOptions } from './node/types.js'

export * from './exports.js'

/**
 * A Yggdrasil node in this process, with every kind of link that Node can make.
 * @example
 * await using node = await Yggdrasil.start({ peers: ['tls://example.org:443'] })
 * const stream = await node.openStream(key, 42)
 */
export const Yggdrasil: { start(options?: YggdrasilOptions): Promise<YggdrasilNode> } = {
  /**
   * Resolves when everything listens and dialling has begun; peers that cannot be reached are events, and tried again.
   * Rejects with a `YggdrasilError`: `bad-uri`, `bad-key`, `misuse`, `duplicate`, `unsupported`, `address-in-use`,
   * `unreachable`; then nothing is left open.
   */
  start: (options) => launch(options, nativeDrivers),
}
export type Yggdrasil = YggdrasilNode
