import { type Following, isMediatorError, type MediatorClient } from '@mimirjs/mediator-client'
import { MessengerError } from '../error.js'
import type { StoredMessage } from '../store.js'
import type { Sealed } from '../store-groups.js'
import type { GroupsContext } from './context.js'
import { Retractions } from './retractions.js'
import type { Room } from './room.js'
import { sealMessage } from './sealed-message.js'

/** Messages that are on their way to the mediator at one time. */
const WINDOW = 32
/** Bytes of those; one message may be larger. */
const WINDOW_BYTES = 33_554_432
/** Rows that are read at one time, for each may be a whole file. */
const ROWS = 8
/** One version of a message. */
type Version = Pick<StoredMessage, 'seq' | 'guid' | 'editTimeMs'>
/** Pauses after a refusal that passes, doubling. */
const MIN_PAUSE_MS = 1_000
const MAX_PAUSE_MS = 60_000

/**
 * Brings the outbox of one group to its mediator, in the order of acceptance. It owns no message: the store does, with the
 * bytes for the mediator, made once. What is not acknowledged is sent again, the same bytes under the same guid and time,
 * after the next catch-up: that shows what the mediator has got already, and it drops what it knows. Source: current
 * protocol §19.5.
 */
export class GroupOutbox {
  readonly #context: GroupsContext
  readonly #room: Room
  readonly #client: MediatorClient
  readonly #following: () => Following | undefined
  readonly #retractions: Retractions
  /** On their way, or their answer is being written down. */
  readonly #inFlight = new Set<bigint>()
  #inFlightBytes = 0
  /** There may be something that the mediator is to delete. */
  #retracts = false
  #isReady = false
  #isClosed = false
  #isPumping = false
  #pumpAgain = false
  #window = WINDOW
  #pauseMs = MIN_PAUSE_MS
  #cancelPause: (() => void) | undefined
  #cancelRetraction: (() => void) | undefined

  constructor(context: GroupsContext, room: Room, client: MediatorClient, following: () => Following | undefined) {
    this.#context = context
    this.#room = room
    this.#client = client
    this.#following = following
    this.#retractions = new Retractions(context, client, () => room.record)
  }

  /** In step with the mediator on a new connection. */
  ready(): void {
    this.#isReady = true
    this.#retracts = true
    this.kick()
  }

  /** There may be something to send. */
  kick(): void {
    if (this.#mayGoOn) void this.#pump()
  }

  /** Do not wait out a pause. */
  retryNow(): void {
    this.#endPause()
    this.kick()
  }

  /** The mediator takes nothing from us here until {@link ready}. */
  stop(): void {
    this.#isReady = false
    this.#endPause()
    this.#cancelRetraction?.()
    this.#cancelRetraction = undefined
  }

  close(): void {
    this.#isClosed = true
    this.stop()
  }

  async #pump(): Promise<void> {
    this.#pumpAgain = true
    if (this.#isPumping) return
    this.#isPumping = true
    try {
      while (this.#pumpAgain && this.#mayGoOn) {
        this.#pumpAgain = false
        if (this.#retracts) await this.#retract()
        await this.#fill()
      }
    } catch (cause) {
      this.#failed('the outbox could not be read', cause)
    } finally {
      this.#isPumping = false
    }
  }

  async #retract(): Promise<void> {
    this.#retracts = false
    let isDone = false
    try {
      // What is deleted is sent no more, and what was sent before the last catch-up was seen in it.
      isDone = await this.#retractions.all((guid) => this.#isReady && !this.#inFlight.has(guid))
    } finally {
      if (!isDone && !this.#isClosed) this.#retractLater()
    }
  }

  #retractLater(): void {
    this.#cancelRetraction ??= this.#context.clock.schedule(() => {
      this.#cancelRetraction = undefined
      this.#retracts = true
      this.kick()
    }, MAX_PAUSE_MS)
  }

  get #mayGoOn(): boolean {
    return this.#isReady && !this.#isClosed && this.#cancelPause === undefined
  }

  async #fill(): Promise<void> {
    const { access, store } = this.#context
    const { id } = this.#room.record
    if (this.#isFull) return
    const room = Math.min(ROWS, this.#window - this.#inFlight.size)
    const maxBytes = WINDOW_BYTES - this.#inFlightBytes
    // Those that were refused wait until we are let in again.
    const range = { refusedBeforeMs: 0, except: [...this.#inFlight], maxBytes }
    const rows = await access.ask(() => store.pending(id, room, range))
    if (rows.length === 0 && this.#inFlight.size === 0) this.#window = WINDOW
    for (const row of rows) {
      if (this.#isFull || !this.#mayGoOn) return
      if (this.#inFlight.has(row.guid)) continue
      this.#pumpAgain = true
      const sealed = await this.#sealed(row)
      if (!this.#mayGoOn) return
      this.#send(row, sealed)
    }
  }

  get #isFull(): boolean {
    return this.#inFlight.size >= this.#window || this.#inFlightBytes >= WINDOW_BYTES
  }

  /** The bytes that were made when it was accepted; after an edit, or a crash in one, they are made now. */
  async #sealed(row: StoredMessage): Promise<Sealed> {
    const { access, store } = this.#context
    const { id } = this.#room.record
    if (row.group?.blob) {
      const { blob, timestampSeconds, outerGuid } = row.group
      return { blob, timestampSeconds, outerGuid }
    }
    const sealed = sealMessage(this.#room.record, row)
    await access.ask(() => store.sealed(id, row.guid, sealed, row.editTimeMs))
    return sealed
  }

  #send({ seq, guid, editTimeMs }: Version, { blob, timestampSeconds, outerGuid = guid }: Sealed): void {
    const { chatId } = this.#room.record
    // Without the payload, which may be a whole file.
    const row = { seq, guid, editTimeMs }
    this.#inFlight.add(row.guid)
    this.#inFlightBytes += blob.length
    void this.#client
      .sendMessage({ chatId, guid: outerGuid, timestampSeconds, blob })
      .then(
        (result) => this.#acknowledged(row, { messageId: result.messageId, outerGuid: result.guid }),
        (cause) => this.#refused(row, cause),
      )
      .catch((cause) => this.#failed('an answer of the mediator could not be stored', cause))
      .finally(() => {
        this.#inFlight.delete(row.guid)
        this.#inFlightBytes -= blob.length
        // In halves, so that a busy group costs few looks into the outbox.
        if (this.#inFlight.size * 2 <= this.#window) this.kick()
      })
  }

  async #acknowledged(row: Version, result: { messageId: bigint; outerGuid: bigint }): Promise<void> {
    const { access, store, clock, emitter } = this.#context
    const { id } = this.#room.record
    const atMs = Math.floor(clock.nowMs())
    const isNew = await access.track(store.markSent(id, row.guid, atMs, result, row.editTimeMs))
    this.#pauseMs = MIN_PAUSE_MS
    this.#following()?.sent(result.messageId)
    if (isNew) emitter.emit('delivered', { id: String(row.guid), to: id })
    else if (!(await this.#retractions.one(row.guid)) && !this.#isClosed) this.#retractLater()
  }

  async #refused(row: Version, cause: unknown): Promise<void> {
    if (this.#isClosed || !isMediatorError(cause)) return
    switch (cause.code) {
      case 'not-member':
      case 'read-only':
        await this.#hold(row)
        this.#room.refused(cause)
        return
      case 'invalid':
      case 'unsupported':
      case 'misuse':
        await this.#giveUp(row, cause)
        return
      case 'rate-limit':
        // One at a time until nothing is left: else those behind could pass while this one is refused.
        this.#window = 1
        this.#pause()
        return
      case 'server':
        // Some mediators say this of a message that they have: looking shows it.
        this.#following()?.refresh()
        this.#pause()
        return
      case 'timeout':
        // It may be there: what the next catch-up shows is not sent again.
        this.#isReady = false
        this.#following()?.refresh()
        return
      case 'busy':
        this.#pause()
        return
      default:
        // The connection is gone: until the next one is in step.
        this.#isReady = false
    }
  }

  /** It waits, and is shown as waiting, until we are let in again. */
  async #hold(row: Version): Promise<void> {
    const { access, store, clock, emitter } = this.#context
    const { id } = this.#room.record
    this.#isReady = false
    await access.ask(() => store.markRefused(id, row.guid, Math.max(1, Math.floor(clock.nowMs()))))
    emitter.emit('waiting', { id: String(row.guid), to: id })
  }

  /** One message that the mediator will never take must not hold up those behind it. */
  async #giveUp(row: Version, cause: Error): Promise<void> {
    const { access, store, wakeWaiting, onError } = this.#context
    onError(new MessengerError('bad-content', `message ${row.guid} cannot be sent: ${cause.message}`, { cause }))
    await access.ask(() => store.markFailed(row.seq))
    wakeWaiting()
  }

  #failed(what: string, cause: unknown): void {
    if (this.#isClosed || this.#context.access.closed) return
    this.#context.onError(new MessengerError('store', what, { cause }))
    this.#pause()
  }

  #pause(): void {
    if (this.#isClosed || this.#cancelPause) return
    const ms = this.#pauseMs
    this.#pauseMs = Math.min(ms * 2, MAX_PAUSE_MS)
    this.#cancelPause = this.#context.clock.schedule(() => {
      this.#cancelPause = undefined
      this.kick()
    }, ms)
  }

  #endPause(): void {
    this.#cancelPause?.()
    this.#cancelPause = undefined
  }
}
