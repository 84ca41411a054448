import type { Clock, Logger } from '@mimirjs/transport'
import { equalBytes, toHex } from '@mimirjs/wire'
import type { MulticastAddress } from '../address/index.js'
import { MulticastError } from '../error.js'
import type { MachineSession, Place } from '../machine/index.js'
import type { NodeCore, PayloadHandler } from './core.js'
import { type Opening, openingOf } from './opening.js'

/** What the carriers ask of their node. */
export interface CarrierOwner {
  readonly publicKey: Uint8Array
  readonly address: string
  readonly clock: Clock
  readonly maxPayloadBytes: number
  readonly logger: Logger | undefined
  /** Peers without a session whose address is remembered. */
  readonly maxPeers: number
  /** Messages of one direction after which a session closes. */
  readonly messagesPerSession: number
  randomBytes(sizeBytes: number): Uint8Array
  connect(address: MulticastAddress, signal: AbortSignal): Promise<MachineSession>
  /** @returns `false` when it is over, or had all its messages */
  sendMessage(session: MachineSession, payload: Uint8Array): boolean
  close(session: MachineSession): void
  /** @throws {MulticastError} `closed` */
  requireOpen(doing: string): void
}

interface Carrier {
  readonly session: MachineSession
  /** When a labelled payload came by it last; at first when it was made. */
  heardMs: number
}

/** What there is with one peer. */
interface PeerEntry {
  readonly key: string
  /** Oldest first. */
  readonly carriers: Carrier[]
  opening: { readonly to: MulticastAddress; readonly opening: Opening } | undefined
  address: MulticastAddress | undefined
  /** Forgotten: look it up again. */
  isGone: boolean
}

/** After so long without a word, while the peer speaks by another session, it has forgotten this one. */
const DEAF_MS = 2_000
/** A session is renewed when this part of its messages is used up. */
const RENEW_AT = 0.75

/** The sessions that carry labelled payloads, by peer: see {@link NodeCore}. */
export class Carriers implements NodeCore {
  readonly #owner: CarrierOwner
  readonly #byKey = new Map<string, PeerEntry>()
  readonly #bySession = new Map<MachineSession, PeerEntry>()
  /** Callers hold on to the array of a key: no text of it is made for every message. */
  readonly #byArray = new WeakMap<Uint8Array, PeerEntry>()
  readonly #ownKey: string
  readonly #renewAt: number
  #label: Uint8Array = new Uint8Array(0)
  #handler: PayloadHandler | undefined

  constructor(owner: CarrierOwner) {
    this.#owner = owner
    this.#ownKey = toHex(owner.publicKey)
    this.#renewAt = Math.floor(owner.messagesPerSession * RENEW_AT)
  }

  get publicKey(): Uint8Array {
    return this.#owner.publicKey
  }

  get address(): string {
    return this.#owner.address
  }

  get clock(): Clock {
    return this.#owner.clock
  }

  get maxPayloadBytes(): number {
    return this.#owner.maxPayloadBytes
  }

  get logger(): Logger | undefined {
    return this.#owner.logger
  }

  randomBytes(sizeBytes: number): Uint8Array {
    return this.#owner.randomBytes(sizeBytes)
  }

  attach(label: Uint8Array, handler: PayloadHandler): () => void {
    this.#owner.requireOpen('attach')
    if (this.#handler !== undefined) throw new MulticastError('misuse', 'attach: there is a handler already')
    this.#label = label.slice()
    this.#handler = handler
    return () => {
      if (this.#handler === handler) this.#handler = undefined
    }
  }

  sendTo(peer: Uint8Array, payload: Uint8Array): boolean {
    const entry = this.#entry(peer)
    const session = entry && this.#best(entry)
    if (entry === undefined || session === undefined) return false
    if (!this.#owner.sendMessage(session, payload)) return false
    if (session.role === 'initiator' && Math.max(session.sent, session.received) >= this.#renewAt) this.#renew(entry)
    return true
  }

  canSendTo(peer: Uint8Array): boolean {
    const entry = this.#entry(peer)
    return entry !== undefined && this.#best(entry) !== undefined
  }

  async ensureSession(
    address: MulticastAddress,
    { signal, fresh = false }: { readonly signal?: AbortSignal | undefined; readonly fresh?: boolean } = {},
  ): Promise<void> {
    this.#owner.requireOpen('open a session')
    if (signal?.aborted) {
      throw new MulticastError('aborted', 'open a session: aborted by the signal given', { cause: signal.reason })
    }
    const entry = this.#made(address.publicKey)
    const best = this.#best(entry)
    // Who is elsewhere than the session leads to has started anew, and knows nothing of it.
    if (!fresh && best !== undefined && leadsTo(best, address)) return
    entry.address = address
    await this.#open(entry, address).wait(signal)
  }

  addressOf(peer: Uint8Array): MulticastAddress | undefined {
    const entry = this.#entry(peer)
    if (entry === undefined) return undefined
    const place = entry.carriers.at(-1)?.session.places[0]
    return place === undefined ? entry.address : { publicKey: peer, group: place.group, port: place.port }
  }

  /** @returns whether the payload has the label, and was handed over */
  take(session: MachineSession, payload: Uint8Array): boolean {
    const handler = this.#handler
    if (handler === undefined || !this.#hasLabel(payload)) return false
    const nowMs = this.clock.nowMs()
    const entry = this.#bySession.get(session) ?? this.#add(session, nowMs)
    for (const carrier of entry.carriers) if (carrier.session === session) carrier.heardMs = nowMs
    handler.payload(session.peer, payload)
    return true
  }

  /** The machine has closed a session. */
  sessionClosed(session: MachineSession): void {
    const entry = this.#bySession.get(session)
    if (entry === undefined) return
    this.#bySession.delete(session)
    const at = entry.carriers.findIndex((carrier) => carrier.session === session)
    const [place] = session.places
    if (place !== undefined) entry.address = { publicKey: session.peer, group: place.group, port: place.port }
    entry.carriers.splice(at, 1)
    if (entry.carriers.length === 0) this.#forgetSome()
  }

  /** The node has closed, or its socket failed. */
  closed(error: MulticastError | undefined): void {
    const handler = this.#handler
    this.#handler = undefined
    handler?.closed(error)
  }

  #hasLabel(payload: Uint8Array): boolean {
    const label = this.#label
    if (payload.length < label.length) return false
    for (let at = 0; at < label.length; at++) if (payload[at] !== label[at]) return false
    return true
  }

  /**
   * Of the sessions opened by the side with the smaller key the newest, else the newest of the others (multicast protocol
   * §9); but not one that the other side seems to have lost.
   */
  #best(entry: PeerEntry): MachineSession | undefined {
    let chosen: Carrier | undefined
    let heard: Carrier | undefined
    const smaller = this.#ownKey < entry.key ? 'initiator' : 'responder'
    for (const carrier of entry.carriers) {
      if (!isUsable(carrier.session)) continue
      if (chosen === undefined || carrier.session.role === smaller || chosen.session.role !== smaller) chosen = carrier
      if (heard === undefined || carrier.heardMs >= heard.heardMs) heard = carrier
    }
    if (chosen !== undefined && heard !== undefined && heard.heardMs - chosen.heardMs > DEAF_MS) chosen = heard
    return chosen?.session
  }

  #renew(entry: PeerEntry): void {
    const address = this.addressOf(entry.carriers[0]?.session.peer ?? new Uint8Array(0))
    // Somebody may be looking for the peer at a place where it never answers.
    if (address === undefined || (entry.opening !== undefined && isSamePlace(entry.opening.to, address))) return
    this.#open(entry, address)
      .wait(undefined)
      .catch((error: unknown) => this.logger?.warn({ error }, 'multicast: a session could not be renewed'))
  }

  #open(entry: PeerEntry, address: MulticastAddress): Opening {
    if (entry.opening !== undefined && isSamePlace(entry.opening.to, address)) return entry.opening.opening
    const opening = openingOf(
      async (signal) => this.#reached(await this.#owner.connect(address, signal), address),
      () => {
        if (entry.opening?.opening === opening) entry.opening = undefined
        if (entry.carriers.length === 0) this.#forgetSome()
      },
    )
    entry.opening = { to: address, opening }
    return opening
  }

  /** The peer answered there: what leads elsewhere is deaf until it is heard by that again. */
  #reached(session: MachineSession, address: MulticastAddress): void {
    // Given up in the very turn in which the response came.
    if (session.state === 'closed') return
    const { carriers } = this.#made(session.peer)
    for (const carrier of carriers) if (!leadsTo(carrier.session, address)) carrier.heardMs = Number.NEGATIVE_INFINITY
    this.#add(session, this.clock.nowMs())
  }

  #add(session: MachineSession, nowMs: number): PeerEntry {
    const entry = this.#made(session.peer)
    this.#retire(entry.carriers, nowMs)
    entry.carriers.push({ session, heardMs: nowMs })
    this.#bySession.set(session, entry)
    return entry
  }

  /**
   * Close what was renewed, and is not spoken by any more. Its nonces are a megabyte and more; and it takes the place of
   * a session of programs, which would have to go when the peer has its number of them.
   */
  #retire(carriers: readonly Carrier[], nowMs: number): void {
    for (const { session, heardMs } of [...carriers]) {
      const isUsedUp = Math.max(session.sent, session.received) >= this.#renewAt
      if (isUsedUp && nowMs - heardMs > DEAF_MS) this.#owner.close(session)
    }
  }

  #made(peer: Uint8Array): PeerEntry {
    const found = this.#entry(peer)
    if (found !== undefined) return found
    const entry: PeerEntry = { key: toHex(peer), carriers: [], opening: undefined, address: undefined, isGone: false }
    this.#byKey.set(entry.key, entry)
    return entry
  }

  #entry(peer: Uint8Array): PeerEntry | undefined {
    const known = this.#byArray.get(peer)
    if (known !== undefined && !known.isGone) return known
    const entry = this.#byKey.get(toHex(peer))
    if (entry !== undefined) this.#byArray.set(peer, entry)
    return entry
  }

  /** Entries with sessions are bounded by the machine; of the others so many are kept, for their addresses. */
  #forgetSome(): void {
    let surplus = this.#byKey.size - this.#owner.maxPeers
    for (const entry of this.#byKey.values()) {
      if (surplus <= 0) return
      if (entry.carriers.length > 0 || entry.opening !== undefined) continue
      entry.isGone = true
      this.#byKey.delete(entry.key)
      surplus--
    }
  }
}

function leadsTo({ places }: MachineSession, address: MulticastAddress): boolean {
  return places.some((place) => isSamePlace(place, address))
}

function isSamePlace(a: Place, b: Place): boolean {
  return a.port === b.port && equalBytes(a.group, b.group)
}

/** The responder may send when the initiator has shown that it has the key; the initiator when it has the response. */
function isUsable({ role, state }: MachineSession): boolean {
  return state === 'confirmed' || (role === 'initiator' && state === 'open')
}
