// Somebody in a page who meets others over WebRTC. The tests call it from Node.
import { createSigner, sha256 } from '@mimirjs/crypto'
import { isRendezvousError, parseRendezvousAddress, RendezvousNode } from '@mimirjs/rendezvous'
import { browserPlatform } from '@mimirjs/rendezvous/browser'
import { Paths } from '../../../../packages/rendezvous/test/support/paths.js'
// The suite alone: what else is in `testing` is for Node.
import { streamConformance } from '../../../../packages/transport/src/testing/conformance/index.js'

/** One identity in the page. Whoever opens a stream to it gets back what he writes. */
export class Visitor {
  readonly address: string
  readonly node: RendezvousNode
  readonly paths: Paths
  readonly heard: string[] = []

  private constructor(node: RendezvousNode, paths: Paths) {
    this.node = node
    this.paths = paths
    this.address = node.address
    node.on('link', (link) => {
      link.on('chat', ({ text }) => this.heard.push(text))
      link.on('restarting', (isRestarting) => this.heard.push(`restarting: ${isRestarting}`))
      link.on('closed', ({ code }) => this.heard.push(`closed: ${code}`))
    })
  }

  static async open(name: string, servers: readonly string[]): Promise<Visitor> {
    const paths = new Paths(browserPlatform())
    const node = await RendezvousNode.open({
      signer: createSigner(sha256(new TextEncoder().encode(name))),
      servers,
      platform: paths,
      policy: () => 'accept',
    })
    return new Visitor(node, paths)
  }

  /** @returns `open`, or why it does not meet them */
  async meet(address: string): Promise<string> {
    try {
      return (await this.node.connect(parseRendezvousAddress(address))).state
    } catch (error) {
      return isRendezvousError(error) ? error.code : String(error)
    }
  }

  async echo(): Promise<void> {
    await this.node.streams.listen(this.address, {
      onStream: (stream) =>
        stream.start({
          data: (chunk) => {
            if (!stream.write(chunk.slice())) stream.pause()
          },
          drain: () => stream.resume(),
          end: () => stream.end(),
          closed() {},
        }),
    })
  }

  /**
   * Write so many bytes to somebody who echoes, and end.
   * @param halfway - what happens in the middle
   * @returns how many came back, and their sum modulo 2^32
   */
  async send(
    address: string,
    sizeBytes: number,
    value: number,
    halfway = (): void => {},
  ): Promise<{ receivedBytes: number; sum: number }> {
    const stream = await this.node.streams.dial(address)
    let drained = (): void => {}
    let receivedBytes = 0
    let sum = 0
    const over = new Promise<void>((resolve, reject) => {
      stream.start({
        data: (chunk) => {
          receivedBytes += chunk.length
          sum = chunk.reduce((total, byte) => (total + byte) >>> 0, sum)
        },
        drain: () => drained(),
        end() {},
        closed: (error) => (error === undefined ? resolve() : reject(error)),
      })
    })
    for (let left = sizeBytes; left > 0; left -= 65_536) {
      if (left === sizeBytes / 2) halfway()
      const again = new Promise<void>((resolve) => {
        drained = resolve
      })
      if (!stream.write(new Uint8Array(Math.min(left, 65_536)).fill(value))) await again
    }
    stream.end()
    await over
    return { receivedBytes, sum }
  }

  /** Run the suite of streams, from this one to the other. @returns what failed */
  async conform(other: Visitor): Promise<string[]> {
    const failed: string[] = []
    const checks = streamConformance({
      transport: {
        scheme: 'rdv',
        dial: (address, options) => this.node.streams.dial(address, options),
        listen: (address, options) => other.node.streams.listen(address, options),
      },
      listenAddress: () => other.address,
      transferBytes: 8 * 1024 * 1024,
      connects: 200,
    })
    for (const { name, run } of checks) await run().catch((error: unknown) => failed.push(`${name}: ${String(error)}`))
    return failed
  }
}

export interface RendezvousPage {
  Visitor: typeof Visitor
}

;(globalThis as unknown as RendezvousPage).Visitor = Visitor
