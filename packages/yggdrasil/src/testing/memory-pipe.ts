import type { Clock } from '@mimirjs/transport'
import type { Random } from '@mimirjs/transport/testing'
import { YggdrasilError } from '../error.js'
import type { RawLink, RawLinkHandlers, WriteOutcome } from '../links/types.js'

/** Bytes on their way above which the writer is asked to wait, and below which it may go on. */
const HIGH_WATER_BYTES = 262_144
const LOW_WATER_BYTES = 131_072

/** How long a chunk is on its way; chunks never overtake each other. */
export interface MemoryDelay {
  readonly clock: Clock
  readonly random: Random
  readonly delayMs: number
  readonly jitterMs: number
}

/** One end of a connection in memory. */
export class MemoryPipe implements RawLink {
  readonly remote: string
  /** Told once when this end is closed, whoever did it. */
  onClosed: () => void = () => {}
  readonly #delay: MemoryDelay
  #other: MemoryPipe | undefined
  #handlers: RawLinkHandlers | undefined
  /** What has arrived and waits for a reader. */
  #arrived: Uint8Array[] = []
  #inFlightBytes = 0
  #isFull = false
  #isPaused = false
  #lastArrivalMs = 0
  #state: 'open' | 'ending' | 'closed' = 'open'
  #error: YggdrasilError | undefined

  constructor(remote: string, delay: MemoryDelay) {
    this.remote = remote
    this.#delay = delay
  }

  /** Make these the two ends of one connection. */
  static connect(a: MemoryPipe, b: MemoryPipe): void {
    a.#other = b
    b.#other = a
  }

  start(handlers: RawLinkHandlers): void {
    this.#handlers = handlers
    this.#later(() => this.#pump())
  }

  write(bytes: Uint8Array): WriteOutcome {
    const other = this.#other
    if (this.#state !== 'open' || other === undefined) return 'sent'
    this.#inFlightBytes += bytes.length
    const chunk = bytes.slice()
    this.#arriveAt(() => other.#arrive(chunk))
    this.#isFull ||= this.#inFlightBytes > HIGH_WATER_BYTES
    return this.#isFull ? 'full' : 'sent'
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#later(() => this.#pump())
  }

  /** What was written before still arrives. */
  close(): void {
    const other = this.#other
    if (this.#state !== 'open' || other === undefined) return
    this.#arriveAt(() => other.#end())
    this.#arrived = []
    this.#end()
  }

  /** The wire is cut: nothing more arrives on either side, what is on its way included. */
  cut(): void {
    for (const end of [this, this.#other]) {
      if (end === undefined || end.#state === 'closed') continue
      end.#arrived = []
      end.#end(new YggdrasilError('link', 'the link in memory was cut'))
    }
  }

  #arrive(chunk: Uint8Array): void {
    if (this.#state !== 'open') return
    this.#arrived.push(chunk)
    this.#pump()
  }

  #end(error?: YggdrasilError): void {
    if (this.#state !== 'open') return
    this.#state = 'ending'
    this.#error = error
    this.onClosed()
    this.#later(() => this.#pump())
  }

  #pump(): void {
    const handlers = this.#handlers
    if (handlers === undefined) return
    while (this.#state !== 'closed' && !this.#isPaused) {
      const chunk = this.#arrived.shift()
      if (chunk === undefined) break
      handlers.data(chunk)
      if (this.#other !== undefined) this.#other.#taken(chunk.length)
    }
    // The end comes after everything that was written before it.
    if (this.#state !== 'ending' || this.#arrived.length > 0) return
    this.#state = 'closed'
    handlers.closed(this.#error)
  }

  #taken(bytes: number): void {
    this.#inFlightBytes -= bytes
    if (!this.#isFull || this.#inFlightBytes > LOW_WATER_BYTES) return
    this.#isFull = false
    this.#later(() => {
      if (this.#state === 'open') this.#handlers?.drain()
    })
  }

  #arriveAt(callback: () => void): void {
    const { clock, random, delayMs, jitterMs } = this.#delay
    const nowMs = clock.nowMs()
    const arrivalMs = nowMs + delayMs + jitterMs * random.next()
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, arrivalMs)
    clock.schedule(callback, this.#lastArrivalMs - nowMs)
  }

  /** Never from inside a call of the user. */
  #later(callback: () => void): void {
    this.#delay.clock.schedule(callback, 0)
  }
}
