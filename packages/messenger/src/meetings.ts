import type { Connection, Peer } from '@mimirjs/peer'
import type { Knock as RendezvousKnock } from '@mimirjs/rendezvous'
import type { Clock } from '@mimirjs/transport'
import { fromHex, toHex } from '@mimirjs/wire'
import { isMessengerError, MessengerError } from './error.js'
import type { People } from './people.js'
import {
  type Knock,
  type MeetingNode,
  type MeetingPlace,
  type RendezvousClock,
  type RendezvousHealth,
  type RendezvousServerStatus,
  rendezvousError,
} from './rendezvous.js'
import { rendezvousServerOf } from './rendezvous-options.js'
import { Reunions } from './reunions.js'

export interface MeetingsContext {
  readonly place: MeetingPlace
  readonly network: () => Peer
  readonly people: Pick<People, 'isContact' | 'isBlocked' | 'accepts' | 'contacts'>
  readonly clock: Clock
  /** 0 ≤ x < 1. */
  random(this: void): number
  /** What we call ourselves. */
  name(this: void): string
  onKnock(knock: Knock): void
  /** The question is decided, or came too late. */
  onKnockOver(peer: string): void
  /** It came too late: they gave up. */
  onMissed(peer: string): void
  onServer(status: RendezvousServerStatus): void
  onClock(clock: RendezvousClock): void
  /** {@link Meetings.isRestarting} has changed for connections with them. */
  onPath(peer: string): void
  onError(this: void, error: MessengerError): void
}

/** Somebody is being looked for: whoever wants them waits for the same. */
export interface Meeting {
  /** Fires when the way is open: better use it than wait for any other. */
  readonly linked: AbortSignal
  /** Resolves when a connection is READY, whichever way it came. Rejects with what kept us apart. */
  readonly done: Promise<void>
}

interface Seeking extends Meeting {
  readonly abort: AbortController
  /** Goes on when nobody waits: there is something to deliver. */
  isWanted: boolean
  /** How many wait who may give up. */
  waiting: number
}

/**
 * Meeting people through rendezvous servers: a link first, which takes the consent of the other side and may last as long as a
 * knock lives, then a connection over it. Source: rendezvous protocol B9.
 */
export class Meetings {
  readonly #context: MeetingsContext
  readonly #seeking = new Map<string, Seeking>()
  /** Who said no, and until when we do not knock again of our own accord. */
  readonly #declined = new Map<string, number>()
  /** Whoever waits for a connection that the other side is to make. */
  readonly #arrivals = new Map<string, () => void>()
  readonly #ends: (() => void)[]
  readonly #reunions: Reunions | undefined
  /** URLs of the servers that carry our words. */
  #ready: ReadonlySet<string> = new Set()
  #clock: RendezvousClock = { clockOffsetMs: undefined }
  #isOver = false

  constructor(context: MeetingsContext) {
    const { place, people, name, onServer, onClock, onPath, onKnockOver, onMissed, onError } = context
    this.#context = context
    const { node, options, doors } = place
    const strangers = options.strangers ?? 'ask'
    doors.name = () => shortName(name())
    doors.policy = (peer) => {
      if (this.#isOver || people.isBlocked(peer)) return 'ignore'
      // Whom we look for ourselves is welcome.
      if (people.isContact(peer) || this.#seeking.has(peer)) return 'accept'
      if (strangers === 'ask') return 'ask'
      return strangers === 'accept' && people.accepts(peer, 'inbound') ? 'accept' : 'ignore'
    }
    if (options.meetContacts ?? true)
      this.#reunions = new Reunions({
        clock: context.clock,
        random: context.random,
        contacts: () => people.contacts(),
        isMissing: (peer) => people.isContact(peer) && context.network().connection(fromHex(peer)) === undefined,
        isOnline: () => this.#ready.size > 0,
        meet: (peer) => this.meet(fromHex(peer)).done,
      })
    this.#ends = [
      node.on('server', (status) => {
        onServer(status)
        this.#see()
      }),
      node.on('clock', ({ offsetMs }) => {
        this.#clock = { clockOffsetMs: offsetMs }
        onClock(this.#clock)
      }),
      node.on('link', (link) => link.on('restarting', () => onPath(toHex(link.publicKey)))),
      node.on('knock', (knock) => context.onKnock(toKnock(knock))),
      node.on('missed', ({ publicKey }) => onMissed(toHex(publicKey))),
      node.on('knockOver', ({ publicKey }) => onKnockOver(toHex(publicKey))),
      node.on('error', (error) => onError(rendezvousError('our rendezvous node', error))),
    ]
  }

  get address(): string {
    return this.#node.address
  }

  get health(): RendezvousHealth {
    const { address, contact, fingerprint } = this.#node
    const people = this.#context
      .network()
      .connections()
      .filter(({ remoteAddress }) => remoteAddress.startsWith(SCHEME))
    const links = new Set(people.map(({ remotePublicKey }) => toHex(remotePublicKey))).size
    return { address, contact, fingerprint, servers: this.#node.servers(), ...this.#clock, links }
  }

  /** Whether the link under the connections with this address has lost its path, and looks for another. */
  isRestarting(address: string): boolean {
    if (!address.startsWith(SCHEME)) return false
    return this.#node.linkTo(fromHex(address.slice(SCHEME.length)))?.isRestarting ?? false
  }

  /** Those who wait for an answer. */
  knocks(): Knock[] {
    return this.#node.knocks().map(toKnock)
  }

  /** Log in: somebody is there now to answer those who knock. */
  start(): void {
    for (const url of this.#context.place.options.servers) this.#node.addServer(url)
  }

  /** @throws {MessengerError} `rendezvous` */
  addServer(url: string): void {
    this.#tell(() => this.#node.addServer(rendezvousServerOf(url)))
  }

  /** @throws {MessengerError} `rendezvous` */
  removeServer(url: string): void {
    this.#tell(() => this.#node.removeServer(rendezvousServerOf(url)))
  }

  /** @throws {MessengerError} `unknown-request` */
  demandKnock(peer: string): void {
    if (this.knocks().some((knock) => knock.peer === peer)) return
    throw new MessengerError('unknown-request', `no knock of ${peer} waits: they gave up, or never came`)
  }

  /** Somebody is a contact now: if they knock, let them in. */
  acquainted(peer: string): void {
    this.#declined.delete(peer)
    if (this.knocks().some((knock) => knock.peer === peer)) this.#node.accept(fromHex(peer))
  }

  /** @throws {MessengerError} `rendezvous` */
  decline(peer: string, tell: boolean): void {
    this.#tell(() => this.#node.decline(fromHex(peer), tell ? { tell: 'user' } : {}))
  }

  /** Nobody is met who is blocked, and nothing of theirs comes over a link that is open. */
  blocked(peer: string): void {
    this.#seeking.get(peer)?.abort.abort(new MessengerError('blocked', `${peer} is blocked`))
    if (this.knocks().some((knock) => knock.peer === peer)) this.decline(peer, false)
    this.#node.linkTo(fromHex(peer))?.close()
  }

  /**
   * Look for somebody, or join those who do.
   * @param signal - of a caller who may give up: nobody is looked for any more when all have. Without it goes on until something is decided.
   */
  meet(publicKey: Uint8Array, signal?: AbortSignal): Meeting {
    const peer = toHex(publicKey)
    const known = this.#seeking.get(peer)
    // One that was given up, and has yet to notice, is of no use.
    const isOn = known?.abort.signal.aborted === false
    const seeking = isOn ? known : this.#seek(peer, publicKey, signal !== undefined)
    if (signal === undefined) seeking.isWanted = true
    else {
      seeking.waiting += 1
      const leave = (): void => {
        seeking.waiting -= 1
        if (seeking.waiting === 0 && !seeking.isWanted) seeking.abort.abort(signal.reason)
      }
      if (signal.aborted) leave()
      else signal.addEventListener('abort', leave, { once: true })
      const stay = (): void => signal.removeEventListener('abort', leave)
      seeking.done.then(stay, stay)
    }
    return seeking
  }

  /** A connection is READY, whoever made it: nobody has to be looked for any more. */
  connected({ remotePublicKey }: Pick<Connection, 'remotePublicKey'>): void {
    const peer = toHex(remotePublicKey)
    this.#declined.delete(peer)
    this.#reunions?.settled(peer)
    this.#arrivals.get(peer)?.()
    const seeking = this.#seeking.get(peer)
    if (seeking?.linked.aborted === false) seeking.abort.abort(CONNECTED)
  }

  /** The last connection with somebody ended, which led to this address. */
  lost(peer: string, address: string): void {
    if (address.startsWith(SCHEME) && this.#context.people.isContact(peer)) this.#reunions?.lost(peer)
  }

  /** The network is back, or the machine woke up. */
  refresh(): void {
    this.#declined.clear()
    this.#node.refresh()
    if (this.#ready.size > 0) this.#reunions?.begin()
  }

  /** Look for nobody, and let nobody in any more; connections stay. */
  leave(): void {
    this.#isOver = true
    this.#reunions?.close()
    for (const { abort } of this.#seeking.values()) abort.abort(new MessengerError('closed', 'the messenger is closed'))
  }

  async close(): Promise<void> {
    this.leave()
    for (const end of this.#ends.splice(0)) end()
    await this.#node.close()
  }

  /** Each server that carries our words now may be the one where somebody has been waiting. */
  #see(): void {
    const before = this.#ready
    this.#ready = new Set(this.#node.servers().flatMap(({ url, state }) => (state === 'ready' ? [url] : [])))
    if (!this.#isOver && [...this.#ready].some((url) => !before.has(url))) this.#reunions?.begin()
  }

  get #node(): MeetingNode {
    return this.#context.place.node
  }

  #seek(peer: string, publicKey: Uint8Array, isExplicit: boolean): Seeking {
    const [abort, linked] = [new AbortController(), new AbortController()]
    const run = async (): Promise<void> => {
      // Whoever asks has the meeting in hand first.
      await Promise.resolve()
      try {
        if (!isExplicit) this.#demandWelcome(peer)
        await this.#bring(peer, publicKey, abort.signal, linked)
      } catch (cause) {
        if (abort.signal.reason === CONNECTED) return
        throw this.#reasonOf(peer, cause)
      } finally {
        if (this.#seeking.get(peer) === seeking) this.#seeking.delete(peer)
      }
    }
    const seeking: Seeking = { abort, linked: linked.signal, done: run(), isWanted: false, waiting: 0 }
    seeking.done.catch(() => {})
    this.#seeking.set(peer, seeking)
    return seeking
  }

  async #bring(peer: string, publicKey: Uint8Array, signal: AbortSignal, linked: AbortController): Promise<void> {
    const { network } = this.#context
    signal.throwIfAborted()
    const link = await this.#node.connect(publicKey, { signal })
    try {
      // The one who described the link first makes the connection; should they not, we do.
      if (link.role === 'answerer' && network().connection(publicKey) === undefined) await this.#arrival(peer, signal)
      signal.throwIfAborted()
      linked.abort()
      await network().connect(publicKey, [`${SCHEME}${peer}`], { signal })
    } catch (cause) {
      // Nothing goes over it, and nobody else would end it.
      const connections = network().connectionsOf(publicKey)
      if (!connections.some(({ remoteAddress }) => remoteAddress.startsWith(SCHEME))) link.close()
      throw cause
    }
  }

  /** Wait for a connection of theirs, for a while. */
  async #arrival(peer: string, signal: AbortSignal): Promise<void> {
    let over = (): void => {}
    const arrived = new Promise<void>((resolve) => {
      over = resolve
    })
    this.#arrivals.set(peer, over)
    const cancel = this.#context.clock.schedule(over, ARRIVAL_MS)
    signal.addEventListener('abort', over, { once: true })
    await arrived
    cancel()
    signal.removeEventListener('abort', over)
    this.#arrivals.delete(peer)
  }

  /** @throws {MessengerError} `unreachable` while they do not want to hear of us */
  #demandWelcome(peer: string): void {
    const untilMs = this.#declined.get(peer) ?? 0
    if (this.#context.clock.nowMs() < untilMs) throw new MessengerError('unreachable', DECLINED)
  }

  #reasonOf(peer: string, cause: unknown): unknown {
    if (isMessengerError(cause)) return cause
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code === 'declined') {
      if (this.#declined.size >= MAX_DECLINED) this.#declined.clear()
      this.#declined.set(peer, this.#context.clock.nowMs() + DECLINED_MS)
      return new MessengerError('unreachable', DECLINED, { cause })
    }
    return cause
  }

  #tell(work: () => unknown): void {
    try {
      work()
    } catch (cause) {
      throw isMessengerError(cause) ? cause : rendezvousError('rendezvous', cause)
    }
  }
}

function toKnock({ publicKey, fingerprint, name, expiresMs }: RendezvousKnock): Knock {
  return { peer: toHex(publicKey), fingerprint, name, expiresMs }
}

/** As much of a name as a knock carries, without half a character at its end. */
function shortName(name: string): string {
  let short = ''
  for (const character of name) {
    if (short.length + character.length > MAX_NAME) break
    short += character
  }
  return short
}

const SCHEME = 'rdv://'
/** Why a search ended: there is no need for it any more. */
const CONNECTED: Error = new Error('there is a connection')
const DECLINED = 'they declined to be connected with us'
/** Whoever says no is not asked again of our own accord before that. */
const DECLINED_MS = 600_000
/** People who said no that are remembered: far more than anybody asks in that time. */
const MAX_DECLINED = 1_024
/** How long the other side may take to make the first stream. */
const ARRIVAL_MS = 3_000
/** Longest name that a knock says, in UTF-16 code units. Source: rendezvous protocol B6. */
const MAX_NAME = 64
