import type { ByteStream, StreamTransport } from '@mimirjs/transport'
import { type DataFrame, encodeDataFrame, encodeFrame, FrameReader, type PeerFrame } from '@mimirjs/wire/peer'
import { concat } from './machine.js'

/** One end of a stream in the hands of a test: what it writes is bytes, what came is kept. */
export class WireEnd {
  readonly chunks: Uint8Array[] = []
  ended = false
  closed = false
  /** It was reset, not ended. */
  error: Error | undefined
  readonly stream: ByteStream
  #taken = 0
  readonly #waiting = new Set<() => void>()

  constructor(stream: ByteStream) {
    this.stream = stream
    stream.start({
      data: (chunk) => {
        this.chunks.push(chunk.slice())
        this.#changed()
      },
      end: () => {
        this.ended = true
        this.#changed()
      },
      drain: () => this.#changed(),
      closed: (error) => {
        this.closed = true
        this.error = error
        this.#changed()
      },
    })
  }

  static async dial(transport: StreamTransport, address: string): Promise<WireEnd> {
    return new WireEnd(await transport.dial(address))
  }

  write(...parts: Uint8Array[]): this {
    this.stream.write(concat(parts))
    return this
  }

  frame(...frames: PeerFrame[]): this {
    return this.write(...frames.map((frame) => encodeFrame(frame, 'current')))
  }

  data(...frames: DataFrame[]): this {
    return this.write(...frames.map(encodeDataFrame))
  }

  get bytes(): Uint8Array {
    return concat(this.chunks)
  }

  until(isTrue: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!isTrue()) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      look()
    })
  }

  /** The next frame that came and was not taken. */
  async take<T extends PeerFrame['type']>(type: T): Promise<PeerFrame & { readonly type: T }> {
    let frames: PeerFrame[] = []
    await this.until(() => {
      frames = this.frames()
      return frames.length > this.#taken || this.closed
    })
    const frame = frames[this.#taken++]
    if (frame?.type !== type) throw new Error(`expected ${type}, got ${frame?.type ?? 'the end'}`)
    return frame as PeerFrame & { readonly type: T }
  }

  /** All frames that came. */
  frames(): PeerFrame[] {
    const reader = new FrameReader({ generation: 'current' })
    reader.push(this.bytes)
    const frames: PeerFrame[] = []
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(frame)
    return frames
  }

  #changed(): void {
    for (const look of [...this.#waiting]) look()
  }
}
