import { createRandom, type Random } from '@mimirjs/transport/testing'
import type { StreamLimits } from '../../../src/limits.js'
import type { StreamConnection } from '../../../src/stream/connection.js'
import { StreamStack } from '../../../src/stream/stack.js'
import type { StreamEvents, StreamFailure, StreamOutput } from '../../../src/stream/types.js'

/** One direction of a link: what a packet meets on its way. */
export interface PathOptions {
  /** One way, in ms. Default 0. */
  readonly delayMs?: number
  /** Probability that a packet is lost. Default 0. */
  readonly loss?: number
  /** Default: no limit. */
  readonly bytesPerMs?: number
  /** Bytes that may wait for the link; what does not fit is lost. Default: no limit. */
  readonly queueBytes?: number
  /** Whether the sender is asked to wait when more than this waits. Default: never. */
  readonly waitAboveBytes?: number
}

/** What a {@link Simulation} needs of one direction. */
export interface Lane {
  /** When something happens on it by itself. */
  readonly nextMs: number
  /** @returns `false` when the sender is asked to wait */
  send(bytes: Uint8Array, nowMs: number): boolean
  /** A packet that has arrived. */
  take(nowMs: number): Uint8Array | undefined
  /** Whether the sender may go on after it was asked to wait. */
  takeDrain(nowMs: number): boolean
}

interface Arrival {
  readonly atMs: number
  readonly bytes: Uint8Array
}

/** Packets in order, some lost: what a session gives. */
export class Path implements Lane {
  readonly options: PathOptions
  /** Packets given to it, and those of them that were lost by chance or for want of room. */
  sent = 0
  lost = 0
  overflowed = 0
  /** Packets seen, when asked for. */
  log: ((bytes: Uint8Array, nowMs: number) => void) | undefined
  /** Changes packets on their way. */
  edit: ((bytes: Uint8Array) => void) | undefined
  /** Loses those for which it says so, besides chance. */
  drop: ((bytes: Uint8Array, nowMs: number) => boolean) | undefined
  readonly #random: Random
  #arrivals: Arrival[] = []
  #head = 0
  #busyUntilMs = 0
  #hasRefused = false

  constructor(options: PathOptions, random: Random) {
    this.options = options
    this.#random = random
  }

  get nextMs(): number {
    return Math.min(this.#arrivals[this.#head]?.atMs ?? Number.POSITIVE_INFINITY, this.#drainMs)
  }

  get #drainMs(): number {
    return this.#hasRefused ? this.#busyUntilMs : Number.POSITIVE_INFINITY
  }

  send(bytes: Uint8Array, nowMs: number): boolean {
    const { delayMs = 0, loss = 0, bytesPerMs, queueBytes = Number.POSITIVE_INFINITY, waitAboveBytes } = this.options
    this.sent++
    this.log?.(bytes, nowMs)
    let leavesMs = nowMs
    if (bytesPerMs !== undefined) {
      const waiting = Math.max(0, this.#busyUntilMs - nowMs) * bytesPerMs
      if (waiting + bytes.length > queueBytes) {
        this.overflowed++
        return true
      }
      this.#busyUntilMs = Math.max(this.#busyUntilMs, nowMs) + bytes.length / bytesPerMs
      leavesMs = this.#busyUntilMs
      if (waitAboveBytes !== undefined && waiting + bytes.length > waitAboveBytes) this.#hasRefused = true
    }
    const isLost = this.#random.chance(loss)
    if (isLost || this.drop?.(bytes, nowMs)) {
      this.lost++
    } else {
      const arriving = bytes.slice()
      this.edit?.(arriving)
      this.#arrivals.push({ atMs: leavesMs + delayMs, bytes: arriving })
    }
    return !this.#hasRefused
  }

  take(nowMs: number): Uint8Array | undefined {
    const first = this.#arrivals[this.#head]
    if (first === undefined || first.atMs > nowMs) return undefined
    this.#head++
    if (this.#head > 1024) {
      this.#arrivals.splice(0, this.#head)
      this.#head = 0
    }
    return first.bytes
  }

  takeDrain(nowMs: number): boolean {
    if (!this.#hasRefused || nowMs < this.#busyUntilMs) return false
    this.#hasRefused = false
    return true
  }
}

export interface SimulationOptions {
  readonly seed?: number
  readonly forth?: PathOptions
  readonly back?: PathOptions
  readonly limits?: Partial<StreamLimits>
  readonly isPortAllowed?: (port: number) => boolean
}

export const KEY_A: Uint8Array = new Uint8Array(32).fill(0xa1)
export const KEY_B: Uint8Array = new Uint8Array(32).fill(0xb2)

/** What sits at one end. */
export interface Party {
  readonly nextDeadlineMs: number
  receive(remote: Uint8Array, packet: Uint8Array, nowMs: number): void
  advance(nowMs: number): void
  drained(nowMs: number): void
}

/** A stack that sends into a lane. */
export function stackOn(
  lane: Lane,
  publicKey: Uint8Array,
  { limits = {}, isPortAllowed = () => true }: SimulationOptions = {},
): StreamStack {
  const output: StreamOutput = { send: (_, bytes, nowMs) => lane.send(bytes, nowMs) }
  const onThrow = (): void => {}
  return new StreamStack({ publicKey, output, randomPort: () => 0, limits, isPortAllowed, onThrow })
}

/** Two parties, two lanes and a clock turned by hand. */
export class World<A extends Party, B extends Party, Forth extends Lane, Back extends Lane> {
  nowMs = 0
  readonly a: A
  readonly b: B
  readonly forth: Forth
  readonly back: Back

  constructor(a: A, b: B, forth: Forth, back: Back) {
    this.a = a
    this.b = b
    this.forth = forth
    this.back = back
  }

  get nextMs(): number {
    return Math.min(this.a.nextDeadlineMs, this.b.nextDeadlineMs, this.forth.nextMs, this.back.nextMs)
  }

  /** Everything that is due now. */
  settle(): void {
    for (let rounds = 0; this.nextMs <= this.nowMs; rounds++) {
      if (rounds > 10_000) throw new Error(`time stands still at ${this.nowMs} ms`)
      this.step()
    }
  }

  step(): void {
    const { nowMs, a, b, forth, back } = this
    for (let bytes = forth.take(nowMs); bytes !== undefined; bytes = forth.take(nowMs)) b.receive(KEY_A, bytes, nowMs)
    for (let bytes = back.take(nowMs); bytes !== undefined; bytes = back.take(nowMs)) a.receive(KEY_B, bytes, nowMs)
    if (forth.takeDrain(nowMs)) a.drained(nowMs)
    if (back.takeDrain(nowMs)) b.drained(nowMs)
    if (a.nextDeadlineMs <= nowMs) a.advance(nowMs)
    if (b.nextDeadlineMs <= nowMs) b.advance(nowMs)
  }

  /** Let time pass until something holds, or until a time. @returns whether it held */
  runUntil(done: () => boolean, untilMs = Number.POSITIVE_INFINITY): boolean {
    for (;;) {
      this.settle()
      if (done()) return true
      const { nextMs } = this
      if (nextMs > untilMs || nextMs === Number.POSITIVE_INFINITY) {
        if (untilMs !== Number.POSITIVE_INFINITY) this.nowMs = untilMs
        return done()
      }
      this.nowMs = Math.max(this.nowMs, nextMs)
    }
  }

  run(ms: number): void {
    this.runUntil(() => false, this.nowMs + ms)
  }
}

/**
 * Makes acknowledgements of ours what they are in the reference: it does not tell which segment has come behind a gap, and
 * its window does not grow.
 */
export function asReference(bytes: Uint8Array): void {
  if (bytes.length > 16 || bytes[12] !== 0x02) return
  bytes.fill(0, 4, 8)
  const window = (bytes[13]! << 16) | (bytes[14]! << 8) | bytes[15]!
  if (window > 524_288) bytes.set([0x08, 0, 0], 13)
}

/** Two stacks over paths that lose and delay what a session may lose and delay. `a` dials, `b` listens. */
export class Simulation extends World<StreamStack, StreamStack, Path, Path> {
  constructor(options: SimulationOptions = {}) {
    const { seed = 1, forth = {}, back = forth } = options
    const random = createRandom(seed)
    const paths = [new Path(forth, random.fork()), new Path(back, random.fork())] as const
    super(stackOn(paths[0], KEY_A, options), stackOn(paths[1], KEY_B, options), ...paths)
  }
}

/** Reads a connection, and keeps what it was told. */
export class Reader implements StreamEvents {
  readonly connection: StreamConnection
  received = 0
  opens = 0
  ends = 0
  drains = 0
  closes = 0
  failure: StreamFailure | undefined
  /** What came, when it is to be kept. */
  kept: Uint8Array[] | undefined
  onData: ((chunk: Uint8Array) => void) | undefined
  onDrain: (() => void) | undefined
  readonly complaints: string[] = []

  constructor(connection: StreamConnection) {
    this.connection = connection
    connection.attach(this)
  }

  /** All that was kept. */
  get content(): Uint8Array {
    return joined(this.kept ?? [])
  }

  opened(): void {
    this.#told('opened')
    this.opens++
  }

  data(chunk: Uint8Array): void {
    this.#told('data')
    if (this.ends > 0) this.complaints.push('data after the end')
    if (chunk.length === 0) this.complaints.push('data without bytes')
    this.received += chunk.length
    this.kept?.push(chunk.slice())
    this.onData?.(chunk)
  }

  end(): void {
    this.#told('end')
    this.ends++
  }

  drain(): void {
    this.#told('drain')
    this.drains++
    this.onDrain?.()
  }

  closed(failure?: StreamFailure): void {
    this.#told('closed')
    this.closes++
    this.failure = failure
  }

  #told(what: string): void {
    if (this.closes > 0) this.complaints.push(`${what} after closed`)
  }
}

export function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
