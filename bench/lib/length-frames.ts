/** Called with one whole body: `bytes[start..end)`, valid during the call. */
export type BodyHandler = (bytes: Uint8Array, start: number, end: number) => void

const HEADER_BYTES = 4

/**
 * `length u32be | body`, as a careful user of a byte stream would read it: parsed in place, and only a body that is
 * split over chunks is copied, once, into a buffer that is used again. All rivals are read with it.
 */
export class LengthFrames {
  readonly #onBody: BodyHandler
  #header = 0
  #headerBytes = 0
  #spare: Uint8Array | undefined
  /** The body that is split: `#spare`, or the front part of it. */
  #body: Uint8Array | undefined
  #filled = 0

  constructor(onBody: BodyHandler) {
    this.#onBody = onBody
  }

  push(chunk: Uint8Array): void {
    let at = this.#finishSplit(chunk)
    while (at + HEADER_BYTES <= chunk.length) {
      const length = ((chunk[at]! << 24) | (chunk[at + 1]! << 16) | (chunk[at + 2]! << 8) | chunk[at + 3]!) >>> 0
      const start = at + HEADER_BYTES
      const end = start + length
      if (end > chunk.length) {
        this.#keep(chunk, start, length)
        return
      }
      this.#onBody(chunk, start, end)
      at = end
    }
    while (at < chunk.length) this.#headerByte(chunk[at++]!)
  }

  /** Complete what the last chunk left open; returns where the rest of this chunk begins. */
  #finishSplit(chunk: Uint8Array): number {
    let at = 0
    while (this.#headerBytes > 0 && at < chunk.length && this.#body === undefined) this.#headerByte(chunk[at++]!)
    const body = this.#body
    if (body === undefined) return at
    const take = Math.min(body.length - this.#filled, chunk.length - at)
    body.set(chunk.subarray(at, at + take), this.#filled)
    this.#filled += take
    if (this.#filled === body.length) {
      this.#body = undefined
      this.#onBody(body, 0, body.length)
    }
    return at + take
  }

  #headerByte(byte: number): void {
    this.#header = ((this.#header << 8) | byte) >>> 0
    if (++this.#headerBytes === HEADER_BYTES) this.#open(this.#header)
  }

  #open(length: number): void {
    this.#header = 0
    this.#headerBytes = 0
    if (this.#spare === undefined || this.#spare.length < length) this.#spare = Buffer.allocUnsafe(length)
    this.#body = this.#spare.length === length ? this.#spare : this.#spare.subarray(0, length)
    this.#filled = 0
  }

  #keep(chunk: Uint8Array, start: number, length: number): void {
    this.#open(length)
    this.#body!.set(chunk.subarray(start), 0)
    this.#filled = chunk.length - start
  }
}
