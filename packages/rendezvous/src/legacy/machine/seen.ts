import { sha256 } from '@mimirjs/crypto'
import { toHex } from '@mimirjs/wire'

/** Messages whose signatures verified, each with its signature: a copy with a broken one leaves no trace. A13 */
export class Seen {
  readonly #limit: number
  readonly #lifeMs: number
  /** The oldest first. */
  readonly #atMs = new Map<string, number>()

  constructor(limit: number, lifeMs: number) {
    this.#limit = limit
    this.#lifeMs = lifeMs
  }

  get size(): number {
    return this.#atMs.size
  }

  /** What a message is remembered as. */
  static idOf(message: Uint8Array, signature: Uint8Array): string {
    const bytes = new Uint8Array(message.length + signature.length)
    bytes.set(message)
    bytes.set(signature, message.length)
    return toHex(sha256(bytes))
  }

  has(id: string, nowMs: number): boolean {
    const atMs = this.#atMs.get(id)
    return atMs !== undefined && nowMs - atMs < this.#lifeMs
  }

  add(id: string, nowMs: number): void {
    for (const [oldest, atMs] of this.#atMs) {
      if (this.#atMs.size < this.#limit && nowMs - atMs < this.#lifeMs) break
      this.#atMs.delete(oldest)
    }
    this.#atMs.delete(id)
    this.#atMs.set(id, nowMs)
  }
}
