import type { Database } from '@mimirjs/store'
import type { Clock, DatagramTransport, Logger, StreamTransport } from '@mimirjs/transport'
import type { TrackerHardening } from './hardening.js'
import type { TrackerLimits } from './limits.js'
import type { TrackerGeneration } from './policy.js'

export interface TrackerOptions {
  /**
   * Who is served: `classic` (default) devices with IP addresses, over UDP; `current` ones at overlay nodes, in both versions
   * of their protocol, over a transport that proves who sends, such as that of `@mimirjs/yggdrasil`. A process that serves both
   * runs two trackers; one database, opened by you, can hold the records of both.
   */
  readonly generation?: TrackerGeneration
  /**
   * Address URL to serve on. `classic`: `udp://[200:…]:5050`; loopback, private and Yggdrasil (200::/7) addresses, and the
   * wildcards `udp://[::]:5050` and `udp://0.0.0.0:5050`, on which nobody outside those ranges is answered; for the rest see
   * {@link allowAnySource}. `current`: `ygg://[::]:69`, or with the node's own key instead of `[::]`; clients know no other
   * port.
   */
  readonly address: string
  /** SQLite file, made if it is not there; `:memory:`; or a database opened with {@link STORE_MIGRATIONS}. */
  readonly store: string | Database
  /**
   * What a commit survives before its announce is acknowledged. `process` (default): the death of the process. `power`:
   * the loss of power as well, for one fsync per turn of the event loop. Not used for a database of your own.
   */
  readonly durability?: 'process' | 'power'
  /** The way to the network. Default: UDP, for `classic`. */
  readonly transport?: DatagramTransport
  /**
   * Answer everybody. Anybody who can forge a sender address can then point this tracker at others: each resolve
   * of 38 bytes sends up to 956. Default `false`.
   */
  readonly allowAnySource?: boolean
  /** Other trackers that are told what this one hears, and tell it. Only for `current`. Default: none. */
  readonly sync?: SyncOptions
  /** Rules against replays, for `current`; all on by default. */
  readonly hardening?: Partial<TrackerHardening>
  readonly limits?: Partial<TrackerLimits>
  /** Has to be wall-clock time: the store outlives the process. */
  readonly clock?: Clock
  readonly logger?: Logger
}

export interface SyncOptions {
  /** The way to them; it has to prove who is at the other end. */
  readonly streams: StreamTransport
  /** Address URLs of the trackers to dial, which may dial us as well: `ygg://<64 hex>:69`. */
  readonly peers?: readonly string[]
  /** Listen to every other tracker, too; what those say counts as little as what a stranger says. Default `false`. */
  readonly open?: boolean
}

/** Figures since the start, and what the table holds now. */
export interface TrackerStats {
  readonly users: number
  readonly records: number
  /** Resolves answered, and those of them that found somebody. */
  readonly answered: number
  readonly found: number
  /** Pings answered. */
  readonly pinged: number
  /**
   * Announces stored; those refused because the table or the share of their sender was full; those acknowledged but not kept
   * because somebody more trusted says something else.
   */
  readonly announced: number
  readonly refused: number
  readonly outranked: number
  /** Datagrams dropped: no request; wrong signature; above a rate; from outside of what is served. */
  readonly malformed: number
  readonly badSignature: number
  readonly limited: number
  readonly notServed: number
  /** Announces that could not be written down. */
  readonly storeFailures: number
  /** Other trackers connected now. */
  readonly syncPeers: number
  /** Records of other trackers that were stored, and those that changed nothing or came too fast. */
  readonly synced: number
  readonly syncIgnored: number
  /** Records told to other trackers, and those lost because a tracker was away for long. */
  readonly syncSent: number
  readonly syncDropped: number
}

export interface TrackerEvents extends Record<string, unknown> {
  /** A record was stored; the acknowledgement is on its way. */
  announced: { readonly publicKey: Uint8Array; readonly clientId: number }
  /** A record that another tracker was told was stored. */
  synced: { readonly publicKey: Uint8Array; readonly clientId: number; readonly peer: string }
  /** Another tracker is connected; it went, `error` says why if it was no farewell. It is dialed again by itself. */
  peerUp: { readonly peer: string }
  peerDown: { readonly peer: string; readonly error: unknown }
  /** The socket failed; it is opened again after `retryMs`. */
  down: { readonly error: unknown; readonly retryMs: number }
  /** The socket is open again. */
  up: { readonly address: string }
}

/** A running tracker, made by {@link createTracker}. */
export interface Tracker {
  /** Address URL really bound. */
  readonly address: string
  stats(): TrackerStats
  /** @returns a function that takes the listener off again */
  on<Name extends keyof TrackerEvents>(name: Name, listener: (event: TrackerEvents[Name]) => void): () => void
  off<Name extends keyof TrackerEvents>(name: Name, listener: (event: TrackerEvents[Name]) => void): void
  /** Stop answering, write down what is pending, close the store. Calling it again joins the first call. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
