// A page that dials a WebSocket stream, and reads it as slowly as it is told to. The tests call it from Node.
import type { ByteStream } from '@mimirjs/transport'
import { ws } from '@mimirjs/transport/ws'

/** One stream in the page, and what came of it. */
export class Reader {
  receivedBytes = 0
  /** Sum of all bytes, modulo 2^32. */
  sum = 0
  hasEnded = false
  closedWith: string | undefined
  readonly #stream: ByteStream
  #drained: () => void = () => {}

  private constructor(stream: ByteStream) {
    this.#stream = stream
    stream.start({
      data: (chunk) => {
        this.receivedBytes += chunk.length
        this.sum = chunk.reduce((sum, byte) => (sum + byte) >>> 0, this.sum)
      },
      end: () => (this.hasEnded = true),
      drain: () => this.#drained(),
      closed: (error) => (this.closedWith = error?.code ?? 'in order'),
    })
  }

  /** Dial, and read nothing yet. */
  static async dialPaused(address: string): Promise<Reader> {
    const stream = await ws().dial(address)
    stream.pause()
    return new Reader(stream)
  }

  resume(): void {
    this.#stream.resume()
  }

  /** Write so many bytes, all of them `value`, at the pace of the stream, and end. */
  async send(sizeBytes: number, value: number): Promise<void> {
    const chunk = (): Uint8Array => new Uint8Array(65_536).fill(value)
    for (let sent = 0; sent < sizeBytes; sent += 65_536) {
      const drained = new Promise<void>((resolve) => {
        this.#drained = resolve
      })
      if (!this.#stream.write(chunk())) await drained
    }
    this.#stream.end()
  }

  abort(): void {
    this.#stream.abort()
  }
}

export interface StreamsPage {
  Reader: typeof Reader
}

;(globalThis as unknown as StreamsPage).Reader = Reader
