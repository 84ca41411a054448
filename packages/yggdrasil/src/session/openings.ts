import type { X25519KeyPair } from '@mimirjs/crypto'
import type { KeyId } from '../key.js'
import type { SessionLimits } from '../limits.js'
import type { Announced } from './init.js'

/** After how many ms without an answer an Init is repeated, each time counted from the one before; then no more. */
const REPEAT_MS: readonly number[] = [1000, 1000, 2000, 4000]

/**
 * A session that was asked for: the two keys that our Inits announce, and the newest packet. yggdrasil protocol §8.5
 * The protocol repeats an Init only with the next write; here a packet that waits has it repeated a few times, for the
 * first one to a key is the one that meets a tree and filters still in the making.
 */
export class Opening {
  readonly id: KeyId
  readonly publicKey: Uint8Array
  readonly current: X25519KeyPair
  readonly next: X25519KeyPair
  /** Waits for the session; a newer one takes its place. */
  payload: Uint8Array | undefined
  usedMs: number
  ourSeq = 0
  initSentMs: number = Number.NEGATIVE_INFINITY
  /** The session is there; the packet waits until the other side has our keys: see `Sessions`. */
  held = false
  /** When the Init is repeated, or what is held goes out. */
  dueMs: number = Number.POSITIVE_INFINITY
  #repeats = 0

  constructor(id: KeyId, publicKey: Uint8Array, current: X25519KeyPair, next: X25519KeyPair, nowMs: number) {
    this.id = id
    this.publicKey = publicKey
    this.current = current
    this.next = next
    this.usedMs = nowMs
  }

  announce(seq: number, nowMs: number): Announced {
    this.ourSeq = seq
    this.initSentMs = nowMs
    const pause = this.payload === undefined ? undefined : REPEAT_MS[this.#repeats++]
    this.dueMs = pause === undefined ? Number.POSITIVE_INFINITY : nowMs + pause
    return { current: this.current.publicKey, next: this.next.publicKey, keySeq: 0, seq }
  }

  /** Something new waits: repeat as often as for the first. */
  renew(payload: Uint8Array, nowMs: number): void {
    this.payload = payload
    this.usedMs = nowMs
    this.#repeats = 0
    this.dueMs = Math.min(this.dueMs, Math.max(nowMs, this.initSentMs + REPEAT_MS[0]!))
  }

  wipe(): void {
    this.current.privateKey.fill(0)
    this.next.privateKey.fill(0)
  }
}

/** All openings, bounded by count and by the bytes that wait in them. The one not written to longest goes first. */
export class Openings {
  readonly #limits: SessionLimits
  /** In the order of the last write. */
  readonly #byId = new Map<KeyId, Opening>()
  #bytes = 0

  constructor(limits: SessionLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#byId.size
  }

  get bytes(): number {
    return this.#bytes
  }

  get(id: KeyId): Opening | undefined {
    return this.#byId.get(id)
  }

  /** @param payload - waits from now on, instead of what waited */
  put(opening: Opening, payload: Uint8Array | undefined, nowMs: number): void {
    this.#byId.delete(opening.id)
    this.#byId.set(opening.id, opening)
    if (payload !== undefined) {
      this.#bytes += payload.length - (opening.payload?.length ?? 0)
      opening.renew(payload, nowMs)
    }
  }

  /** @returns the one not written to longest, while there are too many: it has to be removed */
  surplus(): Opening | undefined {
    if (this.#byId.size <= this.#limits.openings && this.#bytes <= this.#limits.openingBytes) return undefined
    return this.#byId.values().next().value
  }

  /** Take it out; its payload is the caller's. */
  remove(opening: Opening): void {
    if (!this.#byId.delete(opening.id)) return
    this.#bytes -= opening.payload?.length ?? 0
  }

  values(): IterableIterator<Opening> {
    return this.#byId.values()
  }
}
