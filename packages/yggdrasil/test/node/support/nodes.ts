import type { YggdrasilNode, YggdrasilOptions } from '../../../src/node.js'
import { Yggdrasil } from '../../../src/node.js'

/** Nodes of one test, all closed at its end. */
export class Nodes {
  readonly #nodes: YggdrasilNode[] = []

  async start(options: YggdrasilOptions = {}): Promise<YggdrasilNode> {
    const node = await Yggdrasil.start(options)
    this.#nodes.push(node)
    return node
  }

  /** Two leaves that see each other only through the node between them. */
  async line(options: YggdrasilOptions = {}): Promise<[YggdrasilNode, YggdrasilNode, YggdrasilNode]> {
    const middle = await this.start({ listen: ['tcp://127.0.0.1:0'] })
    const peers = [...middle.listenAddresses]
    const [a, c] = await Promise.all([this.start({ ...options, peers }), this.start({ ...options, peers })])
    await Promise.all([a.online(), c.online()])
    return [a, middle, c]
  }

  async close(): Promise<void> {
    await Promise.all(this.#nodes.splice(0).map((node) => node.close({ timeoutMs: 500 })))
  }
}

/** Wait until `check` gives something. */
export async function until<Result>(check: () => Result | undefined | false, timeoutMs = 10_000): Promise<Result> {
  const startMs = performance.now()
  for (;;) {
    const result = check()
    if (result !== undefined && result !== false) return result
    if (performance.now() - startMs > timeoutMs) throw new Error(`not so within ${timeoutMs} ms: ${check}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
