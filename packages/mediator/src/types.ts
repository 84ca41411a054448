import type { Clock, Logger, Transports } from '@mimirjs/transport'
import type { Bus } from './bus.js'
import type { MediatorLimits } from './limits.js'
import type { MediatorStore } from './operations.js'

/**
 * Who may do what. `strict` (default) protects owners, equals and those who were banned; `original` does what the original
 * servers do (mediator protocol §7.2).
 */
export type Moderation = 'strict' | 'original'

/** One place to listen on. */
export interface MediatorListen {
  /** Address URL, for example `tcp://127.0.0.1:7001`; port 0 lets the system choose. */
  readonly address: string
  /**
   * What clients that open in TLV are served. Default: `tlv` on `quic://`, else `tlv-push`. They differ in the first byte
   * of pushes and in some error texts.
   */
  readonly tlvDialect?: 'tlv' | 'tlv-push' | undefined
}

export interface MediatorHttp {
  /** `http://127.0.0.1:9100`: `/health` and `/metrics` for whoever reaches it. */
  readonly address: string
}

export interface MediatorOptions {
  /** The mediator's key: the author of system messages. Only the public half is used. */
  readonly signer: { readonly publicKey: Uint8Array }
  /** The ways to the network; one for each scheme in {@link listen}. */
  readonly transports: Transports
  readonly listen: readonly (string | MediatorListen)[]
  /** SQLite file, made if it is not there; `:memory:`; or a store of yours, which stays yours to close. */
  readonly store: string | MediatorStore
  /** What a commit in a file named here survives: `power` (default, an fsync per turn) or the death of the `process`. */
  readonly durability?: 'power' | 'process' | undefined
  /** Connects several processes that serve one store. It stays yours to close. */
  readonly bus?: Bus | undefined
  readonly moderation?: Moderation | undefined
  readonly limits?: Partial<MediatorLimits> | undefined
  /** Days after which the blobs of messages are deleted; their rows stay. Default 0: never. */
  readonly retentionDays?: number | undefined
  /** Has to be wall-clock time: what it says is stored. */
  readonly clock?: Clock | undefined
  /** Told of keys by their first 8 hex digits only. */
  readonly logger?: Logger | undefined
  /** A page for health checks and Prometheus. Default: none. */
  readonly http?: MediatorHttp | undefined
}

/** Figures of now, and counters since the start. */
export interface MediatorStats {
  readonly connections: number
  /** Connections that have logged in. */
  readonly authenticated: number
  /** Pairs of connection and chat. */
  readonly subscriptions: number
  /** Chats with subscribers here. */
  readonly rooms: number
  /** Bytes that wait for slow readers, and bytes of requests that are unfinished or unanswered. */
  readonly queuedBytes: number
  readonly bufferedBytes: number
  readonly accepted: number
  readonly requests: number
  /** Requests answered with an error, and those of them that were above a rate. */
  readonly errors: number
  readonly limited: number
  /** Messages stored for users, and system messages. */
  readonly messages: number
  readonly systemMessages: number
  /** Repeated messages acknowledged without storing them again. */
  readonly duplicates: number
  readonly pushes: number
  readonly bytesIn: number
  readonly bytesOut: number
  /** Connections that we cut, by reason. */
  readonly cut: Readonly<Record<CutReason, number>>
  readonly storeFailures: number
}

/** Why the mediator ended a connection. */
export type CutReason =
  | 'opening' // the first bytes were no opening, or did not come in time
  | 'login' // no login in time
  | 'frame' // a frame did not become whole in time
  | 'idle' // no frame for too long
  | 'protocol' // a wrong frame, or an unknown command in a dialect that closes for it
  | 'too-large' // a payload above the limit, refused at its header
  | 'slow-reader' // more waited for it than the queue may hold
  | 'memory' // requests of all connections held too much, this one most of it
  | 'rate' // went on above its rates
  | 'failed-logins' // too many wrong signatures
  | 'replaced' // the same key logged in again from the same transport key
  | 'full' // too many connections
  | 'shutdown'

export interface MediatorEvents extends Record<string, unknown> {
  /** A connection has logged in. */
  authenticated: { readonly publicKey: Uint8Array; readonly remoteAddress: string }
  /** A connection ended that we did not want to keep. */
  cut: { readonly reason: CutReason; readonly remoteAddress: string; readonly publicKey: Uint8Array | undefined }
  chatCreated: { readonly chatId: bigint; readonly owner: Uint8Array }
  chatDeleted: { readonly chatId: bigint }
  /** A message of a user was stored. */
  message: { readonly chatId: bigint; readonly messageId: bigint; readonly author: Uint8Array }
  /** The database failed; whoever asked was told. */
  storeFailed: { readonly error: unknown }
}

/** A running mediator, made by {@link createMediator}. */
export interface Mediator {
  readonly publicKey: Uint8Array
  /** Address URLs really bound, in the order of {@link MediatorOptions.listen}. */
  readonly addresses: readonly string[]
  /** Address of the page for health and metrics, when there is one. */
  readonly httpAddress: string | undefined
  stats(): MediatorStats
  /** @returns a function that takes the listener off again */
  on<Name extends keyof MediatorEvents>(name: Name, listener: (event: MediatorEvents[Name]) => void): () => void
  off<Name extends keyof MediatorEvents>(name: Name, listener: (event: MediatorEvents[Name]) => void): void
  /** Write a consistent copy of the database to a new file, while serving. @throws {MediatorServerError} `unsupported` | `store` */
  backup(path: string): Promise<void>
  /**
   * Stop accepting, finish what is in the store, say goodbye to the last-seen column, give what is queued up to
   * `timeoutMs` (default 2,000) to leave, close everything. Calling it again joins the first call.
   */
  close(options?: { readonly timeoutMs?: number | undefined }): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
