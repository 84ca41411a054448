import { equalBytes, isWireError } from '@mimirjs/wire'
import {
  decodeSyncHello,
  encodeSyncHello,
  NODE_KEY_BYTES,
  type SyncFrame,
  SyncReader,
  type SyncRecord,
} from '@mimirjs/wire/tracker'
import { TrackerError } from '../error.js'
import type { TrackerLimits } from '../limits.js'

// One stream between two trackers, without the stream and without a clock (tracker protocol §10): bytes and the time go in;
// records, keep-alives that are due, and the reasons to give up come out.

/** Keep-alives go out this often, drawn once per link: originals give up after 30 s without one, whatever else they hear. */
const KEEP_ALIVE_MS = { least: 15_000, most: 25_000 } as const
/** Originals may legally be silent for 30 s. */
const SILENCE_MS = 45_000
const HELLO_MS = 5000
const FRAME_MS = 10_000

export interface LinkOptions {
  /** Whether the other side dialed: then it says its key first. */
  readonly incoming: boolean
  /** Key of the other side, as the network proves it. */
  readonly peerKey: Uint8Array
  readonly limits: TrackerLimits
  /** From 0 up to, not including, 1. */
  readonly chance: number
  readonly nowMs: number
}

export class SyncLink {
  readonly incoming: boolean
  readonly #peerKey: Uint8Array
  readonly #reader: SyncReader
  readonly #keepAliveMs: number
  /** What came of the opening; `undefined` when it is over, or is not for the other side to give. */
  #hello: Uint8Array | undefined
  readonly #helloByMs: number
  #frameByMs = Infinity
  #keepAliveAtMs: number
  #silentSinceMs: number
  #deliveredMs = -Infinity

  constructor({ incoming, peerKey, limits, chance, nowMs }: LinkOptions) {
    this.incoming = incoming
    this.#peerKey = peerKey
    this.#reader = new SyncReader(limits.syncPayloadBytes)
    this.#keepAliveMs = KEEP_ALIVE_MS.least + chance * (KEEP_ALIVE_MS.most - KEEP_ALIVE_MS.least)
    this.#hello = incoming ? new Uint8Array(0) : undefined
    this.#helloByMs = nowMs + HELLO_MS
    this.#keepAliveAtMs = nowMs + this.#keepAliveMs
    this.#silentSinceMs = nowMs
  }

  /** Whether records may be sent: the other side is who it says. */
  get open(): boolean {
    return this.#hello === undefined
  }

  /** When the last frame came whole, `-Infinity` before the first. */
  get deliveredMs(): number {
    return this.#deliveredMs
  }

  /** When {@link tick} next has work. */
  get nextDeadlineMs(): number {
    const opening = this.#hello === undefined ? Infinity : this.#helloByMs
    return Math.min(opening, this.#frameByMs, this.#keepAliveAtMs, this.#silentSinceMs + SILENCE_MS)
  }

  /**
   * Bytes that came. The records in front of a fault are lost with it.
   * @throws {TrackerError} `sync-violation`
   */
  receive(chunk: Uint8Array, nowMs: number): SyncRecord[] {
    try {
      return this.#receive(chunk, nowMs)
    } catch (cause) {
      if (!isWireError(cause)) throw cause
      throw new TrackerError('sync-violation', `a tracker does not speak its protocol: ${cause.message}`, { cause })
    }
  }

  /**
   * @returns whether a keep-alive is due
   * @throws {TrackerError} `sync-timeout`
   */
  tick(nowMs: number): boolean {
    if (this.#hello !== undefined && nowMs >= this.#helloByMs) throw late('did not say who it is', HELLO_MS)
    if (nowMs >= this.#frameByMs) throw late('stopped inside a record', FRAME_MS)
    if (nowMs >= this.#silentSinceMs + SILENCE_MS) throw late('was silent', SILENCE_MS)
    if (nowMs < this.#keepAliveAtMs) return false
    this.#keepAliveAtMs = nowMs + this.#keepAliveMs
    return this.open
  }

  #receive(chunk: Uint8Array, nowMs: number): SyncRecord[] {
    const rest = this.#hello === undefined ? chunk : this.#takeHello(this.#hello, chunk)
    if (rest === undefined) return []
    const records: SyncRecord[] = []
    let frames = 0
    this.#reader.push(rest)
    for (let frame: SyncFrame | undefined; (frame = this.#reader.next()); frames++) {
      if (frame.type === 'record') records.push(frame)
    }
    if (frames > 0) this.#silentSinceMs = this.#deliveredMs = nowMs
    if (this.#reader.bufferedBytes === 0) this.#frameByMs = Infinity
    else if (frames > 0 || this.#frameByMs === Infinity) this.#frameByMs = nowMs + FRAME_MS
    return records
  }

  /** @returns what follows the opening; `undefined` while it is not whole */
  #takeHello(came: Uint8Array, chunk: Uint8Array): Uint8Array | undefined {
    const missing = NODE_KEY_BYTES - came.length
    const hello = Uint8Array.from([...came, ...chunk.subarray(0, missing)])
    this.#hello = hello
    if (hello.length < NODE_KEY_BYTES) return undefined
    if (!equalBytes(decodeSyncHello(hello).publicKey, this.#peerKey)) {
      throw new TrackerError('sync-violation', 'a tracker says that it is another one than the network knows')
    }
    this.#hello = undefined
    return chunk.subarray(missing)
  }
}

/** What is written first on a stream that we dialed. */
export function helloOf(publicKey: Uint8Array): Uint8Array {
  return encodeSyncHello({ publicKey })
}

function late(what: string, ms: number): TrackerError {
  return new TrackerError('sync-timeout', `a tracker ${what} for ${ms / 1000} s`)
}
