import { type Clock, steadyClock } from '@mimirjs/transport'
import { createRandom, type DatagramFaults } from '@mimirjs/transport/testing'
import { MulticastError } from '../error.js'
import type { MulticastNetwork, MulticastSocket, MulticastSocketOptions, PrefixInterface } from '../node/network.js'
import { type Air, MemoryMulticastSocket } from './memory-socket.js'

export interface MulticastMemoryOptions {
  /** Of the faults. Default 1. */
  readonly seed?: number
  /**
   * Datagrams arrive when it is turned, by 0 ms at least. Default: the system's, and without `delayMs` they arrive in the
   * next turn of the event loop.
   */
  readonly clock?: Clock
  /** What happens to datagrams, for each receiver anew. Default: nothing. */
  readonly faults?: DatagramFaults
}

/** One link with multicast, in memory: every socket that joined a group hears what is sent to the group and its port. */
export interface MulticastMemory {
  /** From now on. */
  faults: DatagramFaults
  /** Datagrams handed to the link so far, before faults. */
  readonly sent: number
  /** Datagrams delivered so far, each receiver counted. */
  readonly delivered: number
  /** Sockets open. */
  readonly sockets: number
  /**
   * What a host has of the link.
   * @param host - what the others see datagrams come from; default: 192.0.2.1, 192.0.2.2, …
   */
  network(host?: string): MulticastNetwork
  /** Send a datagram in the name of any host: for hostile ones. */
  inject(bytes: Uint8Array, group: Uint8Array, port: number, host?: string): void
  /** See every datagram that is sent. @returns a function that takes the listener off again */
  listen(listener: (bytes: Uint8Array, to: string, host: string) => void): () => void
}

export function createMulticastMemory(options: MulticastMemoryOptions = {}): MulticastMemory {
  return new MemoryLink(options)
}

/** A datagram on its way. */
interface Flight {
  readonly bytes: Uint8Array
  readonly to: string
  readonly host: string
}

class MemoryLink implements MulticastMemory, Air {
  faults: DatagramFaults
  sent = 0
  delivered = 0
  readonly #clock: Clock | undefined
  readonly #random: ReturnType<typeof createRandom>
  readonly #open = new Set<MemoryMulticastSocket>()
  readonly #listeners = new Set<(bytes: Uint8Array, to: string, host: string) => void>()
  #flights: Flight[] = []
  #hosts = 0
  #lastPort = 49_151

  constructor({ seed = 1, clock, faults = {} }: MulticastMemoryOptions) {
    this.#random = createRandom(seed)
    this.#clock = clock
    this.faults = faults
  }

  get sockets(): number {
    return this.#open.size
  }

  network(host: string = `192.0.2.${++this.#hosts}`): MulticastNetwork {
    return {
      open: async (options) => this.#socket(host, options),
      prefixInterface: (): PrefixInterface => ({ name: 'memory', cidr: '2001:db8::1/64' }),
    }
  }

  inject(bytes: Uint8Array, group: Uint8Array, port: number, host = '192.0.2.254'): void {
    this.send(bytes, MemoryMulticastSocket.addressOf(group, port), host)
  }

  listen(listener: (bytes: Uint8Array, to: string, host: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  send(bytes: Uint8Array, to: string, host: string): void {
    this.sent++
    for (const listener of this.#listeners) listener(bytes, to, host)
    this.#flights.push({ bytes, to, host })
    if (this.#flights.length > 1) return
    const land = (): void => {
      const landing = this.#flights
      this.#flights = []
      for (const flight of landing) this.#land(flight)
    }
    if (this.#clock === undefined) setImmediate(land)
    else this.#clock.schedule(land, 0)
  }

  closed(socket: MemoryMulticastSocket): void {
    this.#open.delete(socket)
  }

  #land({ bytes, to, host }: Flight): void {
    for (const socket of [...this.#open]) {
      if (!socket.hears(to)) continue
      const { dropChance = 0, duplicateChance = 0, reorderChance = 0, reorderMs = 10, delayMs = 0 } = this.faults
      if (this.#random.chance(dropChance)) continue
      const copies = this.#random.chance(duplicateChance) ? 2 : 1
      for (let copy = 0; copy < copies; copy++) {
        const lateMs = (this.#random.chance(reorderChance) ? reorderMs : 0) + this.#random.next() * delayMs
        this.#deliver(socket, bytes.slice(), host, lateMs)
      }
    }
  }

  #deliver(socket: MemoryMulticastSocket, bytes: Uint8Array, host: string, lateMs: number): void {
    const deliver = (): void => {
      if (socket.deliver(bytes, host)) this.delivered++
    }
    if (lateMs === 0) deliver()
    else (this.#clock ?? steadyClock).schedule(deliver, lateMs)
  }

  #socket(host: string, options: MulticastSocketOptions): MulticastSocket {
    if (options.signal?.aborted) {
      throw new MulticastError('aborted', 'open: aborted by the signal given', { cause: options.signal.reason })
    }
    if (options.groups.length === 0) throw new MulticastError('bad-address', 'groups: expected at least one')
    const socket = new MemoryMulticastSocket(this, host, { ...options, port: options.port || ++this.#lastPort })
    for (const other of this.#open) {
      if (!other.clashesWith(socket)) continue
      throw new MulticastError('address-in-use', `open port ${socket.port}: this host has it open for the same group`)
    }
    this.#open.add(socket)
    return socket
  }
}
