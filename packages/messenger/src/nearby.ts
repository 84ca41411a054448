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
  onEvent(event: NearbyEvent): void
  onError(this: void, error: MessengerError): void
}

/** Who is on the local network, and our node there. The blocked are there for nobody. */
export class Nearby {
  readonly #context: NearbyContext
  #discovery: Discovery | undefined
  #isOver = false
  /** Whose addresses led nowhere the last time, and nothing was heard of a new one since. */
  readonly #doubtful = new Set<string>()
  readonly #endNodeWatch: () => void

  constructor(context: NearbyContext) {
    const { network, onError, mayCome } = context
    this.#context = context
    network.doors.mayCome = (peer) => !this.#isOver && mayCome(peer)
    this.#endNodeWatch = network.node.on('error', ({ error }) =>
      onError(multicastError('our node of the local network', error)),
    )
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
      const { Discovery: Opened } = await import('@mimirjs/multicast')
      discovery = await Opened.open({
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
    discovery.on('closed', (cause) => onError(multicastError('nobody is found on the local network any more', cause)))
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
    return {
      addresses: person.addresses,
      isDoubtful: this.#doubtful.has(peer),
      tried: (success) => {
        if (success) this.#doubtful.delete(peer)
        else if (this.#discovery?.person(person.publicKey)?.address === person.address) this.#doubtful.add(peer)
      },
    }
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
    this.#doubtful.delete(peer)
    if (!this.#context.people.isBlocked(peer)) this.#context.onEvent({ peer, address, state })
  }
}
