import { isWireError } from '@mimirjs/wire'
import {
  encodeErrorFrame,
  type MediatorDialect,
  type MediatorRequestFrame,
  MediatorRequestReader,
} from '@mimirjs/wire/mediator'
import { BAD_VERSION, PAYLOAD_TOO_LARGE } from './error-texts.js'
import type { MediatorLimits } from './limits.js'
import type { CutReason } from './types.js'

/** What a TLV client is served where it came in. */
export type TlvDialect = 'tlv' | 'tlv-push'

/** The connection has to end: perhaps with a last word. */
export interface Fault {
  readonly reason: CutReason
  readonly lastWord: Uint8Array | undefined
}

/**
 * The reading half of one connection: tells the dialect from the first bytes, cuts requests out of the stream, knows until
 * when what has to come. No I/O, no clock, no database. Source: mediator protocol §1.2, §2, §3.2, §22.8.
 *
 * ```
 * opening --00--> open (binary)            open --login--> open, full size
 * opening --01--> version --00--> open (TLV)
 * ```
 */
export class Session {
  readonly #limits: MediatorLimits
  readonly #tlvDialect: TlvDialect
  #dialect: MediatorDialect | undefined
  #reader: MediatorRequestReader | undefined
  #isTlvOpening = false
  #isLoggedIn = false
  readonly #openedMs: number
  /** When the last frame was whole. */
  #frameMs: number
  /** When the header of an unfinished frame was there; 0: there is none. */
  #headerMs = 0
  #fault: Fault | undefined

  constructor(limits: MediatorLimits, tlvDialect: TlvDialect, nowMs: number) {
    this.#limits = limits
    this.#tlvDialect = tlvDialect
    this.#openedMs = nowMs
    this.#frameMs = nowMs
  }

  /** Known once the opening was read. */
  get dialect(): MediatorDialect | undefined {
    return this.#dialect
  }

  get isLoggedIn(): boolean {
    return this.#isLoggedIn
  }

  /** Bytes of requests that are not whole yet, or were not asked for by {@link next}. */
  get bufferedBytes(): number {
    return this.#reader?.bufferedBytes ?? 0
  }

  /** Why the connection has to end; final. */
  get fault(): Fault | undefined {
    return this.#fault
  }

  loggedIn(): void {
    this.#isLoggedIn = true
    if (this.#reader !== undefined) this.#reader.maxPayloadBytes = Number.MAX_SAFE_INTEGER
  }

  /** Bytes came; they are copied. */
  receive(chunk: Uint8Array): void {
    if (this.#fault !== undefined) return
    if (this.#dialect === undefined) this.#open(chunk)
    else (this.#reader ??= this.#newReader(this.#dialect)).push(chunk)
  }

  /** Between two requests: keep nothing for the next one. Most connections of a mediator wait for minutes. */
  rest(): void {
    if (this.#reader?.bufferedBytes === 0) this.#reader = undefined
  }

  /** The next whole request. `undefined`: more bytes are needed, or there is a {@link fault}. */
  next(nowMs: number): MediatorRequestFrame | undefined {
    const reader = this.#reader
    if (reader === undefined || this.#fault !== undefined) return undefined
    try {
      const frame = reader.next()
      if (frame !== undefined) {
        this.#frameMs = nowMs
        this.#headerMs = 0
      } else if (this.#headerMs === 0 && reader.bufferedBytes >= this.#headerBytes) this.#headerMs = nowMs
      return frame
    } catch (error) {
      if (!isWireError(error)) throw error
      this.#fault = this.#refuse(error.code === 'frame-too-large', reader.refusedRequestId ?? 0)
      return undefined
    }
  }

  /** A reader that takes its time is not idle. */
  touch(nowMs: number): void {
    this.#frameMs = nowMs
  }

  /** What the connection is late with. @param isWaiting - requests of it are with us: then it owes nothing */
  late(nowMs: number, isWaiting: boolean): CutReason | undefined {
    const { openingMs, loginMs, frameMs, idleMs } = this.#limits
    if (this.#dialect === undefined) return nowMs - this.#openedMs >= openingMs ? 'opening' : undefined
    if (!this.#isLoggedIn && nowMs - this.#openedMs >= loginMs) return 'login'
    if (isWaiting) return undefined
    if (this.#headerMs !== 0) return nowMs - this.#headerMs >= frameMs ? 'frame' : undefined
    return nowMs - this.#frameMs >= idleMs ? 'idle' : undefined
  }

  get #headerBytes(): number {
    return this.#dialect === 'binary' ? 8 : 7
  }

  #open(chunk: Uint8Array): void {
    let at = 0
    if (!this.#isTlvOpening && at < chunk.length) {
      const version = chunk[at++]
      if (version === 0x00) {
        this.#start('binary', chunk.subarray(at))
        return
      }
      if (version !== 0x01) {
        this.#end('opening')
        return
      }
      this.#isTlvOpening = true
    }
    if (at >= chunk.length) return
    if (chunk[at++] === 0x00) this.#start(this.#tlvDialect, chunk.subarray(at))
    else this.#end('opening')
  }

  #start(dialect: MediatorDialect, rest: Uint8Array): void {
    this.#dialect = dialect
    if (rest.length > 0) this.receive(rest)
  }

  #newReader(dialect: MediatorDialect): MediatorRequestReader {
    if (this.#isLoggedIn) return new MediatorRequestReader({ dialect })
    return new MediatorRequestReader({ dialect, maxPayloadBytes: this.#limits.loginPayloadBytes })
  }

  #end(reason: CutReason): void {
    this.#fault = { reason, lastWord: undefined }
  }

  /** What a server of the dialect says before it closes (§1, rows "too large" and "bad frame version"). */
  #refuse(isTooLarge: boolean, requestId: number): Fault {
    if (!isTooLarge) return { reason: 'protocol', lastWord: encodeErrorFrame(0, BAD_VERSION) }
    if (this.#dialect === 'tlv-push') return { reason: 'too-large', lastWord: undefined }
    const id = this.#dialect === 'binary' ? 0 : requestId
    return { reason: 'too-large', lastWord: encodeErrorFrame(id, PAYLOAD_TOO_LARGE) }
  }
}
