import { type Connection, isPeerError, type Peer } from '@mimirjs/peer'
import type { Clock } from '@mimirjs/transport'
import { MessengerError } from './error.js'
import type { Store, StoredMessage } from './store.js'

/**
 * Brings the outbox of one peer across. It owns no message: the store does. It keeps one connection filled with the
 * oldest undelivered messages, in order, and takes a message off the list only when its OK arrived and that is on
 * disk. When the connection ends, everything unacknowledged is simply undelivered again; the receiver drops what it
 * already has. So nothing is lost, nothing doubled, and the order of first arrival is the order of acceptance:
 * every connection starts at the oldest message that the receiver may be missing.
 */
export class Courier {
  readonly peer: string
  readonly publicKey: Uint8Array
  readonly #context: CourierContext
  /** The connection that carries our messages; the newest ready one at the time it was chosen. */
  #connection: Connection | undefined
  #readyMs = 0
  /** Window of `#connection` when nothing was on it. */
  #fullWindow = 0
  /** Written on `#connection`, no OK yet. */
  readonly #written = new Set<bigint>()
  /** OK arrived, being written to disk. */
  readonly #settling = new Set<bigint>()
  #pumping = false
  /** Looks into the outbox that are under way. */
  #checking = 0
  #pumpAgain = false
  #connecting: AbortController | undefined
  #attempt = 0
  #attemptMs = 0
  #cancelRetry: (() => void) | undefined
  /** Waiting for the store to work again. */
  #cancelRecovery: (() => void) | undefined
  #closed = false

  constructor(peer: string, publicKey: Uint8Array, context: CourierContext) {
    this.peer = peer
    this.publicKey = publicKey
    this.#context = context
  }

  /** Nothing to do and nothing held: the courier may be forgotten. */
  get idle(): boolean {
    const waiting = this.#cancelRetry ?? this.#cancelRecovery
    const busy = this.#pumping || this.#checking > 0 || this.#settling.size > 0
    return !this.#connection && !this.#connecting && !waiting && !busy
  }

  /** There may be something to deliver. */
  kick(): void {
    if (this.#closed) return
    if (this.#connection) void this.#pump()
    else if (!this.#cancelRetry || this.#context.clock.nowMs() - this.#attemptMs >= FRESH_MS) this.#connectNow()
  }

  /** Do not wait for the next attempt: the network or the peer is back. */
  retryNow(): void {
    this.#attempt = 0
    if (this.#connection) void this.#pump()
    else this.#connectNow()
  }

  /** A connection to this peer became ready, whoever dialled. */
  attach(connection: Connection): void {
    if (this.#closed) return
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
    // Messages under way stay with their connection while it lives, else a later one could overtake them.
    if (!this.#connection || this.#written.size === 0) this.#use(connection)
    void this.#pump()
  }

  /** OK(guid) arrived. */
  acknowledged(guid: bigint): void {
    this.#attempt = 0
    this.#written.delete(guid)
    if (this.#settling.has(guid)) return
    this.#settling.add(guid)
    this.#context.store.markDelivered(this.peer, guid, this.#context.clock.nowMs()).then(
      (changed) => {
        this.#settling.delete(guid)
        if (changed) this.#context.onDelivered(this.peer, guid)
        this.#context.onQuiet(this)
      },
      (cause) => {
        // The store refused: the message stays undelivered and is repeated; the receiver knows it already.
        this.#settling.delete(guid)
        this.#storeFailed('an acknowledgement could not be stored', cause)
      },
    )
    // Refill in halves, so that a busy link costs one query for many messages.
    if (this.#connection && this.#connection.window * 2 >= this.#fullWindow) void this.#pump()
  }

  detach(connection: Connection): void {
    if (this.#connection !== connection) return
    const livedMs = this.#context.clock.nowMs() - this.#readyMs
    this.#written.clear()
    this.#connection = undefined
    if (this.#closed) return
    const other = this.#context.network.connection(this.publicKey)
    if (other && !other.closed) {
      this.#use(other)
      void this.#pump()
      return
    }
    this.#context.onState(this.peer, { state: 'down' })
    void this.#whenPending(() => {
      if (livedMs >= STABLE_MS) void this.#connect()
      else this.#scheduleRetry(new MessengerError('unreachable', 'the connection ended soon after it was ready'))
    })
  }

  close(): void {
    this.#closed = true
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
    this.#cancelRecovery?.()
    this.#cancelRecovery = undefined
    this.#connecting?.abort()
  }

  #use(connection: Connection): void {
    this.#connection = connection
    this.#written.clear()
    this.#readyMs = this.#context.clock.nowMs()
    this.#fullWindow = connection.window
    const { remoteAddress: address, handshakeMs } = connection
    this.#context.onState(this.peer, { state: 'up', address, handshakeMs })
  }

  /** Fill the window of the connection with the oldest messages that are not on it yet. */
  async #pump(): Promise<void> {
    this.#pumpAgain = true
    if (this.#pumping) return
    this.#pumping = true
    try {
      while (this.#pumpAgain && !this.#closed) {
        this.#pumpAgain = false
        const connection = this.#connection
        if (!connection || connection.closed || connection.window === 0) break
        const limit = this.#written.size + this.#settling.size + connection.window
        const rows = await this.#context.store.pending(this.peer, limit)
        if (connection !== this.#connection || connection.closed) this.#pumpAgain = true
        else this.#write(connection, rows)
      }
    } catch (cause) {
      this.#storeFailed('the outbox could not be read', cause)
    } finally {
      this.#pumping = false
    }
    this.#context.onQuiet(this)
  }

  #write(connection: Connection, rows: readonly StoredMessage[]): void {
    for (const row of rows) {
      if (this.#written.has(row.guid) || this.#settling.has(row.guid)) continue
      if (connection.window === 0) return
      this.#written.add(row.guid)
      try {
        connection.send({
          guid: row.guid,
          replyTo: row.replyTo,
          sendTimeMs: BigInt(row.sendTimeMs),
          editTimeMs: BigInt(row.editTimeMs),
          messageType: row.messageType,
          payload: row.payload,
        })
      } catch (cause) {
        this.#written.delete(row.guid)
        if (connection.closed) return
        if (!isPeerError(cause) || cause.code !== 'message') {
          // No fault of the message, such as memory that is not to be had: on the next connection, then.
          this.#context.onError(
            new MessengerError('unreachable', `message ${row.guid} could not be written`, { cause }),
          )
          connection.close()
          return
        }
        // One message that cannot be written must not block those behind it.
        this.#context.onError(new MessengerError('bad-content', `message ${row.guid} cannot be sent`, { cause }))
        this.#context.store.markFailed(row.seq).then(this.#context.onFailed, this.#context.onError)
      }
    }
  }

  #connectNow(): void {
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
    void this.#connect()
  }

  async #connect(): Promise<void> {
    if (this.#closed || this.#connecting || this.#connection) return
    if (this.#context.isBlocked()) {
      this.#context.onQuiet(this)
      return
    }
    this.#attemptMs = this.#context.clock.nowMs()
    const controller = new AbortController()
    this.#connecting = controller
    this.#context.onState(this.peer, { state: 'connecting' })
    try {
      await this.#dial(controller.signal)
      this.#connecting = undefined
    } catch (error) {
      this.#connecting = undefined
      if (!this.#closed && !this.#connection) this.#scheduleRetry(error)
    }
    if (this.#connection) void this.#pump()
    else if (this.#cancelRetry) return
    else {
      // It was ready and ended before it could be used.
      void this.#whenPending(() => {
        this.#scheduleRetry(new MessengerError('unreachable', 'the connection ended as soon as it was ready'))
      })
    }
  }

  /** Known addresses first; when none answers, ask the trackers again and try what is new. */
  async #dial(signal: AbortSignal): Promise<void> {
    const { resolve, forget, network } = this.#context
    const known = await resolve(this.publicKey, { force: false, signal })
    let failure: unknown = new MessengerError('unreachable', 'no tracker knows an address of this peer')
    if (known.length > 0) {
      try {
        await network.connect(this.publicKey, known, { signal })
        return
      } catch (error) {
        failure = error
        for (const address of known) forget(this.publicKey, address)
      }
    }
    if (signal.aborted) throw failure
    const fresh = (await resolve(this.publicKey, { force: true, signal })).filter((address) => !known.includes(address))
    if (fresh.length === 0) throw failure
    await network.connect(this.publicKey, fresh, { signal })
  }

  #scheduleRetry(reason: unknown): void {
    this.#cancelRetry?.()
    const { minMs, maxMs } = this.#context.retry
    const delayMs = Math.min(maxMs, minMs * 2 ** Math.min(this.#attempt, 30)) * (0.8 + 0.4 * this.#context.random())
    this.#attempt += 1
    this.#context.onState(this.peer, {
      state: 'waiting',
      reason: reason instanceof Error ? reason.message : String(reason),
      retryAtMs: this.#context.clock.nowMs() + delayMs,
    })
    this.#cancelRetry = this.#context.clock.schedule(() => {
      this.#cancelRetry = undefined
      void this.#whenPending(() => void this.#connect())
    }, delayMs)
  }

  async #whenPending(then: () => void): Promise<void> {
    this.#checking += 1
    try {
      const rows = await this.#context.store.pending(this.peer, 1)
      if (rows.length > 0 && !this.#closed && !this.#connection) then()
    } catch (cause) {
      this.#storeFailed('the outbox could not be read', cause)
    } finally {
      this.#checking -= 1
    }
    this.#context.onQuiet(this)
  }

  /** The disk may be full or gone for a while: nothing is lost by that, so go on until it is back. */
  #storeFailed(message: string, cause: unknown): void {
    if (this.#closed) return
    this.#context.onError(new MessengerError('store', message, { cause }))
    this.#cancelRecovery ??= this.#context.clock.schedule(() => {
      this.#cancelRecovery = undefined
      this.kick()
    }, STORE_PAUSE_MS)
  }
}

const STORE_PAUSE_MS = 1_000

/** A connection that lived this long was no mistake: dial again at once when it ends. */
const STABLE_MS = 5_000
/** A new message does not wait out a long pause: it dials at once when the last attempt is this long ago. */
const FRESH_MS = 10_000

export interface CourierContext {
  readonly store: Store
  readonly network: Peer
  readonly clock: Clock
  readonly retry: RetryOptions
  /** 0 ≤ x < 1. */
  random(): number
  /** Address URLs in dial order; empty when nobody knows one. */
  resolve(publicKey: Uint8Array, options: { force: boolean; signal: AbortSignal }): Promise<string[]>
  forget(publicKey: Uint8Array, address: string): void
  /** We do not talk to this peer: what is undelivered waits. */
  isBlocked(): boolean
  onDelivered(peer: string, guid: bigint): void
  /** A message was given up. */
  onFailed(this: void): void
  onState(peer: string, state: LinkState): void
  onQuiet(courier: Courier): void
  onError(this: void, error: unknown): void
}

export interface RetryOptions {
  /** First pause between attempts, in ms. Doubles with every failure, each time ± 20 %. */
  readonly minMs: number
  /** Longest pause, in ms. */
  readonly maxMs: number
}

/** How we stand with one peer, as honestly as we know. */
export type LinkState =
  | { readonly state: 'connecting' }
  | { readonly state: 'up'; readonly address: string; readonly handshakeMs: number }
  | { readonly state: 'waiting'; readonly reason: string; readonly retryAtMs: number }
  | { readonly state: 'down' }
