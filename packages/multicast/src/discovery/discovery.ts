import { randomBytes, type Signer } from '@mimirjs/crypto'
import { type Clock, type DatagramPeer, Emitter, type Logger, steadyClock } from '@mimirjs/transport'
import {
  ADDRESS_DECLARATION_SIGNED_BYTES,
  signedAddressDeclarationBytes,
  unsignedAddressDeclaration,
} from '@mimirjs/wire/multicast'
import { formatGroup, isIpv4Group, parseGroup, parseMulticastAddress } from '../address/index.js'
import { MulticastError } from '../error.js'
import type { MulticastNetwork, MulticastSocket } from '../node/network.js'
import { DISCOVERY_IPV4, DISCOVERY_IPV6, DISCOVERY_PORT } from './constants.js'
import { type DiscoveryLimits, discoveryLimitsOf } from './limits.js'
import { DiscoveryMachine } from './machine.js'
import type { DiscoveryEvents, DiscoveryVerdict, Person } from './types.js'

/** How to open a {@link Discovery}. */
export interface DiscoveryOptions {
  /** `multicastUdp()` of `@mimirjs/multicast/udp`, or that of a test. */
  readonly network: MulticastNetwork
  /** The identity that we are found by. */
  readonly signer: Pick<Signer, 'publicKey' | 'sign'>
  /** Where we are: `address` of our node. Without one we say nothing, and hear what others say. */
  readonly address?: string | undefined
  /** Over which protocol. Default: the one of `address`, else 4. People find each other only within the same. */
  readonly family?: 4 | 6 | undefined
  /**
   * Network interface, by name or by an address of it. Default: the first that is up, is not loopback and
   * has an address of the family.
   */
  readonly interface?: string | undefined
  /** UDP port, default {@link DISCOVERY_PORT}. Those on different ones do not hear each other. */
  readonly port?: number | undefined
  /** Whether this person, 64 hex digits, is let in though the table is full of strangers: a contact. Default nobody. */
  readonly isPreferred?: ((peer: string) => boolean) | undefined
  readonly limits?: Partial<DiscoveryLimits> | undefined
  /** Default: the steady clock of the system. */
  readonly clock?: Clock | undefined
  /** 0 ≤ x < 1. Default: the system's secure generator. */
  readonly random?: (() => number) | undefined
  /** Default: silent. */
  readonly logger?: Logger | undefined
  /** Stops the opening. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Says on the local network who and where we are, and hears who else is there. What is said is an address declaration of
 * multicast protocol §4.1, to a group of its own that does not leave the local network.
 *
 * @example
 * ```ts
 * const node = await MulticastNode.open({ signer, network, group: 'ipv4', port: 0 })
 * const discovery = await Discovery.open({ network, signer, address: node.address })
 * discovery.on('found', ({ address }) => console.log('there is', address))
 * ```
 */
export class Discovery {
  readonly #socket: MulticastSocket
  readonly #clock: Clock
  readonly #emitter: Emitter<DiscoveryEvents>
  readonly #machine: DiscoveryMachine
  readonly #declaration: Uint8Array | undefined
  #cancel: (() => void) | undefined
  /** When the timer fires; it may turn out to be too early, for what is heard puts deadlines off. */
  #timerMs = Number.POSITIVE_INFINITY
  #isOver = false

  private constructor(
    socket: MulticastSocket,
    to: DatagramPeer,
    family: 4 | 6,
    declaration: Uint8Array | undefined,
    options: DiscoveryOptions,
  ) {
    const { signer, limits, logger, isPreferred = () => false, random = systemRandom } = options
    this.#socket = socket
    this.#clock = options.clock ?? steadyClock
    this.#declaration = declaration
    this.#emitter = new Emitter((error) => logger?.error({ err: error }, 'a listener of discovery threw'))
    this.#machine = new DiscoveryMachine(
      {
        announce: () => {
          // A copy: what is handed to the socket is the socket's.
          if (declaration !== undefined) socket.send(declaration.slice(), to)
        },
        random,
        isPreferred: (peer) => {
          // Anybody on the network has it called, by a datagram.
          try {
            return isPreferred(peer)
          } catch (error) {
            logger?.error({ err: error }, 'isPreferred threw: taken for a no')
            return false
          }
        },
        found: (person) => this.#emitter.emit('found', person),
        changed: (person) => this.#emitter.emit('changed', person),
        lost: (person) => this.#emitter.emit('lost', person),
      },
      { publicKey: signer.publicKey, family, limits },
    )
  }

  /**
   * Open a socket on the group of discovery, shared with other programs of this machine, and say where we are.
   * @throws {MulticastError} `misuse` | `bad-address` | `bad-interface` | `address-in-use` | `aborted` | `socket`
   */
  static async open(options: DiscoveryOptions): Promise<Discovery> {
    const { network, signer, signal } = options
    const place = options.address === undefined ? undefined : parseMulticastAddress(options.address)
    const family = options.family ?? (place === undefined || isIpv4Group(place.group) ? 4 : 6)
    if (place !== undefined && isIpv4Group(place.group) !== (family === 4))
      throw new MulticastError('bad-address', `expected an address of IPv${family}, got ${options.address}`)
    const declaration = place && (await declare(signer, place.group, place.port))
    const port = options.port ?? DISCOVERY_PORT
    // Others could not know one that the system chooses.
    if (!(Number.isInteger(port) && port > 0 && port < 65_536))
      throw new MulticastError('misuse', `port: expected a whole number from 1 to 65535, got ${port}`)
    const limits = discoveryLimitsOf(options.limits)
    const group = parseGroup(family === 4 ? DISCOVERY_IPV4 : DISCOVERY_IPV6, { extraScopes: true })
    const socket = await network.open({
      groups: [group],
      port,
      interface: options.interface,
      signal,
      reuseAddress: true,
      hopLimit: 1,
    })
    const host = formatGroup(group)
    const to = socket.peer(`udp://${family === 4 ? host : `[${host}]`}:${port}`)
    const discovery = new Discovery(socket, to, family, declaration, { ...options, limits })
    discovery.#start()
    return discovery
  }

  /** Name of the network interface. */
  get interfaceName(): string {
    return this.#socket.interfaceName
  }

  /** What became of the datagrams that came, counted. */
  get counters(): Readonly<Record<DiscoveryVerdict, number>> {
    return this.#machine.counters
  }

  /** How many people are there. */
  get size(): number {
    return this.#machine.size
  }

  /** Who is there, as far as we know. */
  people(): Person[] {
    return this.#machine.people()
  }

  /** Somebody by their key, 32 bytes; `undefined` for whoever is not there, as far as we know. */
  person(publicKey: Uint8Array): Person | undefined {
    return this.#machine.person(publicKey)
  }

  /** @returns a function that takes the listener off again */
  on<Name extends keyof DiscoveryEvents>(name: Name, listener: (event: DiscoveryEvents[Name]) => void): () => void {
    return this.#emitter.on(name, listener)
  }

  /** The network is back, or the machine woke up: say where we are, though not again at once. */
  refresh(): void {
    if (this.#isOver || this.#declaration === undefined) return
    this.#machine.announce(this.#clock.nowMs())
    this.#schedule()
  }

  /** Say and hear nothing more. Others notice after a while: there is no word for leaving. */
  async close(): Promise<void> {
    this.#end()
    await this.#socket.close()
  }

  #start(): void {
    this.#socket.start({
      message: (bytes, from) => {
        if (this.#isOver) return
        this.#machine.receive(bytes, from.host ?? from.address, this.#clock.nowMs())
        this.#schedule()
      },
      closed: (cause) => {
        if (this.#isOver) return
        this.#end()
        const why = cause?.message ?? 'it was closed'
        this.#emitter.emit('closed', new MulticastError('socket', `the socket of discovery failed: ${why}`, { cause }))
      },
    })
    this.refresh()
  }

  #end(): void {
    this.#isOver = true
    this.#cancel?.()
  }

  #schedule(): void {
    const { deadlineMs } = this.#machine
    if (this.#isOver || deadlineMs >= this.#timerMs) return
    this.#cancel?.()
    this.#timerMs = deadlineMs
    this.#cancel = this.#clock.schedule(() => {
      this.#timerMs = Number.POSITIVE_INFINITY
      this.#machine.advance(this.#clock.nowMs())
      this.#schedule()
    }, deadlineMs - this.#clock.nowMs())
  }
}

/** Our declaration, signed once: Ed25519 makes the same bytes every time, and others know them again by that. */
async function declare(signer: DiscoveryOptions['signer'], address: Uint8Array, port: number): Promise<Uint8Array> {
  const datagram = unsignedAddressDeclaration({ port, address, src: signer.publicKey })
  datagram.set(await signer.sign(signedAddressDeclarationBytes(datagram).slice()), ADDRESS_DECLARATION_SIGNED_BYTES)
  return datagram
}

function systemRandom(): number {
  const bytes = randomBytes(4)
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) / 2 ** 32
}
