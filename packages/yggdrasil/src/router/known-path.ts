import { transformKey } from '../address.js'
import { type BloomLocations, bloomLocations } from '../bloom.js'
import { type KeyId, keyId } from '../key.js'
import type { Path } from '../wire/path.js'
import type { KeptBytes } from './kept-bytes.js'
import type { LinkState } from './link-state.js'

/** Buffers for kept packets grow in such steps, so that packets of nearly one size need one buffer. */
const STEP_BYTES = 256

/** The way to a node, as its last notify told it. yggdrasil protocol §6.1 */
export class KnownPath {
  /** 32 bytes, in full. */
  readonly key: Uint8Array
  path: Path
  seq: bigint
  lookupMs: number
  expiresMs: number
  /** Since when it is said to be broken, without word from the other end. */
  brokenMs: number | undefined = undefined
  /** When a packet of its node arrived last. */
  heardMs: number = Number.NEGATIVE_INFINITY
  /** When a packet was written last. */
  writtenMs: number = Number.NEGATIVE_INFINITY
  /** What all packets to there begin with, and the link they leave on, both as of `epoch`. */
  head: Uint8Array | undefined
  link: LinkState | undefined
  epoch = -1
  #transformedId: KeyId | undefined
  readonly #kept: KeptBytes
  #buffer: Uint8Array | undefined
  #packetBytes = 0
  #hasPacket = false

  constructor(key: Uint8Array, path: Path, seq: bigint, nowMs: number, expiresMs: number, kept: KeptBytes) {
    this.key = key.slice()
    this.path = path
    this.seq = seq
    this.lookupMs = nowMs
    this.expiresMs = expiresMs
    this.#kept = kept
  }

  /** What lookups know of the key. */
  get transformedId(): KeyId {
    return (this.#transformedId ??= keyId(transformKey(this.key)))
  }

  /** Where filters have the key; computed anew each time, which is seldom. */
  get locations(): BloomLocations {
    return bloomLocations(transformKey(this.key))
  }

  /** A copy of the newest packet, for when the path turns out to be broken; a view. */
  get copy(): Uint8Array | undefined {
    return this.#hasPacket ? this.#buffer?.subarray(0, this.#packetBytes) : undefined
  }

  /** Keep a copy of the newest packet in the place of an older one; none of it above `maxBytes` or without room. */
  keepCopy(payload: Uint8Array, maxBytes: number): void {
    this.#hasPacket = payload.length <= maxBytes && this.#fits(payload.length)
    if (!this.#hasPacket) return
    this.#buffer?.set(payload)
    this.#packetBytes = payload.length
  }

  /** Forget the copy. */
  release(): void {
    if (this.#buffer !== undefined) this.#kept.give(this.#buffer.length)
    this.#buffer = undefined
    this.#hasPacket = false
  }

  #fits(bytes: number): boolean {
    if (this.#buffer !== undefined && bytes <= this.#buffer.length) return true
    this.release()
    const size = Math.ceil(Math.max(bytes, 1) / STEP_BYTES) * STEP_BYTES
    if (!this.#kept.take(size)) return false
    this.#buffer = new Uint8Array(size)
    return true
  }
}
