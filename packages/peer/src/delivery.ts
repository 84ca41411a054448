// The messages of a READY session, both ways, and what is owed for them: OKs that we wait for and OKs that the
// application has yet to give. It exists from the first message on.
import { type DataHeader, MessageType, type TextFrame } from '@mimirjs/wire/peer'
import { DataWindow, encodeHeader } from './data/data-window.js'
import { PeerError } from './error.js'
import { Inbound } from './inbound.js'
import type { PeerLimits } from './limits.js'
import { Outstanding } from './outstanding.js'
import type { SessionEvents } from './session-events.js'

export type DeliveryEvents = Pick<
  SessionEvents,
  'onMessage' | 'onAcknowledged' | 'onUnanswered' | 'onDataSettled' | 'onWritable'
>

export class Delivery {
  readonly #limits: PeerLimits
  readonly #events: DeliveryEvents
  /** Each direction exists from its first message on: idle sessions are many. */
  #outstanding: Outstanding | undefined = undefined
  #inbound: Inbound | undefined = undefined
  /** The one message on the data stream. */
  #dataOut: DataWindow | undefined = undefined

  constructor(limits: PeerLimits, events: DeliveryEvents) {
    this.#limits = limits
    this.#events = events
  }

  /** Messages on the control stream without OK, which have a place in the window. */
  get windowSize(): number {
    return this.#outstanding?.size ?? 0
  }

  /** Messages without OK, on both streams. */
  get unacknowledged(): number {
    return this.windowSize + (this.#dataOut?.isAcknowledged === false ? 1 : 0)
  }

  get oldestMs(): number | undefined {
    return this.#outstanding?.oldestMs
  }

  get outstandingBytes(): number {
    return this.#outstanding?.byteLength ?? 0
  }

  get dataOut(): DataWindow | undefined {
    return this.#dataOut
  }

  /** The application has as much unfinished as allowed. */
  get isFull(): boolean {
    return this.#inbound?.isFull === true
  }

  // --- out ---------------------------------------------------------------------------------------------------------

  /** @throws {PeerError} `duplicate-guid` */
  demandNew(guid: bigint): void {
    const data = this.#dataOut
    const isData = data?.guid === guid && data.messageType !== MessageType.fileResponse
    if (isData || this.#outstanding?.isInWindow(guid) === true) throw duplicate()
  }

  sent(guid: bigint, nowMs: number, byteLength: number): void {
    this.#outstanding ??= new Outstanding(this.#limits)
    this.#outstanding.add(guid, nowMs, byteLength)
  }

  /**
   * A message begins on the data stream, where there is none. @returns what is to be written in front of its payload
   * @param maxMessageBytes - of a payload that is not a file
   * @throws {PeerError} `duplicate-guid` | `message`
   */
  beginData(header: DataHeader, maxMessageBytes: number): Uint8Array {
    const bytes = encodeHeader(header, maxMessageBytes)
    const { guid, messageType, dataBytes } = header
    // A file has the guid of its announcement, which may have no OK yet.
    if (messageType !== MessageType.fileResponse && this.#outstanding?.isInWindow(guid) === true) throw duplicate()
    this.#dataOut = new DataWindow(guid, messageType, dataBytes)
    return bytes
  }

  /** All of it was handed to the network. */
  dataWritten(nowMs: number): void {
    const data = this.#dataOut
    if (data === undefined) return
    data.writtenMs = nowMs
    if (!data.isAcknowledged) return
    this.#leaveData(true)
    this.#events.onWritable()
  }

  /** It is written anew. */
  dataRepeated(): void {
    if (this.#dataOut !== undefined) this.#dataOut.writtenMs = undefined
  }

  /** It will not come to its end on this connection. */
  dataFailed(): void {
    if (this.#dataOut === undefined) return
    this.#dataOut = undefined
    this.#events.onWritable()
  }

  /** Its OK is not to be expected any more; a late one still counts. */
  giveUpData(): void {
    const data = this.#dataOut
    if (data === undefined) return
    this.#outstanding ??= new Outstanding(this.#limits)
    this.#outstanding.remember(data.guid)
    this.#leaveData(false)
    this.#events.onUnanswered(data.guid)
    this.#events.onWritable()
  }

  /** The same for what was written on the control stream by then. */
  giveUp(writtenUntilMs: number): void {
    for (;;) {
      const guid = this.#outstanding?.giveUpOldest(writtenUntilMs)
      if (guid === undefined) return
      this.#events.onUnanswered(guid)
    }
  }

  /** An OK came. @returns whether it was owed */
  acknowledged(guid: bigint): boolean {
    const data = this.#dataOut
    if (data?.guid === guid && !data.isAcknowledged && this.#outstanding?.isInWindow(guid) !== true) {
      this.#acknowledgedData(data)
      return true
    }
    if (this.#outstanding?.acknowledge(guid) !== true) return false
    this.#events.onAcknowledged(guid)
    return true
  }

  /** One that comes before the last byte was written counts, but the stream is not free before that. */
  #acknowledgedData(data: DataWindow): void {
    data.isAcknowledged = true
    const isWritten = data.writtenMs !== undefined
    if (isWritten) this.#leaveData(true)
    this.#events.onAcknowledged(data.guid)
    if (isWritten) this.#events.onWritable()
  }

  #leaveData(isDelivered: boolean): void {
    this.#dataOut = undefined
    this.#events.onDataSettled(isDelivered)
  }

  // --- in ----------------------------------------------------------------------------------------------------------

  /**
   * A message came whole. One that is open already is not handed out again, unless it is an edit: its sender gets one OK for
   * both.
   */
  received(message: TextFrame): void {
    const { guid, editTimeMs, payload } = message
    this.#inbound ??= new Inbound(this.#limits)
    if (!this.#inbound.add(guid, payload.length)) {
      if (editTimeMs === 0n) return
      this.#inbound.addEdit(guid, payload.length)
    }
    this.#events.onMessage(message)
  }

  /** A file came whole. */
  fileEnded(guid: bigint): void {
    this.#inbound ??= new Inbound(this.#limits)
    this.#inbound.addFile(guid)
  }

  /** The application is done with a message or file. @returns `false` when neither is open */
  settle(guid: bigint): boolean {
    return this.#inbound?.settle(guid) === true
  }
}

function duplicate(): PeerError {
  return new PeerError('duplicate-guid', 'this guid was written on this connection and has no OK yet')
}
