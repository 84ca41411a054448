import type { Connection, ConnectionHandlers } from '@mimirjs/peer'
import type { Clock, Emitter, Logger } from '@mimirjs/transport'
import { toHex } from '@mimirjs/wire'
import { type InfoResponseFrame, MessageType, type TextFrame } from '@mimirjs/wire/peer'
import type { Calls } from './calls/calls.js'
import type { ContactRequests } from './contact-requests.js'
import { MessengerError } from './error.js'
import type { Features } from './features.js'
import type { Transfers } from './files/transfers.js'
import type { Inbox } from './inbox.js'
import { contentGuid } from './message-id.js'
import type { Metering } from './metering.js'
import type { Outbox } from './outbox.js'
import type { People } from './people.js'
import type { Profile } from './settings.js'
import type { Store } from './store.js'
import type { StoreAccess } from './store-access.js'
import { toTimeMs } from './time.js'
import type { MessengerEvents } from './types.js'
import { isReadable } from './view.js'

export interface ReceptionContext {
  readonly store: Store
  readonly access: StoreAccess
  readonly people: People
  readonly features: Features
  readonly outbox: Outbox
  readonly inbox: Inbox
  readonly requests: ContactRequests
  readonly transfers: Transfers
  readonly calls: Calls
  readonly emitter: Emitter<MessengerEvents>
  readonly metering: Metering
  readonly clock: Clock
  readonly logger: Logger | undefined
  profile(): Profile
  isClosing(): boolean
  /** A connection that was READY is over. */
  onClosed(this: void, connection: Connection): void
  onError(this: void, error: unknown): void
}

/**
 * What becomes of everything that arrives on a connection. A message is on disk before it is acknowledged, for its sender
 * forgets it when it sees the OK. Who may say what is asked for every frame: a stranger may be let in meanwhile.
 */
export class Reception {
  readonly #context: ReceptionContext

  constructor(context: ReceptionContext) {
    this.#context = context
  }

  connected(connection: Connection): ConnectionHandlers {
    const peer = toHex(connection.remotePublicKey)
    const { people, outbox, requests, transfers, calls, profile, onClosed } = this.#context
    const mayTalk = (): boolean => this.#mayTalk(peer, connection)
    // After READY, so that the connection is whole before it is used.
    queueMicrotask(() => this.#attach(peer, connection))
    return {
      message: (frame) => this.#received(peer, connection, frame),
      acknowledged: (guid) => outbox.acknowledged(peer, guid, connection),
      unanswered: (guid) => outbox.unanswered(peer, guid, connection),
      writable: () => {
        outbox.writable(peer)
        transfers.writable(connection)
      },
      infoRequest: (sinceSeconds) => {
        if (mayTalk() && profile().timeSeconds > sinceSeconds) connection.sendInfo(profile())
      },
      info: (told) => {
        if (mayTalk()) this.#told(peer, told)
      },
      contactRequest: (request) => {
        if (!people.isBlocked(peer)) requests.requested(peer, request)
      },
      contactResponse: (accepted) => requests.answered(peer, accepted),
      fileRequest: (request) => {
        if (mayTalk()) transfers.serve(peer, connection, request)
      },
      // Of strangers nothing is held that could be large; the blocked are told that it came.
      large: () => people.isBlocked(peer) || mayTalk(),
      file: (header) => transfers.sink(peer, connection, header),
      call: (frame) => {
        if (frame.type !== 'callOffer' || mayTalk()) calls.heard(peer, connection, frame)
      },
      closed: () => {
        outbox.detach(peer, connection)
        calls.lineClosed(peer, connection)
        transfers.detached(peer, connection)
        onClosed(connection)
      },
    }
  }

  #attach(peer: string, connection: Connection): void {
    const { people, outbox, features, requests, transfers, calls, isClosing } = this.#context
    if (connection.closed || isClosing()) return
    const { id, role, remoteAddress } = connection
    this.#context.logger?.debug({ peer, connection: id, role, remoteAddress }, 'connected')
    if (people.isBlocked(peer)) {
      // It may have been blocked since it proved itself; where the blocked may connect, they are only heard.
      if (!features.strangersConnect) connection.close()
      return
    }
    if (features.contactRequests) requests.attached(peer, connection)
    outbox.attach(peer, connection)
    transfers.attached(peer, connection)
    calls.connected(peer)
    if (this.#mayTalk(peer, connection)) void this.#askInfo(peer, connection)
  }

  /** Whether the peer may say more than that it wants to be a contact. */
  #mayTalk(peer: string, { role }: Connection): boolean {
    const { people, features, requests, onError } = this.#context
    if (people.isBlocked(peer)) return false
    // Elsewhere nobody gets as far as this who may not talk.
    if (!features.strangersConnect) return true
    try {
      return people.accepts(peer, role === 'initiator' ? 'outbound' : 'inbound') || requests.waitsFor(peer)
    } catch (cause) {
      onError(new MessengerError('handler', `acceptFrom failed for ${peer}, who is not let in`, { cause }))
      return false
    }
  }

  #received(peer: string, connection: Connection, frame: TextFrame): void {
    const { people, requests, transfers, logger } = this.#context
    const { guid, messageType, payload } = frame
    if (people.isBlocked(peer)) {
      // Without the OK an original would repeat it for ever (current protocol §19.4).
      acknowledge(connection, guid)
      return
    }
    if (!this.#mayTalk(peer, connection)) {
      logger?.debug({ peer, messageId: String(guid) }, 'message of a stranger refused')
      connection.refuse(guid)
      return
    }
    requests.heard(peer)
    if (messageType === MessageType.fileResponse) {
      transfers.inlineResponse(peer, connection, frame)
      return
    }
    if (messageType === MessageType.callRecord) {
      // Only we ourselves write those (peer protocol §6.3).
      logger?.warn({ peer, messageId: String(guid) }, 'call record of somebody else dropped')
      acknowledge(connection, guid)
      return
    }
    if (!isReadable(messageType, payload)) {
      logger?.warn({ peer, messageId: String(guid) }, 'malformed attachment dropped')
      acknowledge(connection, guid)
      return
    }
    this.#keep(peer, connection, frame)
  }

  #keep(peer: string, connection: Connection, frame: TextFrame): void {
    const { store, access, clock, inbox, emitter, metering, onError } = this.#context
    const { replyTo, messageType } = frame
    const payload = frame.payload.slice()
    const guid = frame.guid === 0n ? contentGuid(peer, frame.sendTimeMs, messageType, payload) : frame.guid
    const stored = store.receive({
      peer,
      guid,
      replyTo,
      messageType,
      sendTimeMs: toTimeMs(frame.sendTimeMs),
      editTimeMs: frame.editTimeMs === 0n ? 0 : toTimeMs(frame.editTimeMs),
      payload,
      receivedMs: clock.nowMs(),
    })
    access.track(stored).then(
      (received) => {
        if (!connection.closed) acknowledge(connection, frame.guid)
        if (!received?.edited) metering.count(received ? 'messages.received' : 'messages.duplicates')
        if (received?.edited) emitter.emit('edited', { id: String(guid), peer })
        else if (received) inbox.notify(peer)
      },
      (cause) => {
        onError(new MessengerError('store', 'an incoming message could not be stored', { cause }))
        connection.close()
      },
    )
  }

  #told(peer: string, told: InfoResponseFrame): void {
    const { people, requests, emitter, onError } = this.#context
    requests.heard(peer)
    people.putProfile(peer, told).then((contact) => emitter.emit('contact', contact), onError)
  }

  async #askInfo(peer: string, connection: Connection): Promise<void> {
    try {
      const known = (await this.#context.store.contact(peer))?.infoTimeSeconds ?? 0n
      // Told by a clock that was ahead: nothing would be newer for a long time.
      const isOfFuture = known * 1_000n > BigInt(Math.floor(this.#context.clock.nowMs()))
      if (!connection.closed) connection.requestInfo(isOfFuture ? 0n : known)
    } catch (error) {
      this.#context.onError(error)
    }
  }
}

/** Nothing is said about guid 0, which no message has: the originals would pass over an OK for it. */
function acknowledge(connection: Connection, guid: bigint): void {
  if (guid === 0n) connection.refuse(guid)
  else connection.acknowledge(guid)
}
