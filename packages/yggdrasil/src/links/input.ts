import type { FrameReader, OnFrame } from '../wire/frame-reader.js'
import type { RawLink } from './types.js'

/**
 * The reading half of a link: so many frames in a turn, the rest in the next one, while the transport is paused. A flood
 * on one link does not keep the others waiting.
 */
export class LinkInput {
  readonly #raw: Pick<RawLink, 'pause' | 'resume'>
  readonly #reader: FrameReader
  readonly #framesPerTurn: number
  readonly #onFrame: OnFrame
  #left: number
  /** What came and is left for the next turn; the transport is paused while there is any. */
  #rest: Uint8Array | undefined

  constructor(raw: Pick<RawLink, 'pause' | 'resume'>, reader: FrameReader, framesPerTurn: number, onFrame: OnFrame) {
    this.#raw = raw
    this.#reader = reader
    this.#framesPerTurn = framesPerTurn
    this.#left = framesPerTurn
    this.#onFrame = onFrame
  }

  /** Whole frames that came before the one that is not there in full; `undefined` when there is none such. */
  get partialAfter(): number | undefined {
    return this.#reader.bufferedBytes === 0 ? undefined : this.#reader.frames
  }

  /** Bytes arrived; those before `from` are not ours. @throws {YggdrasilError} as the reader does */
  data(chunk: Uint8Array, from: number): void {
    const bytes = from === 0 ? chunk : chunk.subarray(from)
    if (this.#rest === undefined) this.#read(bytes, false)
    // A transport may bring what it had read before it was paused.
    else this.#rest = joined(this.#rest, bytes)
  }

  /** The next turn begins. */
  newTurn(): void {
    this.#left = this.#framesPerTurn
  }

  /** Something was left for the next turn. */
  get hasRest(): boolean {
    return this.#rest !== undefined
  }

  /** Go on with what was left. @throws {YggdrasilError} as the reader does */
  proceed(): void {
    const rest = this.#rest
    if (rest === undefined) return
    this.#rest = undefined
    this.#read(rest, true)
    if (this.#rest === undefined) this.#raw.resume()
  }

  /** Forget what was left. */
  discard(): void {
    this.#rest = undefined
  }

  /** @param isOwn - `bytes` may be kept */
  #read(bytes: Uint8Array, isOwn: boolean): void {
    const before = this.#reader.frames
    const taken = this.#left > 0 ? this.#reader.push(bytes, this.#onFrame, this.#left) : 0
    this.#left -= this.#reader.frames - before
    if (taken === bytes.length) return
    this.#rest = isOwn ? bytes.subarray(taken) : bytes.slice(taken)
    if (!isOwn) this.#raw.pause()
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length)
  bytes.set(a)
  bytes.set(b, a.length)
  return bytes
}
