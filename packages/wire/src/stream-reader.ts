import { ByteQueue } from './byte-queue.js'
import { WireError } from './error.js'

/** Frames out of a stream that is cut anywhere. How a frame looks is told by those who extend this. */
export abstract class StreamReader<Frame> {
  readonly #queue = new ByteQueue()
  #error: WireError | undefined

  /** Bytes held that no frame has been made of yet; when {@link next} has returned `undefined`: of the frame that has begun. */
  get bufferedBytes(): number {
    return this.#queue.size
  }

  /** Hand over the next bytes of the stream; they are copied. */
  push(chunk: Uint8Array): void {
    if (this.#error === undefined) this.#queue.push(chunk)
  }

  /**
   * One whole frame, whose bytes are yours, or `undefined` when more are needed.
   * @throws {WireError} `frame-too-large` as soon as the header is there; `unexpected-type` for a wrong opening, version or
   * status. After that the stream is lost, and every call throws the same error.
   */
  next(): Frame | undefined {
    if (this.#error !== undefined) throw this.#error
    try {
      return this.take(this.#queue)
    } catch (error) {
      if (error instanceof WireError) this.#error = error
      this.#queue.drop(this.#queue.size)
      throw error
    }
  }

  /** Say that the stream has ended, after {@link next} returned `undefined`. @throws {WireError} `truncated` inside a frame. */
  end(): void {
    if (this.#queue.size === 0) return
    throw new WireError('truncated', `stream ended inside a frame, after ${this.#queue.size} of its bytes`)
  }

  /** Take one whole frame out of what is there. @returns `undefined` when more is needed. @throws {WireError} */
  protected abstract take(queue: ByteQueue): Frame | undefined
}
