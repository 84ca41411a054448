import type { Random } from '@mimirjs/transport/testing'
import type { Lane } from './simulation.js'

const MSS_BYTES = 1448
const BETA = 0.7
const CUBIC = 0.4
const MIN_RTO_MS = 200
const NEVER = Number.POSITIVE_INFINITY

export interface TcpModelOptions {
  /** One way, in ms. */
  readonly delayMs: number
  /** Probability that a packet of either direction is lost. */
  readonly loss: number
  /** Bytes that the system takes before it asks to wait. Default 65,536. */
  readonly sendBufferBytes?: number
}

interface Sent {
  readonly bytes: number
  sentMs: number
  resent: boolean
  arrived: boolean
  lost: boolean
  /** Counts transmissions: later ones have higher numbers. */
  order: number
}

/**
 * TCP as the kernel does it, cubic with selective acknowledgements, over a link that loses packets: one direction. It is
 * what streams are measured against, and what carries them where a link of the overlay is bad. Packets that are written
 * come out whole, in order, and never get lost: late they are.
 */
export class TcpModel implements Lane {
  readonly #options: Required<TcpModelOptions>
  readonly #random: Random
  /** Bytes written, and packets by the offset behind them. */
  #written = 0
  #packets: { readonly end: number; readonly bytes: Uint8Array }[] = []
  #segments: Sent[] = []
  #una = 0
  #sentBytes = 0
  #ackedBytes = 0
  #deliveredSegments = 0
  #deliveredBytes = 0
  #order = 0
  #window = 10
  #threshold = NEVER
  #windowBefore = 0
  #reducedMs = 0
  #recoverOrder = -1
  #roundTripMs = -1
  #variationMs = 0
  #rtoAtMs = NEVER
  #doublings = 0
  #hasRefused = false
  /** Things on their way to the other side, and back. */
  #events: { readonly atMs: number; readonly segment: number; readonly isAck: boolean; readonly order: number }[] = []
  #out: Uint8Array[] = []

  constructor(options: TcpModelOptions, random: Random) {
    this.#options = { sendBufferBytes: 65_536, ...options }
    this.#random = random
  }

  /** Bytes that have come out in order. */
  get deliveredBytes(): number {
    return this.#deliveredBytes
  }

  get bufferedBytes(): number {
    return this.#written - this.#ackedBytes
  }

  get nextMs(): number {
    return Math.min(this.#events[0]?.atMs ?? NEVER, this.#rtoAtMs)
  }

  send(bytes: Uint8Array, nowMs: number): boolean {
    this.#written += bytes.length
    this.#packets.push({ end: this.#written, bytes: bytes.slice() })
    this.#transmit(nowMs)
    if (this.bufferedBytes > this.#options.sendBufferBytes) this.#hasRefused = true
    return !this.#hasRefused
  }

  take(nowMs: number): Uint8Array | undefined {
    this.#run(nowMs)
    return this.#out.shift()
  }

  takeDrain(nowMs: number): boolean {
    this.#run(nowMs)
    if (!this.#hasRefused || this.bufferedBytes > (this.#options.sendBufferBytes * 2) / 3) return false
    this.#hasRefused = false
    return true
  }

  #run(nowMs: number): void {
    for (let event = this.#events[0]; event !== undefined && event.atMs <= nowMs; event = this.#events[0]) {
      this.#events.shift()
      if (event.isAck) this.#acknowledged(event.segment, event.order, event.atMs)
      else this.#arrived(event.segment, event.order, event.atMs)
    }
    if (nowMs >= this.#rtoAtMs) this.#timedOut(nowMs)
  }

  #post(atMs: number, segment: number, isAck: boolean, order: number): void {
    if (this.#random.chance(this.#options.loss)) return
    let index = this.#events.length
    while (index > 0 && this.#events[index - 1]!.atMs > atMs) index--
    this.#events.splice(index, 0, { atMs, segment, isAck, order })
  }

  #arrived(segment: number, order: number, nowMs: number): void {
    this.#segments[segment]!.arrived = true
    while (this.#segments[this.#deliveredSegments]?.arrived) {
      this.#deliveredBytes += this.#segments[this.#deliveredSegments]!.bytes
      this.#deliveredSegments++
    }
    while (this.#packets.length > 0 && this.#packets[0]!.end <= this.#deliveredBytes)
      this.#out.push(this.#packets.shift()!.bytes)
    this.#post(nowMs + this.#options.delayMs, segment, true, order)
  }

  /** Every acknowledgement tells all that has arrived by the time it left; its loss costs only time. */
  #acknowledged(segment: number, order: number, nowMs: number): void {
    const acked = this.#segments[segment]!
    if (!acked.resent) this.#measured(nowMs - acked.sentMs)
    let fresh = 0
    const leftMs = nowMs - this.#options.delayMs
    for (let index = this.#una; index < this.#segments.length; index++) {
      const sent = this.#segments[index]!
      if (sent.arrived && sent.order <= order && sent.sentMs <= leftMs && !this.#known.has(index)) {
        this.#known.add(index)
        fresh++
      }
    }
    while (this.#known.has(this.#una)) {
      this.#ackedBytes += this.#segments[this.#una]!.bytes
      this.#una++
    }
    this.#findLost(order, nowMs)
    for (let count = 0; count < fresh; count++) this.#grow(nowMs)
    this.#doublings = 0
    this.#rtoAtMs = this.#una < this.#segments.length ? nowMs + this.#rtoMs : NEVER
    this.#transmit(nowMs)
  }

  readonly #known = new Set<number>()

  /** What left three packets before one that arrived, and did not arrive, is lost. */
  #findLost(order: number, nowMs: number): void {
    for (let index = this.#una; index < this.#segments.length; index++) {
      const sent = this.#segments[index]!
      if (this.#known.has(index) || sent.lost || sent.order > order - 3) continue
      sent.lost = true
      if (sent.order <= this.#recoverOrder) continue
      this.#recoverOrder = this.#order
      this.#windowBefore = this.#window
      this.#window = Math.max(2, this.#window * BETA)
      this.#threshold = this.#window
      this.#reducedMs = nowMs
    }
  }

  #grow(nowMs: number): void {
    if (this.#window < this.#threshold) {
      this.#window++
      return
    }
    const seconds = (nowMs - this.#reducedMs) / 1000
    const cubic = CUBIC * (seconds - Math.cbrt((this.#windowBefore * (1 - BETA)) / CUBIC)) ** 3 + this.#windowBefore
    const rounds = (nowMs - this.#reducedMs) / Math.max(1, this.#roundTripMs)
    const reno = this.#windowBefore * BETA + ((3 * (1 - BETA)) / (1 + BETA)) * rounds
    const target = Math.max(cubic, reno)
    if (target > this.#window) this.#window += Math.min(1, (target - this.#window) / this.#window)
  }

  #measured(ms: number): void {
    if (this.#roundTripMs < 0) {
      this.#roundTripMs = ms
      this.#variationMs = ms / 2
    } else {
      this.#variationMs += (Math.abs(ms - this.#roundTripMs) - this.#variationMs) / 4
      this.#roundTripMs += (ms - this.#roundTripMs) / 8
    }
  }

  get #rtoMs(): number {
    const baseMs = this.#roundTripMs < 0 ? 1000 : this.#roundTripMs + Math.max(MIN_RTO_MS, 4 * this.#variationMs)
    return baseMs * 2 ** this.#doublings
  }

  #timedOut(nowMs: number): void {
    this.#doublings++
    this.#threshold = Math.max(2, this.#window * BETA)
    this.#windowBefore = this.#window
    this.#reducedMs = nowMs
    this.#window = 1
    this.#recoverOrder = this.#order
    for (let index = this.#una; index < this.#segments.length; index++) {
      if (!this.#known.has(index)) this.#segments[index]!.lost = true
    }
    this.#rtoAtMs = nowMs + this.#rtoMs
    this.#transmit(nowMs)
  }

  #transmit(nowMs: number): void {
    let pipe = 0
    for (let index = this.#una; index < this.#segments.length; index++) {
      if (!this.#known.has(index) && !this.#segments[index]!.lost) pipe++
    }
    for (let index = this.#una; index < this.#segments.length && pipe < this.#window; index++) {
      const sent = this.#segments[index]!
      if (!sent.lost || this.#known.has(index)) continue
      sent.lost = false
      sent.resent = true
      sent.sentMs = nowMs
      sent.order = ++this.#order
      pipe++
      this.#post(nowMs + this.#options.delayMs, index, false, sent.order)
    }
    while (pipe < this.#window && this.#sentBytes < this.#written) {
      const bytes = Math.min(MSS_BYTES, this.#written - this.#sentBytes)
      const order = ++this.#order
      this.#segments.push({ bytes, sentMs: nowMs, resent: false, arrived: false, lost: false, order })
      this.#sentBytes += bytes
      pipe++
      this.#post(nowMs + this.#options.delayMs, this.#segments.length - 1, false, order)
    }
    if (this.#rtoAtMs === NEVER && this.#una < this.#segments.length) this.#rtoAtMs = nowMs + this.#rtoMs
  }
}

/** How many bytes a lone TCP connection that never runs out of data brings over in so many ms. */
export function tcpBytes(options: TcpModelOptions, random: Random, ms: number): number {
  const tcp = new TcpModel({ ...options, sendBufferBytes: 4_194_304 }, random)
  const block = new Uint8Array(65_536)
  for (let nowMs = 0; nowMs <= ms; nowMs = tcp.nextMs) {
    while (tcp.bufferedBytes < 1_048_576) tcp.send(block, nowMs)
    while (tcp.take(nowMs) !== undefined);
  }
  return tcp.deliveredBytes
}
