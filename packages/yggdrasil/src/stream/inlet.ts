import { MAX_RTO_MS, MAX_SEGMENT_BYTES, MIN_PROBE_MS, WINDOW_UPDATE_BYTES, WINDOW_UPDATE_TRIES } from './constants.js'
import type { StreamMemory } from './memory.js'
import { type Receipt, Receiver } from './receiver.js'
import type { Remote } from './remote.js'
import type { StreamEvents } from './types.js'

const NEVER = Number.POSITIVE_INFINITY

/** The window is to hold what comes in so many round trips: links that are repaired below hold everything up for some. */
const WINDOW_ROUNDS = 4
/** Round trips are taken for no shorter and no longer than this, in ms. */
const LEAST_SPAN_MS = 10
const MOST_SPAN_MS = 250

/** What an {@link Inlet} needs of the stack. */
export interface InletHost {
  readonly windowBytes: number
  readonly grownWindowBytes: number
  readonly outOfOrderSegments: number
  readonly memory: StreamMemory
  grantWindow(sizeBytes: number): number
  /** Run a callback of the application; what it throws goes elsewhere. */
  guard(callback: () => void): void
}

/** The way from the network to the application: order, reading and the window that is told. */
export class Inlet {
  readonly receiver: Receiver
  isPaused = false
  /** The application was told the end. */
  isEndTold = false
  /** Nothing more is told. */
  isStopped = false
  /** Time from an acknowledgement to what it lets in, -1 when not known. */
  roundTripMs = -1
  /** What the window has grown by. */
  grownBytes = 0
  readonly #host: InletHost
  readonly #remote: Remote
  /** Reading past this free space is told at once: half of what was free at first. */
  readonly #updateBytes: number
  #toldWindowBytes: number
  /** What the memory of the stack knows to be held. */
  #heldBytes = 0
  #earlyBytes = 0
  /** Bytes read in this span. */
  #readBytes = 0
  #spanSinceMs = 0
  #updates = 0
  #updateAtMs = NEVER
  readonly #chunks: Uint8Array[] = []

  constructor(host: InletHost, remote: Remote) {
    this.#remote = remote
    this.#updateBytes = Math.min(WINDOW_UPDATE_BYTES, Math.ceil(host.windowBytes / 2))
    this.receiver = new Receiver(host.windowBytes, host.outOfOrderSegments)
    this.#toldWindowBytes = host.windowBytes
    this.#host = host
  }

  /** The next byte expected; the end counts as one. yggdrasil protocol §10.7 */
  get ack(): number {
    const { expected, isComplete } = this.receiver
    return isComplete ? expected + 1 : expected
  }

  /** When the window has to be told again: the sender of the reference does not ask. */
  get deadlineMs(): number {
    return this.#updateAtMs
  }

  /** The window, which is told with this call. */
  tellWindow(): number {
    this.#toldWindowBytes = this.#window
    return this.#toldWindowBytes
  }

  get #window(): number {
    const { windowBytes, queue } = this.receiver
    return this.#host.memory.window(this.#remote, windowBytes, !this.isPaused && queue.sizeBytes === 0)
  }

  /** Data came. What is in order goes to the application, or waits for it. */
  receive(seq: number, data: Uint8Array, events: StreamEvents | undefined, nowMs: number): Receipt {
    this.#updateAtMs = NEVER
    const { receiver } = this
    const chunks = this.#chunks
    const { memory } = this.#host
    const isHeld = events === undefined || this.isPaused || receiver.queue.sizeBytes > 0
    const room = isHeld ? memory.room(this.#remote) : NEVER
    const receipt = receiver.receive(seq, data, chunks, memory.earlyRoom(this.#remote), room)
    for (const chunk of chunks) {
      if (this.isStopped) break
      if (events === undefined || this.isPaused || receiver.queue.sizeBytes > 0) receiver.queue.push(chunk)
      else this.#hand(chunk, events)
    }
    chunks.length = 0
    this.#account()
    this.#fitWindow(nowMs)
    return receipt
  }

  /** Hand over what waits, and the end. @returns whether the other side has to hear of the new space at once */
  deliver(events: StreamEvents, nowMs: number): boolean {
    const { queue } = this.receiver
    let isUpdate = false
    while (!this.isPaused && !this.isStopped) {
      const chunk = queue.take()
      if (chunk === undefined) break
      this.#account()
      isUpdate ||= this.#isWorthTelling
      this.#hand(chunk, events)
    }
    if (!this.isPaused && !this.isStopped && this.#isWorthTelling) isUpdate = true
    if (!this.isPaused && !this.isStopped && !this.isEndTold && this.receiver.isComplete && queue.sizeBytes === 0) {
      this.isEndTold = true
      this.#host.guard(() => events.end())
    }
    if (isUpdate && this.#toldWindowBytes === 0 && !this.receiver.isComplete) {
      this.#updates = 0
      this.#updateAtMs = nowMs + MIN_PROBE_MS
    }
    return isUpdate
  }

  /** @returns whether the window has to be told again */
  onDeadline(nowMs: number): boolean {
    if (nowMs < this.#updateAtMs) return false
    this.#updates++
    const afterMs = Math.min(MAX_RTO_MS, MIN_PROBE_MS * 2 ** this.#updates)
    this.#updateAtMs = this.#updates >= WINDOW_UPDATE_TRIES ? NEVER : nowMs + afterMs
    return true
  }

  get #isWorthTelling(): boolean {
    const before = this.#toldWindowBytes
    if (before >= this.#updateBytes) return false
    const now = this.#window
    // Where memory is short, there may never be more than a little.
    return now >= this.#updateBytes || (before < MAX_SEGMENT_BYTES && now >= MAX_SEGMENT_BYTES)
  }

  #account(): void {
    const { heldBytes, earlyBytes } = this.receiver
    if (heldBytes === this.#heldBytes && earlyBytes === this.#earlyBytes) return
    this.#host.memory.account(this.#remote, heldBytes - this.#heldBytes, earlyBytes - this.#earlyBytes)
    this.#heldBytes = heldBytes
    this.#earlyBytes = earlyBytes
  }

  #hand(chunk: Uint8Array, events: StreamEvents): void {
    this.#readBytes += chunk.length
    this.#host.guard(() => events.data(chunk))
  }

  /**
   * An application that reads as fast as bytes come gets a larger window, where that is what holds them up. The field has
   * room for it, and the reference never has more than its own window on the way.
   */
  #fitWindow(nowMs: number): void {
    const spanMs = Math.min(MOST_SPAN_MS, Math.max(LEAST_SPAN_MS, this.roundTripMs))
    const passedMs = nowMs - this.#spanSinceMs
    if (passedMs < spanMs) return
    const { limitBytes } = this.receiver
    const wanted = Math.min(
      (WINDOW_ROUNDS * this.#readBytes * spanMs) / passedMs,
      2 * limitBytes,
      this.#host.grownWindowBytes,
    )
    this.#spanSinceMs = nowMs
    this.#readBytes = 0
    if (wanted <= limitBytes) return
    const granted = this.#host.grantWindow(Math.floor(wanted) - limitBytes)
    this.grownBytes += granted
    this.receiver.grow(limitBytes + granted)
  }

  /** Nothing more is told; what waits is forgotten. */
  stop(): void {
    this.isStopped = true
    this.#updateAtMs = NEVER
    this.receiver.clear()
    this.#account()
  }
}
