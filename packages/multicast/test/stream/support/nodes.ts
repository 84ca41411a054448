import { createSigner } from '@mimirjs/crypto'
import type { ByteStream, Listener, StreamTransport, TransportError } from '@mimirjs/transport'
import { toHex } from '@mimirjs/wire'
import { MulticastNode, type MulticastNodeOptions } from '../../../src/index.js'
import { createMulticastMemory, type MulticastMemory } from '../../../src/testing/index.js'

/** Nodes on one link in memory, with short times. */
export class Link {
  readonly memory: MulticastMemory = createMulticastMemory({ seed: 7 })
  readonly #nodes: MulticastNode[] = []

  async open(number: number, options: Partial<MulticastNodeOptions> = {}): Promise<MulticastNode> {
    const node = await MulticastNode.open({
      signer: createSigner(new Uint8Array(32).fill(number)),
      network: this.memory.network(),
      group: 'ipv4',
      policy: 'anybody',
      joinDelayMs: 0,
      unitMs: 20,
      ...options,
    })
    this.#nodes.push(node)
    return node
  }

  async close(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.close()))
  }
}

/** One transport of two nodes: the first dials, the second listens. */
export function across(near: MulticastNode, far: MulticastNode): StreamTransport {
  return {
    scheme: 'mp2p',
    dial: (address, options) => near.streams.dial(address, options),
    listen: (address, options) => far.streams.listen(address, options),
  }
}

/** The address of a node that nobody has opened. */
export function nobody(): string {
  const { publicKey } = createSigner(new Uint8Array(32).fill(0x77))
  return `mp2p://${toHex(publicKey)}@224.0.240.9:1024`
}

/** The two ends of a stream between two nodes, started. */
export async function connect(
  near: MulticastNode,
  far: MulticastNode,
): Promise<{ dialled: End; accepted: End; listener: Listener }> {
  const arrivals: End[] = []
  const listener = await far.streams.listen(far.address, { onStream: (stream) => arrivals.push(new End(stream)) })
  const dialled = new End(await near.streams.dial(far.address))
  await until(() => arrivals.length === 1, 'the stream to come in')
  return { dialled, accepted: arrivals[0] as End, listener }
}

/** One end of a stream, which keeps what comes. */
export class End {
  readonly stream: ByteStream
  readonly chunks: Uint8Array[] = []
  receivedBytes = 0
  isEnded = false
  isClosed = false
  error: TransportError | undefined
  #drained: () => void = () => {}

  constructor(stream: ByteStream) {
    this.stream = stream
    stream.start({
      data: (chunk) => {
        this.chunks.push(chunk.slice())
        this.receivedBytes += chunk.length
      },
      end: () => {
        this.isEnded = true
      },
      drain: () => this.#drained(),
      closed: (error) => {
        this.isClosed = true
        this.error = error
        this.#drained()
      },
    })
  }

  get received(): Uint8Array {
    const whole = new Uint8Array(this.receivedBytes)
    let at = 0
    for (const chunk of this.chunks) {
      whole.set(chunk, at)
      at += chunk.length
    }
    return whole
  }

  /** Write all of it, at the pace of the stream. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length && !this.isClosed; at += 65_536) {
      if (this.stream.write(bytes.slice(at, at + 65_536))) continue
      await new Promise<void>((resolve) => {
        this.#drained = resolve
      })
    }
  }
}

/** Look again and again, each time after whatever is due, until it is so. */
export async function until(done: () => boolean, what: string, limitMs = 20_000): Promise<void> {
  for (const deadlineMs = performance.now() + limitMs; !done(); ) {
    if (performance.now() > deadlineMs) throw new Error(`waited ${limitMs} ms for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
