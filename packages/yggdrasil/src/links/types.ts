import type { YggdrasilError } from '../error.js'

/** Schemes of peer URIs that this library knows; which of them work depends on the drivers given. */
export type LinkScheme = 'tcp' | 'tls' | 'ws' | 'wss' | 'unix' | 'memory'

/** A peer URI taken apart. yggdrasil protocol §2.1 */
export interface PeerUri {
  readonly scheme: LinkScheme
  /** Name, IPv4 literal, or IPv6 literal without brackets (perhaps with `%zone`), lower case; empty for `unix`. */
  readonly host: string
  /** 0 to 65535; 0 (choose one) only to listen; always 0 for `unix` and `memory`. */
  readonly port: number
  /** Path of the socket for `unix`; request target for `ws` and `wss`, its query without our options; else empty. */
  readonly path: string
  /** The URI without its query: what makes two configured peers the same. */
  readonly id: string
  /** Public keys (32 bytes each) of which the remote must have one; empty: any. */
  readonly keys: readonly Uint8Array[]
  /** 0 to 255; lower is preferred; the higher one of both sides counts. */
  readonly priority: number
  /** 0 to 64 bytes. */
  readonly password: Uint8Array
  /** Longest pause between two attempts to dial, at least 5,000. */
  readonly maxBackoffMs: number
  /** Server name for TLS; absent for IP literals. */
  readonly sni?: string
  /** Origins of web pages that a `ws` listener lets in beside its own; `*` lets in all. */
  readonly origins: readonly string[]
}

/** Callbacks of the reader of a {@link RawLink}, never called from inside a call to it, and none after `closed`. */
export interface RawLinkHandlers {
  /** Bytes arrived. `chunk` is a view that is valid only during the call. */
  data(chunk: Uint8Array): void
  /** Follows after {@link RawLink.write} answered `full`. */
  drain(): void
  /** Once, last. Absent when the remote ended in order, or after our own {@link RawLink.close}. */
  closed(error?: YggdrasilError): void
}

/**
 * What became of bytes that were written. `sent`: they were sent or copied, the caller may change them. `kept`: the
 * transport holds on to them, the caller must not touch them again. `full`: `kept`, and write no more until `drain`.
 */
export type WriteOutcome = 'sent' | 'kept' | 'full'

/** A reliable, ordered pipe of bytes below the handshake: one transport connection. */
export interface RawLink {
  /** Where it leads, for people: `tcp://192.0.2.1:1234`. */
  readonly remote: string
  /** Attach the reader; what came earlier is kept until then. To be called once. */
  start(handlers: RawLinkHandlers): void
  /** Bytes written after it broke are dropped, `closed` tells. */
  write(bytes: Uint8Array): WriteOutcome
  /** Deliver no `data` until {@link resume}. */
  pause(): void
  resume(): void
  /** Close both directions at once. What was handed to the system is still sent. `closed` follows, unless it came. */
  close(): void
}

/** Leave to hold one incoming connection; counted until it is given back. */
export interface Admission {
  /** The connection came to nothing before it was handed over. Does nothing the second time. */
  release(): void
}

/** What a listening driver reports to. */
export interface ListenHandlers {
  /**
   * Asked the moment a transport connection arrives, before anything is read from it.
   * @param host - the remote's IP address as text where there is one: what the limit per address counts
   * @param cut - called when the connection takes too long to become a link: destroy it
   * @returns `undefined`: too many; destroy it at once
   */
  admit(host: string | undefined, cut: () => void): Admission | undefined
  /** The connection is a byte pipe now. The admission goes with it: it need not be released any more. */
  link(raw: RawLink, admission: Admission): void
  /** The listener itself failed after it was open; it is closed. */
  failed(error: YggdrasilError): void
}

export interface LinkListener {
  /** The URI really bound, without query, with the port that the system chose. */
  readonly uri: string
  /** Stop listening. Links stay. Resolves when the address is free. */
  close(): Promise<void>
}

/** One way of making byte pipes, for one or several schemes. */
export interface LinkDriver {
  readonly schemes: readonly LinkScheme[]
  /**
   * Connect. Rejects with a {@link YggdrasilError} that says what to do: `refused`, `unreachable`, `timeout`,
   * `handshake` when something else answers there, `aborted` after the signal, `link` for anything else. Never leaves a
   * connection behind.
   * @param timeoutMs - for each address that the host has
   */
  dial(uri: PeerUri, signal: AbortSignal, timeoutMs: number): Promise<RawLink>
  /** Absent where it is not possible (browsers). Rejects with `address-in-use`, `unreachable` (no such address), `link`. */
  listen?(uri: PeerUri, handlers: ListenHandlers): Promise<LinkListener>
}

/**
 * A link after the metadata handshake: what the node sees. Its key is claimed, not proven, until
 * {@link Links.prove} was called for it (yggdrasil protocol §2.6).
 */
export interface Link {
  /** Start order: later links have higher ids. */
  readonly id: number
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** The higher one of both sides; lower is preferred. */
  readonly priority: number
  /** The configured URI without its query; for incoming links that of the listener. */
  readonly uri: string
  readonly incoming: boolean
  /** Where it leads, for people: `tcp://192.0.2.1:1234`. */
  readonly remote: string
  /** On the clock given, when the handshake was done. */
  readonly upSinceMs: number
  /** Bytes of frames received and written. */
  readonly rxBytes: number
  readonly txBytes: number
  /**
   * Add one whole frame (length prefix included) to what goes out at the end of this turn. It is copied. A frame is
   * taken in any case: `false` asks for no more traffic until `drained`; what may not be lost can still be written.
   */
  write(frame: Uint8Array): boolean
  /** Cut it. {@link LinkSink.down} follows, never from inside this call. */
  close(reason: YggdrasilError): void
}

/** Who is told about links. A {@link YggdrasilError} thrown by `up` or `frame` closes that link with that reason. */
export interface LinkSink {
  up(link: Link): void
  /** @param body - without length and type: a view that is valid only during the call */
  frame(link: Link, type: number, body: Uint8Array): void
  /** After the frames of one chunk or turn; not when one of them ended the link: then `down` follows. */
  batchEnd(link: Link): void
  /** Follows after {@link Link.write} answered `false`. */
  drained(link: Link): void
  /** Once for each `up`. `reason` is absent after an orderly end and after {@link Links.close}. */
  down(link: Link, reason?: YggdrasilError): void
}

/**
 * `connecting`: the transport connection is being made. `handshaking`: it stands, the metadata is awaited. `unproven`:
 * frames flow, the remote has not yet shown that it has its key. `up`. `waiting`: for the next attempt at
 * {@link PeerState.retryAtMs}. `stopped`: no more attempts.
 */
export type PeerStatus = 'connecting' | 'handshaking' | 'unproven' | 'up' | 'waiting' | 'stopped'

/** A configured peer, or an incoming link, as it stands. */
export interface PeerState {
  /** The configured URI without its query; for incoming links that of the listener. */
  readonly uri: string
  readonly state: PeerStatus
  readonly incoming: boolean
  /** 32 bytes; only claimed while `unproven`. */
  readonly publicKey?: Uint8Array
  /** Id of the {@link Link}, when there is one. */
  readonly linkId?: number
  /** Why it is `waiting` or `stopped`. */
  readonly error?: YggdrasilError
  /** On the clock given. */
  readonly retryAtMs?: number
  /** Attempts in a row that failed. */
  readonly failures: number
  readonly remote?: string
  readonly priority: number
  readonly rxBytes: number
  readonly txBytes: number
  readonly upSinceMs?: number
}

/** A configured peer. */
export interface PeerHandle {
  /** The URI without its query. */
  readonly uri: string
  readonly state: PeerState
  /** Attempt at once instead of at the end of the pause. */
  retryNow(): void
  /** Cut the link, or stop trying. */
  remove(): void
}
