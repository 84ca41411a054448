import type { Signer } from '@mimirjs/crypto'
import type { Discovery, Person } from '@mimirjs/multicast'
import type { Clock, Logger } from '@mimirjs/transport'
import { fromHex, toHex } from '@mimirjs/wire'
import type { NearbyWay } from './dial.js'
import type { MessengerError } from './error.js'
import {
  type LocalNetwork,
  type MulticastHealth,
  multicastError,
  type NearbyEvent,
  type NearbyPerson,
} from './multicast.js'
import type { People } from './people.js'

export interface NearbyContext {
  readonly network: LocalNetwork
  readonly signer: Signer
  readonly people: Pick<People, 'isContact' | 'isBlocked'>
  readonly clock: Clock | undefined
  readonly logger: Logger | undefined
  /** Whether this person may open a session with us. */
  mayCome(peer: string): boolean
  /** Where the connections of this person lead: address URLs. */
  connectedTo(peer: string): readonly string[]
  onEvent(event: NearbyEvent): void
  /** Somebody is at an address that did not lead nowhere before. */
  onFound(peer: string, address: string): void
  onError(this: void, error: MessengerError): void
}

/** Who is on the local network, and our node there. The blocked are there for nobody. */
export class Nearby {
  readonly #context: NearbyContext
  #discovery: Discovery | undefined
  #isOver = false
  /** Whom we look for at a new address. */
  readonly #seeking = new Set<string>()
  /** By person: addresses that led nowhere when they were tried last. Saying them again makes them no better. */
  readonly #doubtful = new Map<string, Set<string>>()
  readonly #endNodeWatch: () => void

  constructor(context: NearbyContext) {
    const { network, onError, mayCome } = context
    this.#context = context
    network.doors.mayCome = (peer) => !this.#isOver && mayCome(peer)
    this.#endNodeWatch = network.node.on('error', ({ error }) => {
      onError(multicastError('our node of the local network', error))
      // There is no node any more: nobody is to be told of it, or dialled from it.
      if (error instanceof Error && 'code' in error && error.code === 'socket') this.#seeNobody()
    })
  }

  /** Where our node is: `mp2p://` URL. */
  get address(): string {
    return this.#context.network.node.address
  }

  get health(): MulticastHealth {
    const { address, interfaceName } = this.#context.network.node
    return { address, interface: interfaceName, nearby: this.list().length }
  }

  /** Look around, and be seen. Rejects with {@link MessengerError} `multicast`. */
  async start(): Promise<void> {
    const { network, signer, people, clock, logger, onError } = this.#context
    const { options } = network
    let discovery: Discovery
    try {
      discovery = await network.discover({
        network: network.network,
        signer,
        family: options.family ?? 4,
        isPreferred: (peer) => people.isContact(peer),
        interface: options.interface,
        port: options.port,
        address: (options.announce ?? true) ? this.address : undefined,
        clock,
        logger,
      })
    } catch (cause) {
      throw multicastError('people on the local network cannot be looked for', cause)
    }
    this.#discovery = discovery
    discovery.on('found', (person) => this.#changed(person, 'found'))
    discovery.on('changed', (person) => this.#changed(person, 'found'))
    discovery.on('lost', (person) => this.#changed(person, 'lost'))
    discovery.on('closed', (cause) => {
      onError(multicastError('nobody is found on the local network any more', cause))
      this.#seeNobody()
    })
    if (this.#isOver) await discovery.close()
  }

  list(): NearbyPerson[] {
    const { people } = this.#context
    return (this.#discovery?.people() ?? [])
      .map(({ publicKey, address }) => ({ peer: toHex(publicKey), address }))
      .filter(({ peer }) => !people.isBlocked(peer))
      .map((person) => ({ ...person, contact: people.isContact(person.peer) }))
  }

  /** How to reach somebody here. */
  way(peer: string): NearbyWay | undefined {
    const person = this.#isOver ? undefined : this.#discovery?.person(fromHex(peer))
    if (person === undefined) return undefined
    const isDoubtful = (address: string): boolean => this.#doubtful.get(peer)?.has(address) ?? false
    const { addresses } = person
    return {
      addresses: [...addresses].sort((a, b) => Number(isDoubtful(a)) - Number(isDoubtful(b))),
      isDoubtful: addresses.every(isDoubtful),
      tried: (address, success) => this.#tried(peer, address, success),
    }
  }

  /** Whoever had been let in has to ask again, and is not there for us. */
  blocked(peer: string): void {
    this.#context.network.node.removePeer(fromHex(peer))
    const person = this.#discovery?.person(fromHex(peer))
    if (person !== undefined) this.#context.onEvent({ peer, address: person.address, state: 'lost' })
  }

  unblocked(peer: string): void {
    const person = this.#discovery?.person(fromHex(peer))
    if (person !== undefined) this.#changed(person, 'found')
  }

  /** The network is back, or the machine woke up. */
  refresh(): void {
    this.#doubtful.clear()
    this.#discovery?.refresh()
  }

  /** Be seen no more; connections stay. */
  async leave(): Promise<void> {
    this.#isOver = true
    await this.#discovery?.close()
  }

  async close(): Promise<void> {
    await this.leave()
    this.#endNodeWatch()
    await this.#context.network.node.close()
  }

  #changed({ publicKey, address }: Person, state: NearbyEvent['state']): void {
    const peer = toHex(publicKey)
    if (state === 'lost') this.#doubtful.delete(peer)
    if (this.#context.people.isBlocked(peer)) return
    // What leads nowhere is no news, however often it is said: nobody is to be dialled for it again and again.
    if (state === 'found' && this.#doubtful.get(peer)?.has(address)) return
    this.#context.onEvent({ peer, address, state })
    if (state === 'lost') return
    this.#seek(peer, address)
    this.#context.onFound(peer, address)
  }

  /** For good. Who is there cannot be told any more. */
  #seeNobody(): void {
    const [discovery, people] = [this.#discovery, this.list()]
    this.#discovery = undefined
    void discovery?.close()
    for (const { peer, address } of people) this.#context.onEvent({ peer, address, state: 'lost' })
  }

  #tried(peer: string, address: string, success: boolean): void {
    const doubtful = this.#doubtful.get(peer) ?? new Set()
    doubtful.delete(address)
    // Who went meanwhile begins anew.
    if (!success && this.#discovery?.person(fromHex(peer)) !== undefined) doubtful.add(address)
    const [oldest] = doubtful
    if (doubtful.size > MAX_DOUBTFUL && oldest !== undefined) doubtful.delete(oldest)
    if (doubtful.size > 0) this.#doubtful.set(peer, doubtful)
    else this.#doubtful.delete(peer)
  }

  /**
   * Whoever is connected with us here and says that they are somewhere else has started anew, most likely, and knows nothing
   * of the connection; nothing would tell us for half a minute. A stream to the new place does: if they are there, the
   * connections of before end.
   */
  #seek(peer: string, address: string): void {
    const { network, connectedTo } = this.#context
    const isElsewhere = connectedTo(peer).some((other) => other.startsWith('mp2p://') && other !== address)
    if (!isElsewhere || this.#seeking.has(peer)) return
    this.#seeking.add(peer)
    network.node.streams
      .dial(address, { timeoutMs: SEEK_MS })
      .then(
        (stream) => {
          stream.start({ data() {}, end() {}, drain() {}, closed() {} })
          stream.abort()
        },
        () => {
          // Somebody says what they said once, or they are gone again: the connection there is goes on.
          if (!this.#isOver) this.#tried(peer, address, false)
        },
      )
      .finally(() => this.#seeking.delete(peer))
  }
}

/** How long somebody is looked for at a new address. */
const SEEK_MS = 10_000
/** Of one person: more places than anybody starts from in a while, each of which may be said again by anybody. */
const MAX_DOUBTFUL = 64
