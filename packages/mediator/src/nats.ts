import { type ConnectionOptions, connect, type NatsConnection } from '@nats-io/transport-node'
import type { Bus } from './bus.js'
import { MediatorServerError } from './error.js'

export interface NatsBusOptions {
  /** `nats://host:4222`, or several of one cluster. */
  readonly servers: string | readonly string[]
  /** What all subjects begin with, so that several groups of mediators can share a NATS. Default `mimir.mediator`. */
  readonly prefix?: string | undefined
  /** User, token, TLS and the like, as `@nats-io/transport-node` takes them. */
  readonly connection?: Omit<ConnectionOptions, 'servers'> | undefined
  /** Bytes that may wait for the server to take them; what is published beyond that is dropped. Default 8 MiB. */
  readonly maxPendingBytes?: number | undefined
}

/** A bus, and what it had to leave out. */
export interface NatsBus extends Bus {
  /** Messages not sent, because the server was away, too slow, or takes no messages of that size. */
  readonly dropped: number
}

const SUBJECT = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/

/**
 * A bus over NATS, for mediators that share a PostgreSQL. It connects anew for ever; what is published meanwhile is
 * dropped, not kept: the messages are hints, and what they announced is found in the store.
 * @throws {MediatorServerError} `bus`: no server could be reached to begin with; {TypeError} a prefix that is none
 */
export async function openNatsBus(options: NatsBusOptions): Promise<NatsBus> {
  const { servers, prefix = 'mimir.mediator', maxPendingBytes = 8 * 1024 * 1024 } = options
  const checked = checkedSubject(prefix)
  let connection: NatsConnection
  try {
    connection = await connect({
      name: 'mimir mediator',
      pingInterval: 20_000,
      reconnectTimeWait: 250,
      reconnectJitter: 250,
      ...options.connection,
      servers: typeof servers === 'string' ? servers : [...servers],
      maxReconnectAttempts: -1,
      noEcho: true,
    })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new MediatorServerError('bus', `cannot connect to NATS at ${String(servers)}: ${reason}`, { cause: error })
  }
  return new ConnectedBus(connection, checked, maxPendingBytes)
}

class ConnectedBus implements NatsBus {
  readonly local = false
  dropped = 0
  readonly #connection: NatsConnection
  readonly #prefix: string
  readonly #maxPendingBytes: number
  #connected = true
  /** Published and not known to have been taken: what the socket and the client hold, at most. */
  #pendingBytes = 0
  #flushing = false
  #maxMessageBytes: number

  constructor(connection: NatsConnection, prefix: string, maxPendingBytes: number) {
    this.#connection = connection
    this.#prefix = prefix
    this.#maxPendingBytes = maxPendingBytes
    this.#maxMessageBytes = connection.info?.max_payload ?? Number.POSITIVE_INFINITY
    void this.#watch()
  }

  publish(subject: string, bytes: Uint8Array): void {
    const full = this.#full(subject)
    const fits = bytes.length <= this.#maxMessageBytes && this.#pendingBytes + bytes.length <= this.#maxPendingBytes
    if (!this.#connected || !fits) {
      this.dropped++
      return
    }
    try {
      this.#connection.publish(full, bytes)
    } catch {
      // Closed, or draining.
      this.dropped++
      return
    }
    this.#pendingBytes += bytes.length
    if (!this.#flushing) void this.#flush()
  }

  subscribe(subject: string, handler: (bytes: Uint8Array) => void): () => void {
    const subscription = this.#connection.subscribe(this.#full(subject), {
      callback: (error, message) => {
        if (error === null) handler(message.data)
      },
    })
    return () => subscription.unsubscribe()
  }

  async close(): Promise<void> {
    if (this.#connection.isClosed()) return
    // Without a connection there is nobody to take what is left.
    await (this.#connected ? this.#connection.drain() : this.#connection.close())
  }

  /** Ask for an answer to everything so far; it comes when the server has taken it. */
  async #flush(): Promise<void> {
    this.#flushing = true
    while (this.#connected && this.#pendingBytes > 0) {
      const asked = this.#pendingBytes
      try {
        await this.#connection.flush()
      } catch {
        // The connection broke: what it held is lost.
        this.#pendingBytes = 0
        break
      }
      this.#pendingBytes = Math.max(0, this.#pendingBytes - asked)
    }
    this.#flushing = false
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (type === 'disconnect') {
        this.#connected = false
        this.#pendingBytes = 0
      }
      if (type === 'reconnect') {
        this.#connected = true
        this.#maxMessageBytes = this.#connection.info?.max_payload ?? Number.POSITIVE_INFINITY
      }
    }
    this.#connected = false
  }

  #full(subject: string): string {
    return `${this.#prefix}.${checkedSubject(subject)}`
  }
}

/** A subject without wildcards, which would reach further than meant. */
function checkedSubject(subject: string): string {
  if (SUBJECT.test(subject)) return subject
  throw new TypeError(
    `expected words of letters, digits, _ and - joined by dots as a subject, got ${JSON.stringify(subject)}`,
  )
}
