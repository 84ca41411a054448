import { MAX_RTO_MS, MIN_PROBE_MS, WINDOW_UPDATE_BYTES, WINDOW_UPDATE_TRIES } from './constants.js'
import { type Receipt, Receiver } from './receiver.js'
import type { StreamEvents } from './types.js'

const NEVER = Number.POSITIVE_INFINITY

/** Runs a callback of the application; what it throws goes elsewhere. */
export type Guard = (callback: () => void) => void

/** The way from the network to the application: order, reading and the window that is told. */
export class Inlet {
  readonly receiver: Receiver
  isPaused = false
  /** The application was told the end. */
  isEndTold = false
  /** Nothing more is told. */
  isStopped = false
  readonly #guard: Guard
  #toldWindowBytes: number
  #updates = 0
  #updateAtMs = NEVER
  readonly #chunks: Uint8Array[] = []

  constructor(windowBytes: number, maxEarlySegments: number, guard: Guard) {
    this.receiver = new Receiver(windowBytes, maxEarlySegments)
    this.#toldWindowBytes = windowBytes
    this.#guard = guard
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
    this.#toldWindowBytes = this.receiver.windowBytes
    return this.#toldWindowBytes
  }

  /** Data came. What is in order goes to the application, or waits for it. */
  receive(seq: number, data: Uint8Array, events: StreamEvents | undefined): Receipt {
    this.#updateAtMs = NEVER
    const { receiver } = this
    const chunks = this.#chunks
    const receipt = receiver.receive(seq, data, chunks)
    for (const chunk of chunks) {
      if (this.isStopped) break
      if (events === undefined || this.isPaused || receiver.queue.sizeBytes > 0) receiver.queue.push(chunk)
      else this.#guard(() => events.data(chunk))
    }
    chunks.length = 0
    return receipt
  }

  /** Hand over what waits, and the end. @returns whether the other side has to hear of the new space at once */
  deliver(events: StreamEvents, nowMs: number): boolean {
    const { queue } = this.receiver
    let isUpdate = false
    while (!this.isPaused && !this.isStopped) {
      const before = this.receiver.windowBytes
      const chunk = queue.take()
      if (chunk === undefined) break
      if (before < WINDOW_UPDATE_BYTES && this.receiver.windowBytes >= WINDOW_UPDATE_BYTES) isUpdate = true
      this.#guard(() => events.data(chunk))
    }
    if (!this.isPaused && !this.isStopped && !this.isEndTold && this.receiver.isComplete && queue.sizeBytes === 0) {
      this.isEndTold = true
      this.#guard(() => events.end())
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

  /** Nothing more is told; what waits is forgotten. */
  stop(): void {
    this.isStopped = true
    this.#updateAtMs = NEVER
    this.receiver.clear()
  }
}
