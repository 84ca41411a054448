import type { Connection } from '@mimirjs/peer'
import type { Clock } from '@mimirjs/transport'
import type { ContactRequestFrame } from '@mimirjs/wire/peer'
import { MessengerError } from './error.js'
import type { People } from './people.js'
import { MAX_AVATAR_BYTES, type Profile } from './settings.js'
import type { ContactNote, Store } from './store.js'
import type { StoreAccess } from './store-access.js'

/** Somebody wants to be our contact. */
export interface ContactRequest {
  /** Public key, 64 lower-case hex digits. */
  readonly peer: string
  readonly message: string
  /** What they call themselves. */
  readonly nickname: string
  readonly info: string
  /** Image file bytes; `undefined` for none. */
  readonly avatar: Uint8Array | undefined
  readonly receivedAt: Date
}

export type ContactDecision = 'accept' | 'refuse' | 'ask'

/** What becomes of contact requests: `ask` keeps them until {@link Messenger.acceptContact} or `refuseContact`. */
export type ContactRequestPolicy =
  | ContactDecision
  | ((request: ContactRequest) => ContactDecision | Promise<ContactDecision>)

export interface ContactRequestsContext {
  readonly store: Store
  readonly access: StoreAccess
  readonly people: People
  readonly clock: Clock
  readonly policy: ContactRequestPolicy
  profile(): Profile
  connection(peer: string): Connection | undefined
  /** Something waits for a connection to this peer. */
  kick(peer: string): void
  /** The peer takes our messages from now on. */
  onAccepted(peer: string): void
  onRequest(request: ContactRequest): void
  onAnswer(peer: string, accepted: boolean): void
  onError(this: void, error: unknown): void
}

/** Bytes of UTF-8 that a contact request may say. */
const MAX_MESSAGE_BYTES = 16_384
/** An answer is never acknowledged: it goes out on so many connections. Source: current protocol §4.2. */
const ANSWER_CONNECTIONS = 3
/** `attempts` of a request that the other side has heard. */
const HEARD = 1
/** Requests of one peer that come faster are one. */
const REQUEST_PAUSE_MS = 1_000
const MAX_PAUSES = 1_024

/**
 * Asking people to be contacts, and being asked. The protocol neither repeats nor acknowledges these frames, so what we
 * have to say is kept, one of each kind per peer, and said again on every new connection: a request until the other side
 * answers or writes anything, an answer on three connections that showed that they were read. Source: current protocol
 * §4.1, §4.2, §8.
 */
export class ContactRequests {
  readonly #context: ContactRequestsContext
  /** Peers whose answer we wait for. */
  readonly #asked = new Set<string>()
  /** Those of them that have shown no sign of having heard us. */
  readonly #unheard = new Set<string>()
  /** When a peer asked last. */
  readonly #askedAtMs = new Map<string, number>()

  constructor(context: ContactRequestsContext) {
    this.#context = context
  }

  async load(): Promise<void> {
    for (const note of await this.#context.store.contactNotes({ kind: 'request-out' })) {
      this.#asked.add(note.peer)
      if (!isHeard(note)) this.#unheard.add(note.peer)
    }
  }

  /** We asked this peer and it has not answered. */
  waitsFor(peer: string): boolean {
    return this.#asked.has(peer)
  }

  /** Something is to be said to this peer that is worth a connection. */
  async hasWord(peer: string): Promise<boolean> {
    return (await this.#context.store.contactNotes({ peer })).some(isUrgent)
  }

  /** @throws {MessengerError} `too-large` | `bad-content` | `store` | `closed` */
  async ask(peer: string, message: string): Promise<void> {
    if (typeof message !== 'string') throw new MessengerError('bad-content', 'message: expected a text')
    const bytes = new TextEncoder().encode(message).length
    if (bytes > MAX_MESSAGE_BYTES) {
      const most = `the protocol carries at most ${MAX_MESSAGE_BYTES}`
      throw new MessengerError('too-large', `the message of the request has ${bytes} bytes, ${most}`)
    }
    await this.#put({ peer, kind: 'request-out', message })
    this.#asked.add(peer)
    this.#unheard.add(peer)
    this.#say(peer)
  }

  /** Requests that wait for a decision, oldest first. @throws {MessengerError} `store` | `closed` */
  async list(): Promise<ContactRequest[]> {
    const { access, store } = this.#context
    return (await access.ask(() => store.contactNotes({ kind: 'request-in' }))).map(toRequest)
  }

  /** @throws {MessengerError} `unknown-request` | `store` | `closed` */
  async decide(peer: string, accepted: boolean): Promise<void> {
    const { access, store } = this.#context
    const notes = await access.ask(() => store.contactNotes({ peer, kind: 'request-in' }))
    if (notes.length === 0) throw new MessengerError('unknown-request', `no contact request of ${peer} waits`)
    await this.#answer(peer, accepted)
  }

  /** A connection is READY: say what there is to say. */
  attached(peer: string, connection: Connection): void {
    void this.#guard(() => this.#sayOn(peer, connection))
  }

  /** CONTACT_REQUEST arrived. */
  requested(peer: string, frame: ContactRequestFrame): void {
    const nowMs = this.#context.clock.nowMs()
    const sinceMs = nowMs - (this.#askedAtMs.get(peer) ?? Number.NEGATIVE_INFINITY)
    // Below 0 when the clock was set back.
    if (sinceMs >= 0 && sinceMs < REQUEST_PAUSE_MS) return
    if (this.#askedAtMs.size >= MAX_PAUSES) this.#askedAtMs.clear()
    this.#askedAtMs.set(peer, nowMs)
    const { message, nickname, info, avatar } = frame
    const isKept = avatar !== undefined && avatar.length <= MAX_AVATAR_BYTES
    const request: ContactRequest = {
      peer,
      message,
      nickname,
      info,
      // The frame is a view of what was read, and strangers cost room.
      avatar: isKept ? avatar.slice() : undefined,
      receivedAt: new Date(nowMs),
    }
    void this.#guard(() => this.#consider(request))
  }

  /** CONTACT_RESPONSE arrived. One that nobody waits for is ignored: it would make strangers contacts. */
  answered(peer: string, accepted: boolean): void {
    // It came too late: to take it up would undo the block.
    if (this.#context.people.isBlocked(peer)) return
    if (!this.#asked.delete(peer)) return
    this.#unheard.delete(peer)
    void this.#guard(async () => {
      const { access, store, people, onAccepted, onAnswer } = this.#context
      await access.ask(() => store.deleteContactNote(peer, 'request-out'))
      if (accepted) {
        await people.put(peer, { kind: 'contact' })
        onAccepted(peer)
      }
      onAnswer(peer, accepted)
    })
  }

  /** The peer wrote to us: what we asked need not be said again, and may still be answered. */
  heard(peer: string): void {
    if (!this.#unheard.delete(peer)) return
    const { access, store } = this.#context
    void this.#guard(async () => {
      const [note] = await access.ask(() => store.contactNotes({ peer, kind: 'request-out' }))
      if (note) await access.ask(() => store.putContactNote({ ...note, attempts: HEARD }))
    })
  }

  async #consider(request: ContactRequest): Promise<void> {
    const { peer, message, nickname, info, avatar } = request
    const { access, store, people, policy, onRequest, onError } = this.#context
    if (people.isContact(peer)) return this.#answer(peer, true)
    const [before] = await access.ask(() => store.contactNotes({ peer, kind: 'request-in' }))
    await this.#put({ peer, kind: 'request-in', message, nickname, info, ...(avatar && { avatar }) })
    let decision: ContactDecision = 'ask'
    try {
      decision = typeof policy === 'function' ? await policy(request) : policy
    } catch (cause) {
      onError(new MessengerError('handler', `the policy for contact requests failed for ${peer}`, { cause }))
    }
    if (people.isBlocked(peer)) return
    if (decision !== 'ask') return this.#answer(peer, decision === 'accept')
    // It is said again on every connection until there is an answer.
    if (before?.message !== message) onRequest(request)
  }

  async #answer(peer: string, accepted: boolean): Promise<void> {
    const { access, store, people } = this.#context
    if (accepted) await people.put(peer, { kind: 'contact' })
    await this.#put({ peer, kind: 'response-out', accepted })
    await access.ask(() => store.deleteContactNote(peer, 'request-in'))
    // Nobody is run after to hear a no.
    if (accepted || this.#context.connection(peer)) this.#say(peer)
  }

  #say(peer: string): void {
    const connection = this.#context.connection(peer)
    if (connection === undefined) this.#context.kick(peer)
    else void this.#guard(() => this.#sayOn(peer, connection))
  }

  async #sayOn(peer: string, connection: Connection): Promise<void> {
    const { access, store, profile } = this.#context
    for (const note of await access.ask(() => store.contactNotes({ peer }))) {
      if (connection.closed) return
      if (note.kind === 'request-out' && !isHeard(note)) {
        const { nickname, info, avatar } = profile()
        connection.sendContactRequest({ message: note.message, nickname, info, ...(avatar && { avatar }) })
      } else if (note.kind === 'response-out') await this.#sayAnswer(peer, connection, note)
    }
  }

  /** It counts as said when a PONG shows that everything written so far was read. */
  async #sayAnswer(peer: string, connection: Connection, note: ContactNote): Promise<void> {
    const { access, store } = this.#context
    connection.sendContactResponse(note.accepted)
    const isRead = await connection.probe().then(
      () => true,
      () => false,
    )
    const [now] = await access.ask(() => store.contactNotes({ peer, kind: 'response-out' }))
    // There may be another answer by now.
    if (!isRead || now?.atMs !== note.atMs || now.accepted !== note.accepted) return
    const attempts = note.attempts + 1
    const isDone = attempts >= ANSWER_CONNECTIONS
    if (isDone) await access.ask(() => store.deleteContactNote(peer, 'response-out'))
    else await access.ask(() => store.putContactNote({ ...note, attempts }))
  }

  #put(note: Pick<ContactNote, 'peer' | 'kind'> & Partial<ContactNote>): Promise<void> {
    const { access, store, clock } = this.#context
    const atMs = Math.floor(clock.nowMs())
    const blank = { message: '', nickname: '', info: '', accepted: false, attempts: 0 }
    return access.ask(() => store.putContactNote({ ...blank, ...note, atMs }))
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!this.#context.access.closed) this.#context.onError(error)
    }
  }
}

function isHeard({ kind, attempts }: ContactNote): boolean {
  return kind === 'request-out' && attempts >= HEARD
}

/**
 * Whether it is worth a connection of its own: our question until it was heard, and a yes until it was. What else there
 * is to say waits until the other side comes, or strangers could have us run after them without end.
 */
function isUrgent({ kind, accepted, attempts }: ContactNote): boolean {
  return attempts === 0 && (kind === 'request-out' || (kind === 'response-out' && accepted))
}

function toRequest({ peer, message, nickname, info, avatar, atMs }: ContactNote): ContactRequest {
  return { peer, message, nickname, info, avatar, receivedAt: new Date(atMs) }
}
