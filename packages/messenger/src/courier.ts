import { type Connection, isPeerError } from '@mimirjs/peer'
import type { Clock } from '@mimirjs/transport'
import { MAX_CONTROL_PAYLOAD_BYTES } from '@mimirjs/wire/peer'
import { type DialContext, dialPeer } from './dial.js'
import { MessengerError } from './error.js'
import type { Store, StoredMessage } from './store.js'

/**
 * Brings the outbox of one peer across. It owns no message: the store does. It keeps one connection filled with the
 * oldest undelivered messages, in order, and takes a message off the list only when its OK arrived and that is on
 * disk. When the connection ends, everything unacknowledged is simply undelivered again; the receiver drops what it
 * already has. So nothing is lost, nothing doubled, and the order of first arrival is the order of acceptance:
 * every connection starts at the oldest message that the receiver may be missing. A message that goes on a stream of its
 * own waits for those before it, and those behind it wait for its OK, for two streams have no order between them.
 *
 * A message that the other side is silent about, though alive, waits for acceptance: it is tried again once on each later
 * connection, at least {@link REFUSED_PAUSE_MS} apart, and holds up nobody. Source: current protocol §19.3.
 */
export class Courier {
  readonly peer: string
  readonly publicKey: Uint8Array
  readonly #context: CourierContext
  /** The connection that carries our messages; the newest ready one at the time it was chosen. */
  #connection: Connection | undefined
  /** Whether it was said of `#connection` that it looks for a new path. */
  #isRestarting = false
  #readyMs = 0
  /** Window of `#connection` when nothing was on it. */
  #fullWindow = 0
  /** Written on `#connection`, no OK yet: which version of the text. */
  readonly #written = new Map<bigint, Written>()
  /** The other side stayed silent about these on `#connection`. */
  readonly #refusedHere = new Map<bigint, Written>()
  /** Large messages whose silence was blamed on the connections once already. */
  readonly #repeated = new Set<bigint>()
  /** OK arrived, being written to disk. */
  readonly #settling = new Set<bigint>()
  #pumping = false
  /** Looks into the outbox that are under way. */
  #checking = 0
  #pumpAgain = false
  #connecting: AbortController | undefined
  /** Addresses that came to be known during an attempt, and are being tried. */
  readonly #joining = new Set<string>()
  #attempt = 0
  #attemptMs = 0
  #cancelRetry: (() => void) | undefined
  /** Waiting for the store to work again. */
  #cancelRecovery: (() => void) | undefined
  /** Waiting until refused messages may be tried again. */
  #cancelRefused: (() => void) | undefined
  #closed = false

  constructor(peer: string, publicKey: Uint8Array, context: CourierContext) {
    this.peer = peer
    this.publicKey = publicKey
    this.#context = context
  }

  /** Nothing to do and nothing held: the courier may be forgotten. */
  get idle(): boolean {
    const waiting = this.#cancelRetry ?? this.#cancelRecovery ?? this.#cancelRefused
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

  /** The peer is on the local network, at an address that an attempt under way may not know. */
  found(address: string): void {
    if (this.#closed || this.#connection) return
    if (!this.#connecting) void this.#whenPending(() => this.#connectNow())
    else this.#join(address, this.#connecting, () => this.#context.nearby(this.publicKey)?.tried(address, false))
  }

  /** There is an address to try that an attempt under way does not know. */
  addressAdded(address: string): void {
    if (this.#closed) return
    if (this.#connecting) this.#join(address, this.#connecting, () => {})
    else this.retryNow()
  }

  /** A connection to this peer became ready, whoever dialled. */
  attach(connection: Connection): void {
    if (this.#closed) return
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
    // Messages under way stay with their connection while it lives, else a later one could overtake them.
    if (connection !== this.#connection && this.#written.size === 0) this.#use(connection)
    void this.#pump()
  }

  /** OK(guid) arrived, for what was written on this connection. */
  acknowledged(guid: bigint, connection: Connection): void {
    // On one that was left, an earlier version may have been written: enough only for what has no later one.
    const isHere = connection === this.#connection
    const written = isHere ? (this.#written.get(guid) ?? this.#refusedHere.get(guid)) : undefined
    this.#attempt = 0
    if (isHere) this.#written.delete(guid)
    if (isHere) this.#refusedHere.delete(guid)
    this.#repeated.delete(guid)
    if (this.#settling.has(guid)) return
    this.#settling.add(guid)
    const editTimeMs = written?.editTimeMs ?? 0
    this.#context.store.markDelivered(this.peer, guid, this.#context.clock.nowMs(), editTimeMs).then(
      (changed) => {
        this.#settling.delete(guid)
        if (changed) this.#context.onDelivered(this.peer, guid)
        // Edited after it was written: the new text is on its way next.
        else if (this.#connection) void this.#pump()
        this.#context.onQuiet(this)
      },
      (cause) => {
        // The store refused: the message stays undelivered and is repeated; the receiver knows it already.
        this.#settling.delete(guid)
        this.#storeFailed('an acknowledgement could not be stored', cause)
      },
    )
    // Refill in halves, so that a busy link costs one query for many messages.
    const { window = 0 } = this.#connection ?? {}
    if (this.#connection && (window * 2 >= this.#fullWindow || this.#written.size === 0)) void this.#pump()
  }

  /** The other side is alive and silent about this message. */
  unanswered(guid: bigint, connection: Connection): void {
    const written = connection === this.#connection ? this.#written.get(guid) : undefined
    if (written === undefined) return
    this.#written.delete(guid)
    this.#refusedHere.set(guid, written)
    if (written.isLarge && !this.#repeated.has(guid)) {
      // An original may have lost the way back to us (current protocol §11.3): begin anew, once.
      this.#repeated.add(guid)
      for (const connection of this.#context.connections()) connection.close()
      return
    }
    this.#context.store.markRefused(this.peer, guid, this.#context.clock.nowMs()).then(
      () => {
        this.#context.onRefused(this.peer, guid)
        this.#awaitRefused()
        void this.#pump()
      },
      (cause) => this.#storeFailed('an outbox entry could not be changed', cause),
    )
  }

  /** The other side takes what we send from now on. */
  accepted(): void {
    this.#refusedHere.clear()
    this.#context.store.acceptedBy(this.peer).then(
      () => this.kick(),
      (cause) => this.#storeFailed('the outbox could not be changed', cause),
    )
  }

  /** The path under a connection was lost, or is there again. */
  pathChanged(): void {
    const connection = this.#connection
    if (connection && this.#context.isRestarting(connection.remoteAddress) !== this.#isRestarting)
      this.#tellUp(connection)
  }

  detach(connection: Connection): void {
    if (this.#connection !== connection) return
    const livedMs = this.#context.clock.nowMs() - this.#readyMs
    this.#leave()
    if (this.#closed) return
    const other = this.#context.network.connection(this.publicKey)
    if (other && !other.closed) {
      this.#use(other)
      void this.#pump()
      return
    }
    this.#context.onState(this.peer, { state: 'down' })
    void this.#whenPending(() => {
      if (livedMs >= STABLE_MS) this.#connectSoon()
      else this.#scheduleRetry(new MessengerError('unreachable', 'the connection ended soon after it was ready'))
    })
  }

  close(): void {
    this.#closed = true
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
    this.#cancelRecovery?.()
    this.#cancelRecovery = undefined
    this.#cancelRefused?.()
    this.#cancelRefused = undefined
    this.#connecting?.abort()
  }

  #leave(): void {
    this.#connection = undefined
    this.#written.clear()
    this.#refusedHere.clear()
  }

  /** One that is there from the time when we did not talk to this peer has told nobody that it is ready. */
  #useReady(): void {
    const ready = this.#context.network.connection(this.publicKey)
    if (!this.#closed && !this.#connection && ready && !ready.closed) this.#use(ready)
  }

  #use(connection: Connection): void {
    this.#leave()
    this.#connection = connection
    this.#readyMs = this.#context.clock.nowMs()
    this.#fullWindow = connection.window
    this.#tellUp(connection)
  }

  #tellUp({ remoteAddress: address, handshakeMs }: Connection): void {
    this.#isRestarting = this.#context.isRestarting(address)
    const path = this.#isRestarting ? { isRestarting: true } : {}
    this.#context.onState(this.peer, { state: 'up', address, handshakeMs, ...path })
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
        const limit = this.#written.size + this.#settling.size + this.#refusedHere.size + connection.window
        const refusedBeforeMs = this.#context.clock.nowMs() - REFUSED_PAUSE_MS
        const rows = await this.#context.store.pending(this.peer, limit, { refusedBeforeMs })
        if (connection !== this.#connection || connection.closed) this.#pumpAgain = true
        else if (rows.length > 0) this.#write(connection, rows)
        else if (await this.#awaitLeft()) this.#pumpAgain = true
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
      const { guid, editTimeMs } = row
      if (this.#written.has(guid) || this.#settling.has(guid) || this.#refusedHere.has(guid)) continue
      try {
        const isLarge = connection.generation === 'current' && row.payload.length > MAX_CONTROL_PAYLOAD_BYTES
        if (!this.#mayFollow(isLarge) || connection.windowFor(row.payload.length) === 0) return
        this.#written.set(guid, { editTimeMs, isLarge })
        connection.send({
          guid,
          replyTo: row.replyTo,
          sendTimeMs: BigInt(row.sendTimeMs),
          editTimeMs: BigInt(editTimeMs),
          messageType: row.messageType,
          payload: row.payload,
        })
      } catch (cause) {
        this.#written.delete(guid)
        if (connection.closed) return
        if (!isPeerError(cause) || cause.code !== 'message') {
          // No fault of the message, such as memory that is not to be had: on the next connection, then.
          this.#context.onError(new MessengerError('unreachable', `message ${guid} could not be written`, { cause }))
          connection.close()
          return
        }
        // One message that cannot be written must not block those behind it.
        this.#context.onError(new MessengerError('bad-content', `message ${guid} cannot be sent`, { cause }))
        this.#context.store.markFailed(row.seq).then(this.#context.onFailed, this.#context.onError)
      }
    }
  }

  /** Whether the next message would arrive behind those that are on their way. */
  #mayFollow(isLarge: boolean): boolean {
    if (this.#written.size === 0) return true
    if (isLarge) return false
    for (const written of this.#written.values()) if (written.isLarge) return false
    return true
  }

  /** When the pause is over and the messages still wait, begin a new connection: they are tried once on each. */
  #awaitRefused(): void {
    if (this.#closed) return
    const delayMs = REFUSED_PAUSE_MS * (1 + 0.2 * this.#context.random())
    this.#cancelRefused ??= this.#context.clock.schedule(() => {
      this.#cancelRefused = undefined
      const connection = this.#connection
      if (connection === undefined || this.#refusedHere.size === 0) this.kick()
      else if (this.#written.size > 0 || connection.callState !== 'idle') this.#awaitRefused()
      else connection.close()
    }, delayMs)
  }

  /** Both sides notice the end of a connection at the same moment: not both should dial at once. */
  #connectSoon(): void {
    this.#cancelRetry ??= this.#context.clock.schedule(() => this.#connectNow(), SPREAD_MS * this.#context.random())
  }

  #connectNow(): void {
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
    void this.#connect()
  }

  /** What becomes of it the attempt under way will see: they share one dial, or the one that is first is used by both. */
  #join(address: string, { signal }: AbortController, onFailed: () => void): void {
    if (this.#joining.has(address)) return
    this.#joining.add(address)
    this.#context.network
      .connect(this.publicKey, [address], { signal })
      .catch(() => {
        if (!signal.aborted) onFailed()
      })
      .finally(() => this.#joining.delete(address))
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
      await dialPeer(this.#context, this.publicKey, controller.signal, { isPatient: false })
      this.#connecting = undefined
      this.#useReady()
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
      if ((await this.#hasWork()) && !this.#closed && !this.#connection) then()
    } catch (cause) {
      this.#storeFailed('the outbox could not be read', cause)
    } finally {
      this.#checking -= 1
    }
    this.#context.onQuiet(this)
  }

  async #hasWork(): Promise<boolean> {
    const { store, clock, hasErrand } = this.#context
    const due = await store.pending(this.peer, 1, { refusedBeforeMs: clock.nowMs() - REFUSED_PAUSE_MS })
    return due.length > 0 || (await hasErrand()) || (await this.#awaitLeft())
  }

  /**
   * Nothing is due: what is left waits for acceptance.
   * @returns whether some of it is due now, because it was refused at a time that this clock, set back since, has yet to reach
   */
  async #awaitLeft(): Promise<boolean> {
    const { store, clock } = this.#context
    const left = await store.pending(this.peer, LEFT_ROWS)
    const nowMs = clock.nowMs()
    const ahead = left.filter(({ refusedMs }) => refusedMs > nowMs)
    for (const { guid } of ahead) await store.markRefused(this.peer, guid, nowMs - REFUSED_PAUSE_MS)
    if (left.length > 0 && ahead.length === 0) this.#awaitRefused()
    return ahead.length > 0
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

interface Written {
  readonly editTimeMs: number
  /** It goes on the data stream. */
  readonly isLarge: boolean
}

const STORE_PAUSE_MS = 1_000
/** Least time between two attempts at a message that the other side stays silent about. Source: current protocol §19.3. */
const REFUSED_PAUSE_MS = 600_000
/** Waiting messages that are looked at together: the oldest, and those behind them once they are delivered. */
const LEFT_ROWS = 16

/** Source: current protocol §11.3. */
const SPREAD_MS = 300
/** A connection that lived this long was no mistake: dial again at once when it ends. */
const STABLE_MS = 5_000
/** A new message does not wait out a long pause: it dials at once when the last attempt is this long ago. */
const FRESH_MS = 10_000

export interface CourierContext extends DialContext {
  readonly store: Store
  readonly clock: Clock
  readonly retry: RetryOptions
  /** 0 ≤ x < 1. */
  random(): number
  /** We do not talk to this peer: what is undelivered waits. */
  isBlocked(): boolean
  /** All READY connections to this peer. */
  connections(): readonly Connection[]
  /** Whether connections with this address have lost their path, and look for another. */
  isRestarting(address: string): boolean
  /** Something other than a message waits for a connection: a word about being contacts, a file to be fetched. */
  hasErrand(): Promise<boolean>
  onDelivered(peer: string, guid: bigint): void
  /** The other side is silent about the message: it waits for acceptance. */
  onRefused(peer: string, guid: bigint): void
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
  | {
      readonly state: 'up'
      readonly address: string
      readonly handshakeMs: number
      /**
       * The direct path is lost, and another is looked for: what is sent meanwhile arrives when it is found, on the next
       * connection when none is. Of addresses `rdv://`; left out for no.
       */
      readonly isRestarting?: boolean
    }
  | { readonly state: 'waiting'; readonly reason: string; readonly retryAtMs: number }
  | { readonly state: 'down' }
