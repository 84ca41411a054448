import type { ByteStream } from '@mimirjs/transport'
import type { Yggdrasil } from '@mimirjs/yggdrasil'
import { ByteCounter } from './counter.js'
import { CHUNK_BYTES } from './kernel-streams.js'

const PORT = 42
/** On a line that loses packets the first ones are looked for more than once. */
const DIAL_MS = 60_000

/** Streams of our node. */
export class OverlayStreams {
  readonly #node: Yggdrasil
  readonly #received = new ByteCounter()
  #stream: ByteStream | undefined

  constructor(node: Yggdrasil) {
    this.#node = node
  }

  async serve(): Promise<number> {
    const data = (chunk: Uint8Array): void => this.#received.add(chunk.length)
    const onStream = (stream: ByteStream): void => {
      stream.start({ data, end: () => stream.end(), drain: () => {}, closed: () => {} })
    }
    await this.#node.listen(PORT, { onStream })
    return PORT
  }

  async connect(key: Uint8Array, port: number): Promise<void> {
    const stream = await this.#node.openStream(key, port, { timeoutMs: DIAL_MS })
    this.#stream = stream
    const fill = (): void => {
      // A stream owns what it was given: a chunk is never written twice.
      while (this.#stream === stream && stream.write(new Uint8Array(CHUNK_BYTES)));
    }
    const closed = (): void => {
      if (this.#stream === stream) this.#stream = undefined
    }
    stream.start({ data: () => {}, end: () => {}, drain: fill, closed })
    fill()
  }

  measure(warmUpMs: number, durationMs: number): Promise<number> {
    return this.#received.measure(warmUpMs, durationMs)
  }

  disconnect(): void {
    const stream = this.#stream
    this.#stream = undefined
    stream?.abort()
  }
}
