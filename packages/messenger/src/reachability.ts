import type { Peer } from '@mimirjs/peer'
import type { Announcing, Resolver } from '@mimirjs/resolver-client'
import type { Emitter, Listener, Logger } from '@mimirjs/transport'
import { MessengerError } from './error.js'
import { reachableAddress } from './reachable.js'
import type { ListenOptions, MessengerEvents } from './types.js'

export interface ReachabilityContext {
  /** Asked for late: the network comes after those who use it. */
  readonly network: () => Peer
  readonly resolver: Resolver | undefined
  /** Whether the trackers can be told of this address URL. */
  canAnnounce(this: void, address: string): boolean
  readonly hostAddresses: () => readonly string[]
  /** Where to listen unless told otherwise. */
  readonly defaultAddress: string
  readonly emitter: Emitter<MessengerEvents>
  readonly logger: Logger | undefined
  assertOpen(): void
  onError(this: void, error: unknown): void
}

/** Port 5050 is the protocol's own (peer protocol §2). */
export const TCP_ADDRESS = 'tcp://[::]:5050'

/** Where others can reach us, and that the trackers know. */
export class Reachability {
  readonly #context: ReachabilityContext
  readonly #listeners: Listener[] = []
  /** What tells the address to announce for a listener; `undefined` for none at present. */
  readonly #sources = new Map<Listener, () => string | undefined>()
  /** All of them together: the trackers keep what was announced last under our client ids. */
  #announcing: Announcing | undefined

  constructor(context: ReachabilityContext) {
    this.#context = context
  }

  /** Address URLs really listened on. */
  get addresses(): string[] {
    return this.#listeners.map(({ address }) => address)
  }

  /** @throws {MessengerError} `listen` | `closed` */
  async listen({ address = this.#context.defaultAddress, announce }: ListenOptions): Promise<string> {
    const { network, resolver, assertOpen } = this.#context
    let listener: Listener
    try {
      listener = await network().listen(address)
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new MessengerError('listen', `cannot listen on ${address}: ${why}`, { cause })
    }
    try {
      assertOpen()
      if (resolver) this.#announce(resolver, listener, announce)
    } catch (error) {
      this.#sources.delete(listener)
      await listener.close()
      throw error
    }
    this.#listeners.push(listener)
    return listener.address
  }

  /**
   * Take connections where nobody else is to be told of it.
   * @throws what the network says
   */
  async listenQuietly(address: string): Promise<void> {
    this.#listeners.push(await this.#context.network().listen(address))
  }

  /** The network gave up this listener. */
  lost(listener: Listener, cause: Error): void {
    const index = this.#listeners.indexOf(listener)
    if (index >= 0) this.#listeners.splice(index, 1)
    this.#sources.delete(listener)
    const message = `${listener.address} is not listened on any more: ${cause.message}`
    this.#context.onError(new MessengerError('listen', message, { cause }))
  }

  /** Announce again now: the network is back, and we may be somewhere else. */
  refresh(): void {
    this.#announcing?.refresh()
  }

  /** Announce no more. */
  silence(): void {
    this.#announcing?.stop()
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#listeners.map((listener) => listener.close()))
  }

  #announce(resolver: Resolver, listener: Listener, announce: ListenOptions['announce']): void {
    const { hostAddresses, canAnnounce, emitter, logger } = this.#context
    if (announce === undefined && !canAnnounce(listener.address)) {
      logger?.warn({ address: listener.address }, 'the trackers are of another network: not announced')
      return
    }
    if (typeof announce === 'string' && !canAnnounce(announce))
      throw new MessengerError('listen', `${announce} cannot be announced: the trackers are of another network`)
    const found = (): string | undefined => reachableAddress(listener.address, hostAddresses())
    if (announce === undefined && found() === undefined)
      throw new MessengerError(
        'listen',
        `${listener.address} is every interface of this machine, and none has a Yggdrasil address to announce: ` +
          'listen on one address, or say which to announce',
      )
    // Asked for again and again, for machines move.
    this.#sources.set(listener, typeof announce === 'string' ? () => announce : (announce ?? found))
    if (this.#announcing) {
      this.#announcing.refresh()
      return
    }
    this.#announcing = resolver.startAnnouncing({ address: () => this.#addressesToAnnounce() })
    this.#announcing.on('announced', ({ address, ttlSeconds }) => emitter.emit('announced', { address, ttlSeconds }))
    this.#announcing.on('failed', ({ error }) => logger?.warn({ err: error }, 'announce failed'))
  }

  #addressesToAnnounce(): string[] {
    const { canAnnounce } = this.#context
    const addresses = [...this.#sources.values()].map((source) => source())
    return [...new Set(addresses.filter((address) => address !== undefined))].filter(canAnnounce)
  }
}
