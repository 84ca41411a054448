import type { MachineLimits } from '../limits.js'
import type { ServerReason } from './types.js'

/** When a server is dialled again (rendezvous protocol B4). */
export class Redial {
  readonly #limits: MachineLimits
  /** Fresh bytes: they spread the clients of a server that came back. */
  readonly #randomBytes: (sizeBytes: number) => Uint8Array
  #failures = 0
  #endedMs = Number.NEGATIVE_INFINITY
  /** When to dial; Infinity when only the user can say. */
  atMs: number
  /** Why it was not in use the last time. */
  reason: ServerReason | undefined
  /** A newer instance of our key is connected there. */
  isReplaced = false

  constructor(limits: MachineLimits, randomBytes: (sizeBytes: number) => Uint8Array, nowMs: number) {
    this.#limits = limits
    this.#randomBytes = randomBytes
    this.atMs = nowMs
  }

  /** The socket is over, or there was none: again after a random time that grows with the failures. */
  failed(reason: ServerReason, readyMs: number | undefined, nowMs: number): void {
    const { reconnectMs, steadyMs } = this.#limits
    if (readyMs !== undefined && nowMs - readyMs >= steadyMs) this.#failures = 0
    this.isReplaced ||= reason === 'replaced'
    const longestMs = Math.min(reconnectMs, 2 ** this.#failures * 1000)
    this.#failures += 1
    const bytes = this.#randomBytes(4)
    const random = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) / 2 ** 32
    this.reason = this.isReplaced ? 'replaced' : reason
    this.#endedMs = nowMs
    // Two instances of one key would take turns for ever: only the user can say which of them is meant.
    this.atMs = this.isReplaced ? Number.POSITIVE_INFINITY : nowMs + Math.ceil(random * longestMs)
  }

  /** It broke the rules: not again for long. */
  left(reason: ServerReason, nowMs: number): void {
    this.reason = reason
    this.#endedMs = nowMs
    this.atMs = nowMs + this.#limits.leftMs
  }

  /** Somebody is there who wants it now. */
  hurry(nowMs: number): void {
    this.atMs = this.isReplaced ? Math.max(nowMs, this.#endedMs + this.#limits.replacedMs) : nowMs
  }
}
