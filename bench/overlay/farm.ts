import { Yggdrasil, type YggdrasilOptions } from '@mimirjs/yggdrasil'
import { Traffic } from '../../interop/yggdrasil/traffic.js'

/** One process is the whole neighbourhood of these nodes. */
const LIMITS = {
  incomingLinksPerAddress: 100_000,
  incomingLinks: 100_000,
  pendingHandshakes: 100_000,
  records: 100_000,
  announcesPerSecond: 100_000,
  signaturesPerSecond: 100_000,
}
/** So many nodes share one that they are linked to: each node tells all its neighbours apart every second. */
const NODES_PER_HUB = 50

/** Many nodes in one process. */
export class Farm {
  readonly #nodes: Yggdrasil[] = []

  async add(options: YggdrasilOptions): Promise<Yggdrasil> {
    const node = await Yggdrasil.start({ ...options, limits: LIMITS })
    this.#nodes.push(node)
    return node
  }

  /** Nodes that answer pings, behind others which are linked to the peer. @returns their keys as hex, when all are on the tree */
  async plant(count: number, uri: string): Promise<string[]> {
    const keys: string[] = []
    const planted: Promise<void>[] = []
    let hub: Yggdrasil | undefined
    for (let index = 0; index < count; index++) {
      if (index % NODES_PER_HUB === 0) {
        hub = await this.add({ peers: [uri], listen: ['tcp://127.0.0.1:0'] })
        await hub.online({ timeoutMs: 60_000 })
      }
      const node = await this.add({ peers: [...(hub?.listenAddresses ?? [])] })
      new Traffic(node)
      planted.push(node.online({ timeoutMs: 60_000 }))
      keys.push(Buffer.from(node.publicKey).toString('hex'))
    }
    await Promise.all(planted)
    return keys
  }
}
