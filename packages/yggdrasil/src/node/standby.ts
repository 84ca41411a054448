import type { Clock } from '@mimirjs/transport'
import { YggdrasilError } from '../error.js'
import { Backoff } from '../links/backoff.js'
import type { PeerState, PeerUri } from '../links/types.js'
import { parsePeerUri } from '../links/uri.js'
import type { PeerInfo } from './types.js'

/** What the peers of a leaf need of its links. */
export interface StandbyLinks {
  /** @throws {YggdrasilError} */
  addPeer(uri: string): unknown
  removePeer(uri: string): boolean
  retryNow(uri?: string): void
}

export interface StandbyOptions {
  readonly links: StandbyLinks
  readonly clock: Clock
  readonly random: (bytes: number) => Uint8Array
  /** Schemes that can be dialled here. */
  readonly schemes: readonly string[]
}

interface Candidate {
  readonly text: string
  readonly uri: PeerUri
  readonly backoff: Backoff
  /** Not dialled before. */
  notBeforeMs: number
  error: YggdrasilError | undefined
  /** Never dialled again: it is this node itself. */
  isDead: boolean
}

/**
 * The peers of a leaf, of which one is connected. A node with two links is a short cut, and others would send through it
 * what it does not forward; so the others stand by, and the first of them (by priority, then as given) that did not fail
 * lately is dialled when the link fails. yggdrasil protocol §7.1
 */
export class Standby {
  readonly #options: StandbyOptions
  readonly #candidates: Candidate[] = []
  #active: Candidate | undefined
  /** The active one failed, and nothing better is known. */
  #isFailing = false
  #cancelPause: (() => void) | undefined
  #isSwitching = false
  #isClosed = false

  constructor(options: StandbyOptions) {
    this.#options = options
  }

  /** @throws {YggdrasilError} `bad-uri` | `duplicate` | `unsupported` */
  add(text: string): void {
    const uri = parsePeerUri(text, 'dial')
    if (this.#find(uri.id) !== undefined) {
      throw new YggdrasilError('duplicate', `peer ${uri.id}: this peer is given twice`)
    }
    if (!this.#options.schemes.includes(uri.scheme)) {
      const known = this.#options.schemes.map((scheme) => `${scheme}://`).join(', ')
      const has = known === '' ? 'no way of linking, not even a WebSocket' : `${known} only`
      throw new YggdrasilError('unsupported', `dial ${uri.id}: this runtime has ${has}`)
    }
    const backoff = new Backoff(uri.maxBackoffMs)
    this.#candidates.push({ text, uri, backoff, notBeforeMs: 0, error: undefined, isDead: false })
    if (this.#active === undefined || this.#isFailing) this.#switch()
  }

  /** @throws {YggdrasilError} `bad-uri` */
  remove(text: string): boolean {
    const candidate = this.#find(parsePeerUri(text, 'dial').id)
    if (candidate === undefined) return false
    this.#candidates.splice(this.#candidates.indexOf(candidate), 1)
    if (candidate === this.#active) this.#switch()
    return true
  }

  /** @throws {YggdrasilError} `bad-uri` */
  retryNow(text?: string): void {
    const id = text === undefined ? undefined : parsePeerUri(text, 'dial').id
    for (const candidate of this.#candidates) if (id === undefined || candidate.uri.id === id) candidate.notBeforeMs = 0
    if (this.#active === undefined) this.#switch()
    else this.#options.links.retryNow(this.#active.text)
  }

  /**
   * Told of every change of a peer of ours.
   * @returns when it will be dialled again, if it failed
   */
  changed(state: PeerState): number | undefined {
    const active = this.#active
    if (active === undefined || state.incoming || state.uri !== active.uri.id) return undefined
    if (state.state === 'up') {
      active.backoff.succeeded()
      active.error = undefined
      this.#isFailing = false
      return undefined
    }
    if (state.state !== 'waiting' && state.state !== 'stopped') return undefined
    const { clock, random } = this.#options
    active.error = state.error
    active.isDead = state.state === 'stopped'
    active.notBeforeMs = clock.nowMs() + active.backoff.failed(random(1)[0] ?? 0)
    this.#isFailing = true
    // Alone, it is dialled again by the links themselves.
    if (this.#candidates.length === 1) return state.retryAtMs
    if (!this.#isSwitching) {
      this.#isSwitching = true
      // Not from inside of what the links tell.
      queueMicrotask(() => this.#switch())
    }
    return active.isDead ? undefined : active.notBeforeMs
  }

  /** Those that are not in the links. */
  peers(): PeerInfo[] {
    return this.#candidates
      .filter((candidate) => candidate !== this.#active)
      .map(({ uri, backoff, error, isDead, notBeforeMs }) => ({
        uri: uri.id,
        state: isDead ? 'stopped' : 'standby',
        incoming: false,
        failures: backoff.failures,
        priority: uri.priority,
        rxBytes: 0,
        txBytes: 0,
        ...(error === undefined ? {} : { error }),
        ...(this.#active === undefined && !isDead ? { retryAtMs: notBeforeMs } : {}),
      }))
  }

  close(): void {
    this.#isClosed = true
    this.#cancelPause?.()
    this.#cancelPause = undefined
  }

  #find(id: string): Candidate | undefined {
    return this.#candidates.find(({ uri }) => uri.id === id)
  }

  #switch(): void {
    this.#isSwitching = false
    this.#cancelPause?.()
    this.#cancelPause = undefined
    if (this.#isClosed) return
    const { links, clock } = this.#options
    const last = this.#active
    // What the links say of the one that is removed is of no interest any more.
    this.#active = undefined
    this.#isFailing = false
    if (last !== undefined) links.removePeer(last.text)
    const living = this.#candidates.filter(({ isDead }) => !isDead)
    const nowMs = clock.nowMs()
    const ready = living.filter(({ notBeforeMs }) => notBeforeMs <= nowMs)
    const next = ready.reduce<Candidate | undefined>(preferred, undefined)
    if (next !== undefined) {
      this.#active = next
      links.addPeer(next.text)
    } else if (living.length > 0) {
      const dueMs = Math.min(...living.map(({ notBeforeMs }) => notBeforeMs))
      this.#cancelPause = clock.schedule(() => this.#switch(), dueMs - nowMs)
    }
  }
}

function preferred(one: Candidate | undefined, other: Candidate): Candidate {
  return one !== undefined && one.uri.priority <= other.uri.priority ? one : other
}
