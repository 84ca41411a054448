import { createClock, createRandom, type ManualClock, type Random } from '@mimirjs/transport/testing'
import type { StreamConnection } from '../../../src/stream/connection.js'
import type { StreamLimits } from '../../../src/stream/limits.js'
import { StreamMachine } from '../../../src/stream/machine.js'
import type { SegmentType } from '../../../src/stream/segment.js'
import type { StreamEvents, StreamFailure } from '../../../src/stream/types.js'

export const PAYLOAD_BYTES = 1187

/** What the way between two sides does to segments. */
export interface Way {
  readonly loss?: number
  readonly duplication?: number
  readonly reordering?: number
  readonly delayMs?: number
}

/** A user of a stream, who keeps what is told. */
export class User implements StreamEvents {
  readonly connection: StreamConnection
  readonly log: string[] = []
  readonly chunks: Uint8Array[] = []
  receivedBytes = 0
  failure: StreamFailure | undefined
  onData: ((chunk: Uint8Array) => void) | undefined
  onDrain: (() => void) | undefined
  onEnd: (() => void) | undefined

  constructor(connection: StreamConnection) {
    this.connection = connection
    connection.attach(this)
    connection.resume()
  }

  get isOpened(): boolean {
    return this.log.includes('opened')
  }

  get isEnded(): boolean {
    return this.log.includes('end')
  }

  get isClosed(): boolean {
    return this.log.includes('closed')
  }

  get received(): Uint8Array {
    const whole = new Uint8Array(this.receivedBytes)
    let at = 0
    for (const chunk of this.chunks) {
      whole.set(chunk, at)
      at += chunk.length
    }
    return whole
  }

  opened(): void {
    this.#note('opened')
  }

  data(chunk: Uint8Array): void {
    if (this.log.at(-1) !== 'data') this.#note('data')
    this.chunks.push(chunk.slice())
    this.receivedBytes += chunk.length
    this.onData?.(chunk)
  }

  end(): void {
    this.#note('end')
    this.onEnd?.()
  }

  drain(): void {
    this.#note('drain')
    this.onDrain?.()
  }

  closed(failure?: StreamFailure): void {
    this.#note('closed')
    this.failure = failure
  }

  #note(event: string): void {
    if (this.isClosed) throw new Error(`${event} after closed`)
    if (this.isEnded && event === 'data') throw new Error('data after end')
    this.log.push(event)
  }
}

/** One node: a machine, and the users of streams that others opened to it. */
export class Side {
  readonly key: Uint8Array
  readonly accepted: User[] = []
  readonly renewals: Uint8Array[] = []
  /** There is a session: else nothing can be sent. */
  hasSession = true
  /** Sees, and may drop, every payload that is sent. */
  filter: ((payload: Uint8Array) => boolean) | undefined
  /** Types of all that was sent. */
  readonly sentTypes: SegmentType[] = []
  sentBytes = 0
  machine: StreamMachine
  readonly #world: World
  readonly #limits: Partial<StreamLimits>

  constructor(world: World, name: number, limits: Partial<StreamLimits>) {
    this.#world = world
    this.#limits = limits
    this.key = new Uint8Array(32).fill(name)
    this.machine = this.#createMachine()
  }

  /** The process ends and begins again. */
  restart(): void {
    this.machine = this.#createMachine()
  }

  /** @param onAccept - told of each stream that comes in */
  listen(onAccept?: (user: User) => void): void {
    this.machine.listener = (connection) => {
      const user = new User(connection)
      this.accepted.push(user)
      onAccept?.(user)
    }
  }

  open(to: Side, timeoutMs = 10_000): User {
    return new User(this.machine.open(to.key, timeoutMs, this.#world.clock.nowMs()))
  }

  #createMachine(): StreamMachine {
    const host = {
      send: (peer: Uint8Array, payload: Uint8Array): boolean => {
        if (!this.hasSession) return false
        this.sentTypes.push(typeOf(payload))
        this.sentBytes += payload.length
        if (this.filter?.(payload) !== false) this.#world.carry(this, peer, payload)
        return true
      },
      renew: (peer: Uint8Array) => this.renewals.push(peer),
      randomBytes: (sizeBytes: number) => this.#world.random.bytes(sizeBytes),
      guard: (callback: () => void) => callback(),
    }
    return new StreamMachine(host, { payloadBytes: PAYLOAD_BYTES, limits: this.#limits })
  }
}

/** Sides, the ways between them, and time, which is turned by hand. */
export class World {
  readonly clock: ManualClock = createClock(1000)
  readonly random: Random
  readonly sides: Side[] = []
  way: Way
  /** Nothing arrives. */
  isCut = false
  /** Payloads on their way. */
  carried = 0

  constructor(seed: number, way: Way = {}) {
    this.random = createRandom(seed)
    this.way = way
  }

  side(limits: Partial<StreamLimits> = {}): Side {
    const side = new Side(this, this.sides.length + 1, limits)
    this.sides.push(side)
    return side
  }

  carry(from: Side, to: Uint8Array, payload: Uint8Array): void {
    const { loss = 0, duplication = 0, reordering = 0, delayMs = 1 } = this.way
    if (this.isCut || this.random.chance(loss)) return
    const copies = this.random.chance(duplication) ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      const lateMs = this.random.chance(reordering) ? this.random.next() * 4 * delayMs : 0
      const bytes = payload.slice()
      this.carried++
      this.clock.schedule(() => {
        this.carried--
        const side = this.sides.find(({ key }) => key[0] === to[0])
        side?.machine.receive(from.key, bytes, this.clock.nowMs())
      }, delayMs + lateMs)
    }
  }

  /** Let users' calls take effect, and time pass until `done`, or until `limitMs` have passed. */
  run(done: () => boolean = () => false, limitMs = 60_000): void {
    const untilMs = this.clock.nowMs() + limitMs
    for (;;) {
      const nowMs = this.clock.nowMs()
      for (const { machine } of this.sides) if (machine.isTouched || machine.deadlineMs <= nowMs) machine.advance(nowMs)
      if (done() || nowMs >= untilMs) return
      if (this.sides.some(({ machine }) => machine.isTouched)) continue
      const dueMs = Math.min(this.clock.nextDueMs ?? untilMs, ...this.sides.map(({ machine }) => machine.deadlineMs))
      this.clock.advance(Math.max(0, Math.min(dueMs, untilMs) - nowMs))
    }
  }

  /** Two streams' ends, connected. */
  connect(from: Side, to: Side): [opener: User, accepted: User] {
    const before = to.accepted.length
    to.listen()
    const opener = from.open(to)
    this.run(() => opener.isOpened && to.accepted.length > before)
    const accepted = to.accepted[before]
    if (accepted === undefined) throw new Error('the stream was not accepted')
    return [opener, accepted]
  }
}

/** Bytes that tell their place. */
export function pattern(sizeBytes: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length: sizeBytes }, (_, at) => (at * 31 + (at >> 8) * 7 + seed) & 0xff)
}

export function typeOf(payload: Uint8Array): SegmentType {
  return payload[4] as SegmentType
}

/** Much faster than a matcher. */
export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}
