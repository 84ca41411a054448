import {
  encodeErrorFrame,
  encodePushFrame,
  encodeResponseFrame,
  type MediatorCommandName,
  type MediatorDialect,
  type MediatorPushes,
  type MediatorPushName,
  type MediatorRequestFrame,
  MediatorRequestReader,
  type MediatorResponses,
  mediatorInitBytes,
} from '@mimirjs/wire/mediator'
import { MediatorSession } from '../../src/session.js'
import type { SessionEvent } from '../../src/session-events.js'
import { DEFAULT_TIMERS, type MediatorTimers } from '../../src/timers.js'

/** A session, and the other end of its line, under a clock that is a number. */
export class SessionBench {
  readonly dialect: MediatorDialect
  readonly session: MediatorSession
  readonly #reader: MediatorRequestReader
  #initBytes: number
  nowMs = 1000

  constructor(
    dialect: MediatorDialect,
    options: { readonly timers?: Partial<MediatorTimers>; readonly requestsInFlight?: number } = {},
  ) {
    this.dialect = dialect
    this.session = new MediatorSession(
      {
        dialect,
        timers: { ...DEFAULT_TIMERS, ...options.timers },
        requestsInFlight: options.requestsInFlight ?? 1024,
      },
      this.nowMs,
    )
    this.#reader = new MediatorRequestReader({ dialect })
    this.#initBytes = mediatorInitBytes(dialect === 'binary' ? 'binary' : 'tlv')
  }

  /** Everything that is to be written arrives at the other end. */
  flush(): MediatorRequestFrame[] {
    for (let pieces = this.session.takeOutgoing(); pieces.length > 0; pieces = this.session.takeOutgoing()) {
      this.session.handed(false, this.nowMs)
      for (const piece of pieces) this.#arrive(piece)
    }
    const requests: MediatorRequestFrame[] = []
    for (let request = this.#reader.next(); request !== undefined; request = this.#reader.next()) requests.push(request)
    return requests
  }

  /** The line takes one piece, and is full then. */
  fill(): number {
    const pieces = this.session.takeOutgoing()
    this.session.handed(true, this.nowMs)
    for (const piece of pieces) this.#arrive(piece)
    return pieces.length
  }

  advance(ms: number): SessionEvent[] {
    this.nowMs += ms
    this.session.tick(this.nowMs)
    return this.events()
  }

  receive(bytes: Uint8Array): SessionEvent[] {
    this.session.receive(bytes, this.nowMs)
    return this.events()
  }

  events(): SessionEvent[] {
    const events: SessionEvent[] = []
    for (let event = this.session.next(); event !== undefined; event = this.session.next()) events.push(event)
    return events
  }

  answer<K extends MediatorCommandName>(requestId: number, command: K, value: MediatorResponses[K]): Uint8Array {
    return encodeResponseFrame(this.dialect, requestId, command, value)
  }

  refuse(requestId: number, text: string): Uint8Array {
    return encodeErrorFrame(requestId, text)
  }

  push<K extends MediatorPushName>(push: K, value: MediatorPushes[K]): Uint8Array {
    return encodePushFrame(this.dialect, push, value)
  }

  #arrive(piece: Uint8Array): void {
    const skipped = Math.min(this.#initBytes, piece.length)
    this.#initBytes -= skipped
    this.#reader.push(piece.subarray(skipped))
  }
}
