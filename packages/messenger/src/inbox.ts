import type { Clock } from '@mimirjs/transport'
import { MessengerError } from './error.js'
import type { Store, StoredMessage } from './store.js'

/**
 * Hands stored messages to the handlers: one at a time per sender, in order, several senders side by side. A message
 * leaves the inbox when its handler has finished and the cursor is on disk; if the process dies before that, the
 * handler runs again with the same message.
 */
export class Inbox {
  readonly #store: Store
  readonly #clock: Clock
  readonly #run: RunHandlers
  readonly #onError: (error: unknown) => void
  readonly #waiting = new Set<string>()
  readonly #running = new Map<string, Promise<void>>()
  /** Of those running: how many wait for a person, and take no place meanwhile. */
  #parked = 0
  /** Whoever waits for a while: wakes at once when the inbox closes. */
  readonly #pausing = new Set<() => void>()
  #open = false
  #closed = false

  constructor(options: {
    store: Store
    clock: Clock
    run: RunHandlers
    onError: (error: unknown) => void
  }) {
    this.#store = options.store
    this.#clock = options.clock
    this.#run = options.run
    this.#onError = options.onError
  }

  /** There is a handler, or one more: start with what was left from before. */
  async open(): Promise<void> {
    if (this.#closed) return
    this.#open = true
    try {
      for (const peer of await this.#store.unhandledPeers()) this.notify(peer)
    } catch (cause) {
      this.#onError(new MessengerError('store', 'the inbox could not be read', { cause }))
      await this.#pause(1_000)
      if (this.#open) void this.open()
    }
  }

  /** A message of this peer was stored. */
  notify(peer: string): void {
    if (!this.#open) return
    this.#waiting.add(peer)
    this.#schedule()
  }

  /** There is no handler any more: what comes waits for the next. */
  pause(): void {
    this.#open = false
    this.#waiting.clear()
  }

  /** Start nothing more; resolves when the running handlers have finished. */
  async close(): Promise<void> {
    this.#closed = true
    this.pause()
    for (const wake of [...this.#pausing]) wake()
    await Promise.all(this.#running.values())
  }

  #schedule(): void {
    for (const peer of this.#waiting) {
      if (this.#running.size - this.#parked >= MAX_SIDE_BY_SIDE) return
      if (this.#running.has(peer)) continue
      this.#waiting.delete(peer)
      const work = this.#handleNext(peer).finally(() => {
        this.#running.delete(peer)
        this.#schedule()
      })
      this.#running.set(peer, work)
    }
  }

  /** One message; then the others have their turn. */
  async #handleNext(peer: string): Promise<void> {
    try {
      const message = await this.#store.nextUnhandled(peer)
      if (!message || !this.#open) return
      const release = await this.#runHandlers(message)
      if (!release) return
      if (await this.#settle(message.seq)) release()
      this.notify(peer)
    } catch (cause) {
      this.#onError(new MessengerError('store', 'the inbox could not be read', { cause }))
      await this.#pause(1_000)
      this.notify(peer)
    }
  }

  /** While they wait for a person they take no place, for the answer may need it. */
  async #runHandlers(message: StoredMessage): Promise<(() => void) | undefined> {
    let waits = 0
    let isOver = false
    const change = (by: number): void => {
      if (isOver) return
      const wasParked = waits > 0
      waits += by
      this.#parked += Number(waits > 0) - Number(wasParked)
      if (!wasParked) this.#schedule()
    }
    try {
      return await this.#run(message, () => {
        change(1)
        return () => change(-1)
      })
    } finally {
      change(-waits)
      isOver = true
    }
  }

  /**
   * The handler has run: the cursor must move, however often the disk refuses, or it would run again.
   * @returns false when the messenger was closed before that
   */
  async #settle(seq: number): Promise<boolean> {
    for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, 10_000)) {
      try {
        await this.#store.handled(seq)
        return true
      } catch (cause) {
        this.#onError(new MessengerError('store', 'the cursor of the inbox could not be stored', { cause }))
        if (this.#closed) return false
        await this.#pause(pauseMs)
      }
    }
  }

  async #pause(ms: number): Promise<void> {
    if (this.#closed) return
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.schedule(wake, ms)
      const pausing = this.#pausing
      pausing.add(wake)
      function wake(): void {
        cancel()
        pausing.delete(wake)
        resolve()
      }
    })
  }
}

/**
 * Runs all handlers of one message. What it returns is called once the cursor is on disk; `undefined`
 * if nobody took the message, which then stays. `park` is called when they wait for a person, and what it returns when
 * they go on.
 */
type RunHandlers = (message: StoredMessage, park: () => () => void) => Promise<(() => void) | undefined>

const MAX_SIDE_BY_SIDE = 16
