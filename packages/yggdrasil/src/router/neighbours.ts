import type { BloomFilter } from '../bloom.js'
import { YggdrasilError } from '../error.js'
import { type KeyId, keyId } from '../key.js'
import type { RouterLimits } from '../limits.js'
import type { Path } from '../wire/path.js'
import { ROOT_PATH } from '../wire/path.js'
import type { SigReq, SigRes } from '../wire/signature.js'
import { FilterState } from './filter-state.js'
import { LinkQueue } from './link-queue.js'
import { TokenBucket } from './token-bucket.js'
import type { RouterLink } from './types.js'

/** Latency assumed before the first response. yggdrasil protocol §4.3 */
export const UNKNOWN_LATENCY_MS = 4294.967295
/** Nonces remembered of an unproven link: requests may cross with responses to earlier ones. */
const REMEMBERED_NONCES = 4

/** One link as the router sees it. */
export class LinkState {
  readonly link: RouterLink
  readonly neighbour: Neighbour
  readonly queue: LinkQueue
  readonly announces: TokenBucket
  readonly requests: TokenBucket
  readonly responses: TokenBucket
  readonly blooms: TokenBucket
  readonly lookups: TokenBucket
  readonly notifies: TokenBucket
  latencyMs: number = UNKNOWN_LATENCY_MS
  /** What the latency weighs: whole milliseconds, at least 1. */
  cost: number = Math.floor(UNKNOWN_LATENCY_MS)
  /** When the current request went out. */
  requestedMs = 0
  /** The current request was answered on this link. */
  responded = false
  /** The remote answered a nonce of ours: it has its private key. */
  proven = false
  /** A filter that came before the proof. */
  heldFilter: BloomFilter | undefined
  /** Since when the link takes no traffic; `undefined`: it takes some. */
  busySinceMs: number | undefined
  readonly #nonces: bigint[] = []

  constructor(link: RouterLink, neighbour: Neighbour, limits: RouterLimits) {
    this.link = link
    this.neighbour = neighbour
    this.queue = new LinkQueue(limits.queueBytes)
    this.announces = new TokenBucket(limits.announcesPerSecond)
    this.requests = new TokenBucket(limits.signaturesPerSecond)
    this.responses = new TokenBucket(limits.signaturesPerSecond)
    this.blooms = new TokenBucket(limits.bloomsPerSecond)
    this.lookups = new TokenBucket(limits.lookupsPerSecond)
    this.notifies = new TokenBucket(limits.notifiesPerSecond)
  }

  /** Frames of types 0 to 5 do not wait in the queue. */
  writeControl(frame: Uint8Array, nowMs: number): void {
    if (!this.link.write(frame)) this.busySinceMs ??= nowMs
  }

  /** Frames of types 6 to 9 wait while the link takes no traffic. @returns whether it was written */
  writeTraffic(frame: Uint8Array, nowMs: number): boolean {
    if (this.busySinceMs !== undefined) return false
    if (!this.link.write(frame)) this.busySinceMs = nowMs
    return true
  }

  /** The link takes traffic again. */
  drain(nowMs: number): void {
    this.busySinceMs = undefined
    for (let frame = this.queue.shift(); frame !== undefined; frame = this.queue.shift()) {
      if (this.link.write(frame)) continue
      this.busySinceMs = nowMs
      return
    }
  }

  /** A request with this nonce went out. */
  asked(nonce: bigint, nowMs: number): void {
    this.requestedMs = nowMs
    this.responded = false
    if (this.proven) return
    this.#nonces.push(nonce)
    if (this.#nonces.length > REMEMBERED_NONCES) this.#nonces.shift()
  }

  /** Whether a nonce is one of those sent lately. Only asked before the proof. */
  knows(nonce: bigint): boolean {
    return this.#nonces.includes(nonce)
  }

  prove(): void {
    this.proven = true
    this.#nonces.length = 0
  }

  /** The current request was answered after so long. */
  measured(roundTripMs: number): void {
    this.responded = true
    const last = this.latencyMs
    // New links start with a penalty: what has been up for long is trusted more.
    this.latencyMs =
      last === UNKNOWN_LATENCY_MS ? 2 * roundTripMs : (last * 7) / 8 + Math.min(roundTripMs, 2 * last) / 8
    this.cost = Math.max(1, Math.floor(this.latencyMs))
  }
}

/** A node that we have links to. */
export class Neighbour {
  readonly id: KeyId
  readonly key: Uint8Array
  /** What it is called in coordinates below us. */
  readonly port: number
  /** In order of their start. */
  readonly links: LinkState[] = []
  /** Keys whose current record it is known to have. */
  readonly sent: Set<KeyId> = new Set<KeyId>()
  readonly filters: FilterState = new FilterState()
  request: SigReq | undefined
  /** The first valid one to the current request. */
  response: SigRes | undefined
  /** Coordinates, as of `pathVersion`. */
  path: Path = ROOT_PATH
  pathVersion = -1
  /** Which link traffic takes; `undefined` while none is proven. */
  best: LinkState | undefined

  constructor(key: Uint8Array, port: number) {
    this.id = keyId(key)
    this.key = key.slice()
    this.port = port
  }

  /** The lowest cost of its links. */
  get cost(): number {
    let lowest = Number.POSITIVE_INFINITY
    for (const { cost } of this.links) lowest = Math.min(lowest, cost)
    return lowest
  }

  writeControl(frame: Uint8Array, nowMs: number): void {
    for (const link of this.links) link.writeControl(frame, nowMs)
  }

  /** To be called when links came, went, were proven or measured. yggdrasil protocol §4.9, step 4 */
  chooseLink(): void {
    this.best = undefined
    for (const link of this.links) if (link.proven && isBetter(link, this.best)) this.best = link
  }
}

function isBetter(link: LinkState, than: LinkState | undefined): boolean {
  if (than === undefined) return true
  const difference = link.link.priority - than.link.priority || link.cost - than.cost || link.link.id - than.link.id
  return difference < 0
}

/** All neighbours and their links. */
export class Neighbours {
  readonly #limits: RouterLimits
  readonly #byId = new Map<KeyId, Neighbour>()
  readonly #byLink = new Map<RouterLink, LinkState>()
  /** Changes whenever another link may be the best one on some way. */
  version = 0
  /** The same neighbours, for loops that run for every packet. */
  all: readonly Neighbour[] = []

  constructor(limits: RouterLimits) {
    this.#limits = limits
  }

  get ids(): Iterable<KeyId> {
    return this.#byId.keys()
  }

  get links(): Iterable<LinkState> {
    return this.#byLink.values()
  }

  get linkCount(): number {
    return this.#byLink.size
  }

  get(id: KeyId): Neighbour | undefined {
    return this.#byId.get(id)
  }

  find(link: RouterLink): LinkState | undefined {
    return this.#byLink.get(link)
  }

  /** @throws {YggdrasilError} `misuse` for a link that is there already */
  add(link: RouterLink): LinkState {
    if (this.#byLink.has(link)) throw new YggdrasilError('misuse', `router: link ${link.id} was added before`)
    const id = keyId(link.publicKey)
    const neighbour = this.#byId.get(id) ?? new Neighbour(link.publicKey, this.#freePort())
    this.#byId.set(id, neighbour)
    const state = new LinkState(link, neighbour, this.#limits)
    this.#byLink.set(link, state)
    neighbour.links.push(state)
    this.#changed()
    return state
  }

  /** Its neighbour goes with the last link. */
  remove(link: RouterLink): LinkState | undefined {
    const state = this.#byLink.get(link)
    if (state === undefined) return undefined
    const { neighbour } = state
    this.#byLink.delete(link)
    neighbour.links.splice(neighbour.links.indexOf(state), 1)
    neighbour.chooseLink()
    if (neighbour.links.length === 0) this.#byId.delete(neighbour.id)
    this.#changed()
    return state
  }

  #changed(): void {
    this.version++
    this.all = [...this.#byId.values()]
  }

  /** The lowest one, from 1. yggdrasil protocol §4.2 */
  #freePort(): number {
    const taken = new Set<number>()
    for (const { port } of this.#byId.values()) taken.add(port)
    let port = 1
    while (taken.has(port)) port++
    return port
  }
}
