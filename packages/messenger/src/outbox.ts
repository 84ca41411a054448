import type { Connection, Peer } from '@mimirjs/peer'
import type { Resolver } from '@mimirjs/resolver-client'
import type { Clock, Emitter } from '@mimirjs/transport'
import { fromHex } from '@mimirjs/wire'
import { random } from './chance.js'
import { Courier, type RetryOptions } from './courier.js'
import { type AddressSources, type DialContext, dialPeer } from './dial.js'
import { MessengerError } from './error.js'
import type { Sent } from './message.js'
import { parseMessageId } from './message-id.js'
import type { People } from './people.js'
import type { Store } from './store.js'
import type { StoreAccess } from './store-access.js'
import type { MessengerEvents } from './types.js'

export interface OutboxContext {
  readonly store: Store
  readonly access: StoreAccess
  readonly people: People
  /** Asked for late: the network comes after those who use it. */
  readonly network: () => Peer
  readonly resolver: Resolver | undefined
  /** Where to try when nobody knows an address of the key; `undefined` for nowhere. */
  readonly lastResort: ((publicKey: Uint8Array) => string) | undefined
  /** Where a peer is on the local network. */
  readonly nearby: (peer: string) => ReturnType<DialContext['nearby']>
  readonly sources: AddressSources
  readonly meet: DialContext['meet']
  /** Whether connections with this address have lost their path, and look for another. */
  isRestarting(this: void, address: string): boolean
  readonly clock: Clock
  readonly retry: RetryOptions
  readonly emitter: Emitter<MessengerEvents>
  /** The time to close has come: deliver no more. */
  isClosing(): boolean
  /** Something other than a message waits for a connection to this peer. */
  hasErrand(peer: string): Promise<boolean>
  onError(this: void, error: unknown): void
}

const MAX_HINTS = 8

/** What waits to be delivered, and the couriers who are at it: one per peer that there is something for. */
export class Outbox {
  readonly #context: OutboxContext
  readonly #couriers = new Map<string, Courier>()
  readonly #hints = new Map<string, string[]>()
  /** Whoever waits for a delivery: told to look again when it may have changed, or will not come any more. */
  readonly #waiting = new Set<() => void>()

  constructor(context: OutboxContext) {
    this.#context = context
  }

  /** We are busy with this peer, so its key was checked before. */
  knows(peer: string): boolean {
    return this.#couriers.has(peer)
  }

  /** There may be something to deliver. */
  kick(peer: string): void {
    if (!this.#context.isClosing()) this.#courier(peer).kick()
  }

  /** A connection became ready, whoever dialled. */
  attach(peer: string, connection: Connection): void {
    this.#courier(peer).attach(connection)
  }

  detach(peer: string, connection: Connection): void {
    this.#couriers.get(peer)?.detach(connection)
  }

  /** The path under a connection was lost, or is there again. */
  pathChanged(peer: string): void {
    this.#couriers.get(peer)?.pathChanged()
  }

  /** OK(guid) for what was written on this connection. */
  acknowledged(peer: string, guid: bigint, connection: Connection): void {
    this.#courier(peer).acknowledged(guid, connection)
  }

  unanswered(peer: string, guid: bigint, connection: Connection): void {
    this.#courier(peer).unanswered(guid, connection)
  }

  /** There is room on a connection again. */
  writable(peer: string): void {
    this.#couriers.get(peer)?.kick()
  }

  /** The peer takes what we send from now on. */
  accepted(peer: string): void {
    this.#courier(peer).accepted()
  }

  addAddress(peer: string, address: string): void {
    const known = this.#hints.get(peer) ?? []
    if (!known.includes(address)) this.#hints.set(peer, [...known, address].slice(-MAX_HINTS))
    this.#couriers.get(peer)?.addressAdded(address)
  }

  /** The peer is on the local network, at this address: what waits for it is tried at once. */
  found(peer: string, address: string): void {
    this.#couriers.get(peer)?.found(address)
  }

  retryNow(): void {
    for (const courier of this.#couriers.values()) courier.retryNow()
  }

  /** Make a connection without having anything to deliver. Rejects when no address leads to the peer. */
  dial(peer: string, signal: AbortSignal): Promise<void> {
    const { resolver, lastResort, nearby, sources, meet } = this.#context
    const context = {
      network: this.#context.network(),
      resolve: (key: Uint8Array, options: { force: boolean; signal: AbortSignal }) => this.#resolve(peer, key, options),
      forget: (key: Uint8Array, address: string) => resolver?.forget(key, address),
      lastResort,
      nearby: () => nearby(peer),
      sources,
      meet,
    }
    return dialPeer(context, fromHex(peer), signal)
  }

  /** Deliver nothing more to this peer. */
  drop(peer: string): void {
    this.#couriers.get(peer)?.close()
    this.#couriers.delete(peer)
  }

  close(): void {
    for (const courier of this.#couriers.values()) courier.close()
  }

  /** Whoever waits should look again. */
  wakeWaiting(): void {
    for (const look of this.#waiting) look()
  }

  /** @throws {MessengerError} `unknown-message` | `aborted` | `closed` | `bad-content` | `store` */
  async whenDelivered(sent: Sent, signal: AbortSignal | undefined): Promise<void> {
    const { access, store, emitter, isClosing } = this.#context
    let changed = true
    let wake: () => void = () => {}
    const look = (): void => {
      changed = true
      wake()
    }
    const onDelivered = (delivered: Sent): void => {
      if (delivered.id === sent.id && delivered.to === sent.to) look()
    }
    emitter.on('delivered', onDelivered)
    signal?.addEventListener('abort', look)
    this.#waiting.add(look)
    try {
      while (changed) {
        changed = false
        const message = await access.ask(() => store.message(sent.to, parseMessageId(sent.id), true))
        if (!message)
          throw new MessengerError('unknown-message', `message ${sent.id} to ${sent.to} is not in the history`)
        if (message.state === 'delivered') return
        if (message.state === 'failed')
          throw new MessengerError('bad-content', `message ${sent.id} to ${sent.to} cannot be sent`)
        if (signal?.aborted || isClosing()) break
        if (!changed)
          await new Promise<void>((resolve) => {
            wake = resolve
          })
      }
    } finally {
      emitter.off('delivered', onDelivered)
      signal?.removeEventListener('abort', look)
      this.#waiting.delete(look)
    }
    if (signal?.aborted)
      throw new MessengerError('aborted', 'waiting for the delivery was aborted', { cause: signal.reason })
    if (isClosing()) throw new MessengerError('closed', 'the messenger was closed before the delivery')
  }

  #courier(peer: string): Courier {
    const known = this.#couriers.get(peer)
    if (known) return known
    const { store, clock, retry, people, emitter, onError, isClosing } = this.#context
    const { resolver, lastResort, nearby, sources, meet, isRestarting } = this.#context
    const network = this.#context.network()
    const publicKey = fromHex(peer)
    const courier = new Courier(peer, publicKey, {
      store,
      network,
      clock,
      retry,
      random,
      resolve: (key, options) => this.#resolve(peer, key, options),
      forget: (key, address) => resolver?.forget(key, address),
      lastResort,
      nearby: () => nearby(peer),
      sources,
      meet,
      isBlocked: () => people.isBlocked(peer),
      connections: () => network.connectionsOf(publicKey),
      isRestarting,
      hasErrand: () => this.#context.hasErrand(peer),
      onDelivered: (to, guid) => emitter.emit('delivered', { id: String(guid), to }),
      onRefused: (to, guid) => emitter.emit('waiting', { id: String(guid), to }),
      onFailed: () => this.wakeWaiting(),
      onState: (to, state) => emitter.emit('state', { peer: to, ...state }),
      onQuiet: (quiet) => {
        if (quiet.idle && this.#couriers.get(peer) === quiet) this.#couriers.delete(peer)
      },
      onError,
    })
    this.#couriers.set(peer, courier)
    // An acknowledgement that comes while we close is written down, and nothing else begins.
    if (isClosing()) courier.close()
    return courier
  }

  async #resolve(
    peer: string,
    publicKey: Uint8Array,
    options: { force: boolean; signal: AbortSignal },
  ): Promise<string[]> {
    const { resolver } = this.#context
    const hints = this.#hints.get(peer) ?? []
    if (hints.length > 0 && (!resolver || !options.force)) return hints
    const found = (await resolver?.resolve(publicKey, options)) ?? []
    return found.map(({ address }) => address)
  }
}
