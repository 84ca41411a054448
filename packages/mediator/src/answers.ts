import { isWireError } from '@mimirjs/wire'
import {
  encodeErrorFrame,
  encodeResponseFrame,
  encodeResponseHeader,
  type MediatorCommandName,
  type MediatorDialect,
  type MediatorResponses,
} from '@mimirjs/wire/mediator'
import type { Connection, Slot } from './connection.js'
import type { Counters } from './counters.js'
import { type Check, errorRequestId, errorText, RATE_LIMIT } from './error-texts.js'
import type { MediatorLimits } from './limits.js'
import type { CutReason } from './types.js'

/** Answers of these may be tens of megabytes: one of them at a time. */
const HEAVY: ReadonlySet<MediatorCommandName> = new Set(['getMessagesSince', 'getMembersInfo'])

export function isHeavy(name: MediatorCommandName | undefined): boolean {
  return name !== undefined && HEAVY.has(name)
}

/** One request that is being answered: its place in the row, and what the answer repeats. */
export interface Asked {
  readonly connection: Connection
  readonly slot: Slot
  readonly requestId: number
}

/** Writes answers, each into the place of its request. */
export class Answers {
  readonly #counters: Counters
  readonly #limits: MediatorLimits
  readonly #ready: (connection: Connection) => void

  /** @param ready - the answer is there: send what is due */
  constructor(counters: Counters, limits: MediatorLimits, ready: (connection: Connection) => void) {
    this.#counters = counters
    this.#limits = limits
    this.#ready = ready
  }

  /** The next place in the row. */
  open(connection: Connection, name: MediatorCommandName | undefined, requestId: number, bytes: number): Asked {
    const slot: Slot = { bytes, isHeavy: isHeavy(name), frames: undefined, last: undefined }
    connection.slots.push(slot)
    connection.slotBytes += bytes
    if (slot.isHeavy) connection.heavySlots++
    return { connection, slot, requestId }
  }

  ok<K extends MediatorCommandName>(asked: Asked, name: K, value: MediatorResponses[K]): void {
    const { connection, requestId } = asked
    let frame: Uint8Array
    try {
      frame = encodeResponseFrame(connection.dialect, requestId, name, value)
    } catch (error) {
      // An answer that no client would take, such as the infos of very many members.
      if (!isWireError(error)) throw error
      this.refuse(asked, name, 'storage')
      return
    }
    this.#fill(asked, [frame])
  }

  /** A page whose records come encoded from the store. */
  page(asked: Asked, count: number, records: Uint8Array): void {
    const head = pageHead(asked.connection.dialect, asked.requestId, count, records.length)
    this.#fill(asked, records.length > 0 ? [head, records] : [head])
  }

  /** @param last - the connection ends behind this */
  refuse(asked: Asked, name: MediatorCommandName, check: Check, last?: CutReason): void {
    const { dialect } = asked.connection
    this.text(asked, errorRequestId(name, check, dialect, asked.requestId), errorText(name, check, dialect), last)
  }

  /** Above a rate; who goes on all the same is cut (mediator protocol §22.7). */
  limited(asked: Asked): void {
    this.#counters.limited++
    const refusals = asked.connection.rates?.refused() ?? 0
    this.text(asked, asked.requestId, RATE_LIMIT, refusals > this.#limits.refusals ? 'rate' : undefined)
  }

  text(asked: Asked, requestId: number, text: string, last?: CutReason): void {
    this.#counters.errors++
    this.#fill(asked, [encodeErrorFrame(requestId, text)], last)
  }

  /** Nothing is read behind the answers that are in the making, and when they are out the connection ends. */
  end(connection: Connection, lastWord: Uint8Array | undefined, reason: CutReason | 'done'): void {
    this.#fill(this.open(connection, undefined, 0, 0), lastWord === undefined ? [] : [lastWord], reason)
  }

  #fill({ connection, slot }: Asked, frames: readonly Uint8Array[], last?: CutReason | 'done'): void {
    slot.frames = frames
    slot.last = last
    if (last !== undefined) connection.isStopped = true
    this.#ready(connection)
  }
}

/** Header of an answer and COUNT of its page (mediator protocol §8.15). */
function pageHead(dialect: MediatorDialect, requestId: number, count: number, recordBytes: number): Uint8Array {
  const countBytes = dialect === 'binary' ? 4 : 6
  const header = encodeResponseHeader(requestId, countBytes + recordBytes)
  const head = new Uint8Array(header.length + countBytes)
  head.set(header)
  const view = new DataView(head.buffer)
  if (dialect !== 'binary') view.setUint16(header.length, 0x3104)
  view.setUint32(head.length - 4, count)
  return head
}
