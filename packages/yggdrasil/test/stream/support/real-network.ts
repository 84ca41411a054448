import {
  type DatagramTransport,
  type DialOptions,
  type ListenOptions,
  parseAddress,
  type StreamTransport,
  steadyClock,
  TransportError,
} from '@mimirjs/transport'
import type { Random } from '@mimirjs/transport/testing'
import { toHex } from '../../../src/hex.js'
import { keyId } from '../../../src/key.js'
import { systemTurn } from '../../../src/links/turn.js'
import { OverlayDatagrams } from '../../../src/stream/datagrams.js'
import { StreamStack } from '../../../src/stream/stack.js'
import { OverlayStreams } from '../../../src/stream/streams.js'
import type { StreamHost } from '../../../src/stream/types.js'

const nextTurn = systemTurn()

/** A stack driven by the real clock, as a node drives it. */
export class RealHost implements StreamHost {
  readonly stack: StreamStack
  readonly streams: OverlayStreams
  readonly datagrams: OverlayDatagrams
  readonly thrown: unknown[] = []
  #isWoken = false
  #cancel: (() => void) | undefined

  constructor(network: RealNetwork, publicKey: Uint8Array) {
    this.stack = new StreamStack({
      publicKey,
      output: { send: (remote, packet) => network.carry(publicKey, remote, packet) },
      randomPort: () => network.random.integer(65_536),
      isPortAllowed: (port) => port < 256 || port > 767,
      onThrow: (error) => this.thrown.push(error),
    })
    this.streams = new OverlayStreams(this)
    this.datagrams = new OverlayDatagrams(this)
  }

  nowMs(): number {
    return steadyClock.nowMs()
  }

  wake(): void {
    if (this.#isWoken) return
    this.#isWoken = true
    queueMicrotask(() => {
      this.#isWoken = false
      this.advance()
    })
  }

  advance(): void {
    this.stack.advance(this.nowMs())
    this.#cancel?.()
    const { nextDeadlineMs } = this.stack
    const delayMs = Math.max(0, nextDeadlineMs - this.nowMs())
    this.#cancel =
      nextDeadlineMs === Number.POSITIVE_INFINITY ? undefined : steadyClock.schedule(() => this.advance(), delayMs)
  }

  stop(): void {
    this.#cancel?.()
  }
}

/** Nodes in this process, and what lies between them: packets come in order, after a while, and some never. */
export class RealNetwork {
  readonly random: Random
  readonly #loss: number
  readonly #delayMs: number
  readonly #hosts = new Map<string, RealHost>()
  #inFlight: {
    readonly atMs: number
    readonly from: Uint8Array
    readonly to: RealHost
    readonly packet: Uint8Array
  }[] = []
  #isDue = false

  constructor(random: Random, { loss = 0, delayMs = 0 }: { loss?: number; delayMs?: number } = {}) {
    this.random = random
    this.#loss = loss
    this.#delayMs = delayMs
  }

  host(firstByte: number): RealHost {
    const key = new Uint8Array(32).fill(firstByte)
    const host = new RealHost(this, key)
    this.#hosts.set(keyId(key), host)
    return host
  }

  carry(from: Uint8Array, remote: Uint8Array, packet: Uint8Array): boolean {
    const to = this.#hosts.get(keyId(remote))
    if (to === undefined || this.random.chance(this.#loss)) return true
    this.#inFlight.push({ atMs: to.nowMs() + this.#delayMs, from, to, packet: packet.slice() })
    this.#wait()
    return true
  }

  #wait(): void {
    const first = this.#inFlight[0]
    if (this.#isDue || first === undefined) return
    this.#isDue = true
    const delayMs = first.atMs - steadyClock.nowMs()
    if (delayMs > 0) steadyClock.schedule(() => this.#deliver(), delayMs)
    else nextTurn(() => this.#deliver())
  }

  #deliver(): void {
    this.#isDue = false
    const nowMs = steadyClock.nowMs()
    const touched = new Set<RealHost>()
    let count = 0
    for (const { atMs, from, to, packet } of this.#inFlight) {
      if (atMs > nowMs) break
      count++
      to.stack.receive(from, packet, nowMs)
      touched.add(to)
    }
    this.#inFlight.splice(0, count)
    for (const host of touched) host.advance()
    this.#wait()
  }
}

/** Dials from one node, listens on the other. */
export function acrossStreams(near: RealHost, far: RealHost): StreamTransport {
  return {
    scheme: 'ygg',
    dial: (address: string, options?: DialOptions) => near.streams.dial(address, options),
    listen: (address: string, options: ListenOptions) => far.streams.listen(address, options),
  }
}

/** Binds on whichever of the nodes the address names. */
export function onBoth(...hosts: readonly RealHost[]): DatagramTransport {
  return {
    scheme: 'ygg',
    async open(address, options) {
      const { host } = parseAddress(address, 'ygg')
      const found = hosts.find(({ stack }) => toHex(stack.publicKey) === host)
      if (found === undefined) throw new TransportError('bad-address', `no node has the key ${host}`)
      return found.datagrams.open(address, options)
    },
  }
}
