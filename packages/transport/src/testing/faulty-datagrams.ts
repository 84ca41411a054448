import { type Clock, steadyClock } from '../clock.js'
import type { DatagramHandlers, DatagramPeer, DatagramSocket, DatagramTransport } from '../types.js'
import type { FaultyOptions } from './faulty-streams.js'
import { createRandom, type Random } from './random.js'

/** What a faulty link does to datagrams on their way out. Everything is off when absent; chances are 0 to 1. */
export interface DatagramFaults {
  dropChance?: number
  duplicateChance?: number
  /** Hold a datagram back until the next one has passed it, or `reorderMs` went by. */
  reorderChance?: number
  /** Default 10. */
  reorderMs?: number
  /** Hold every datagram back for up to this long, each for itself: they overtake each other. */
  delayMs?: number
}

/** A datagram transport over a bad link: what its sockets send is lost, doubled, delayed and reordered. */
export function faultyDatagrams(
  transport: DatagramTransport,
  faults: DatagramFaults,
  { seed = 1, clock = steadyClock }: FaultyOptions = {},
): DatagramTransport {
  const random = createRandom(seed)
  return {
    scheme: transport.scheme,
    open: async (address, options) => {
      return new FaultyDatagramSocket(await transport.open(address, options), faults, random.fork(), clock)
    },
  }
}

class FaultyDatagramSocket implements DatagramSocket {
  readonly localAddress: string
  readonly maxDatagramBytes: number
  readonly #inner: DatagramSocket
  readonly #faults: DatagramFaults
  readonly #random: Random
  readonly #clock: Clock
  #heldBack: (() => void) | undefined

  constructor(inner: DatagramSocket, faults: DatagramFaults, random: Random, clock: Clock) {
    this.#inner = inner
    this.#faults = faults
    this.#random = random
    this.#clock = clock
    this.localAddress = inner.localAddress
    this.maxDatagramBytes = inner.maxDatagramBytes
  }

  start(handlers: DatagramHandlers): void {
    this.#inner.start(handlers)
  }

  peer(address: string): DatagramPeer {
    return this.#inner.peer(address)
  }

  send(bytes: Uint8Array, to: DatagramPeer): void {
    // The contract is not a fault: what may not be sent is refused even if it would be dropped, and at once.
    this.#inner.peer(to.address)
    if (bytes.length > this.maxDatagramBytes) this.#inner.send(bytes, to)
    const { dropChance = 0, duplicateChance = 0, reorderChance = 0, reorderMs = 10 } = this.#faults
    const dropped = this.#random.chance(dropChance)
    const copies = this.#random.chance(duplicateChance) ? 2 : 1
    const reordered = this.#random.chance(reorderChance)
    const release = this.#heldBack
    this.#heldBack = undefined
    for (let copy = 0; copy < copies && !dropped; copy++) {
      if (reordered && copy === 0) this.#holdBack(bytes, to, reorderMs)
      else this.#sendLater(bytes, to)
    }
    release?.()
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  #sendLater(bytes: Uint8Array, to: DatagramPeer): void {
    const { delayMs = 0 } = this.#faults
    if (delayMs === 0) this.#inner.send(bytes, to)
    else this.#clock.schedule(() => this.#inner.send(bytes, to), this.#random.next() * delayMs)
  }

  #holdBack(bytes: Uint8Array, to: DatagramPeer, untilMs: number): void {
    const release = (): void => {
      cancel()
      this.#sendLater(bytes, to)
    }
    const cancel = this.#clock.schedule(() => {
      if (this.#heldBack === release) this.#heldBack = undefined
      release()
    }, untilMs)
    this.#heldBack = release
  }
}
