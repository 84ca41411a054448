import type { Server as HttpServer } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { Clock, Logger } from '@mimirjs/transport'
import type { RendezvousServerLimits } from './limits.js'

/** What `RendezvousServer.open` takes. */
export interface RendezvousServerOptions {
  /**
   * Where to listen: `ws://127.0.0.1:18765`, `wss://[::]:443`; port 0 lets the system choose. This, or {@link server}.
   */
  readonly listen?: string | undefined
  /** For `wss://`: a certificate, with those between it and the root, and its private key, both in PEM. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
  /** A server of yours that listens, to share its port. It stays yours to close. */
  readonly server?: HttpServer | HttpsServer | undefined
  /** The only path that is taken, such as `/rendezvous`. Other upgrades get 404; those of a {@link server} are left alone. */
  readonly path?: string | undefined
  /**
   * What clients dial, such as `wss://rdv.example.org`: they sign this name when they log in, and a signature under
   * another one is refused. Default: derived from where it listens, and for `wss://` from its certificate. Behind a
   * reverse proxy they have to be given. rendezvous protocol B4
   */
  readonly names?: readonly string[] | undefined
  /** Serve `pim-legacy`, too, to clients that ask for no subprotocol. It is weak: see docs. Default `false`. */
  readonly legacy?: boolean | undefined
  /**
   * Addresses or networks (`127.0.0.1`, `10.0.0.0/8`) of reverse proxies whose `X-Forwarded-For` is believed. Without
   * them all clients behind a proxy count as one address. Default: none.
   */
  readonly trustedProxies?: readonly string[] | undefined
  /** A page for health checks and Prometheus on a port of its own, such as `http://127.0.0.1:9100`. Default: none. */
  readonly http?: { readonly address: string } | undefined
  /** Default: `DEFAULT_SERVER_LIMITS`. */
  readonly limits?: Partial<RendezvousServerLimits> | undefined
  /** Told of keys by their first 8 hex digits only, of addresses never. */
  readonly logger?: Logger | undefined
  /** Has to be wall-clock time: it is told to clients, and judges the expiry of envelopes. */
  readonly clock?: Clock | undefined
  /** For tests. Default: that of `@mimirjs/crypto`. */
  readonly randomBytes?: ((sizeBytes: number) => Uint8Array) | undefined
}

/** Why the server ended a connection. */
export type ServerCutReason =
  | 'malformed' // a frame that cannot be, or out of order: 4400
  | 'not-authenticated' // a wrong proof, or relaying before the login: 4401
  | 'timeout' // no login in time, or no answer to a ping: 4408
  | 'replaced' // the same key logged in again: 4409
  | 'too-large' // a frame above the limit: 4413
  | 'rate' // went on above its rates, or without reading the answers: 4429
  | 'full' // too many connections that have not logged in: 4429
  | 'shutdown' // 1001

/** What became of an envelope that a client gave us to relay. */
export type RelayOutcome =
  | 'relayed' // handed to its recipient's connection
  | 'absent' // the recipient is not connected; the sender is not told
  | 'slow' // the recipient reads too slowly; the sender is not told
  | 'crowded' // too much comes for the recipient; the sender is not told
  | 'from' // not from the key that logged in
  | 'expired' // too old, or too far in the future
  | 'envelope' // no envelope
  | 'rate' // above the rate of its key, or of its address

/** Figures of now, and counters since the start. No key and no address is among them. */
export interface RendezvousServerStats {
  readonly connections: number
  /** Connections that have logged in. */
  readonly authenticated: number
  readonly accepted: number
  /** Connections refused before they were any: too many, or from one address, or without our subprotocol, or on another path. */
  readonly refused: number
  readonly logins: number
  readonly frames: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly envelopes: Readonly<Record<RelayOutcome, number>>
  readonly cut: Readonly<Record<ServerCutReason, number>>
}
