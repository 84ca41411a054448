/** A power of two. */
const SLOTS = 256

interface Slot {
  readonly bytes: Uint8Array
  readonly untilMs: number
}

/**
 * Tells packets that say the same as one just before. It forgets some under load, and then takes a repeat for new; it
 * never takes something new for a repeat.
 */
export class Repeats {
  readonly #intervalMs: number
  readonly #slots = new Map<number, Slot>()

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs
  }

  /** Whether the same bytes came within the interval; if not, the interval begins. */
  isRepeat(bytes: Uint8Array, nowMs: number): boolean {
    let hash = 0
    for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193)
    const index = (hash ^ (hash >>> 15)) & (SLOTS - 1)
    const slot = this.#slots.get(index)
    if (slot !== undefined && nowMs < slot.untilMs && isSame(slot.bytes, bytes)) return true
    this.#slots.set(index, { bytes: bytes.slice(), untilMs: nowMs + this.#intervalMs })
    return false
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}
