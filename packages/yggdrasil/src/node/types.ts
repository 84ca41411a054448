/// <reference lib="esnext.disposable" preserve="true" />
import type {
  ByteStream,
  Clock,
  DatagramSocket,
  DatagramTransport,
  DialOptions,
  Listener,
  ListenOptions,
  Logger,
  StreamTransport,
} from '@mimirjs/transport'
import type { YggdrasilError } from '../error.js'
import type { YggdrasilLimits } from '../limits.js'
import type { LinkDriver, PeerStatus } from '../links/types.js'
import type { PathInfo, TreeInfo } from '../router/types.js'

export type { PathInfo, TreeInfo }

/** A public key as callers have it: 32 bytes, or 64 hex digits. */
export type KeyLike = Uint8Array | string

/** How to start a node. Everything may be left out: then it is a leaf with a fresh key and no peers yet. */
export interface YggdrasilOptions {
  /**
   * 32 bytes: the Ed25519 seed of the node's key, secret. The same seed is the same public key and address. Default: a
   * fresh one, whose public key does not begin with a zero byte (a short-lived node should not become the root of the
   * tree; yggdrasil protocol §1.2).
   */
  readonly seed?: Uint8Array
  /** Peer URIs to dial and keep dialling: `tls://host:port?key=…`. yggdrasil protocol §2.1 */
  readonly peers?: readonly string[]
  /** URIs to listen on: `tcp://0.0.0.0:0`. Not in browsers. */
  readonly listen?: readonly string[]
  /**
   * Forward the packets of others. Default: `true` when something is listened on. Without it the node is a leaf: one of
   * its peers is connected at a time, the others stand by (§7.1). A node that listens has to forward.
   */
  readonly transit?: boolean
  /** Keys that may connect to our listeners; none given: everybody. */
  readonly allowedKeys?: readonly KeyLike[]
  /** What everybody may ask about this node, as JSON; default `false`: no answer. yggdrasil protocol §9.2 */
  readonly nodeInfo?: object | false
  readonly limits?: Partial<YggdrasilLimits>
  /** Default: the steady clock of the system. */
  readonly clock?: Clock
  /** Wall time in ms since 1970, for the numbers that the network compares with its own. Default: that of the system. */
  readonly wallMs?: () => number
  /** Default: silent. */
  readonly logger?: Logger
  /** Ways of making links. Default: all that the runtime has. Given ones replace them. */
  readonly drivers?: readonly LinkDriver[]
}

/** `standby`: a leaf has another link; this one is dialled when that fails. Else as of the link. */
export type PeerInfoState = PeerStatus | 'standby'

/** A peer or incoming link as it stands. Times are on the node's clock. */
export interface PeerInfo {
  /** The configured URI without its query; for incoming links that of the listener. */
  readonly uri: string
  readonly state: PeerInfoState
  readonly incoming: boolean
  /** 32 bytes; only claimed while `unproven`. */
  readonly publicKey?: Uint8Array
  /** Where it leads, for people: `tcp://192.0.2.1:1234`. */
  readonly remote?: string
  /** Why it is not up. */
  readonly error?: YggdrasilError
  readonly retryAtMs?: number
  /** Attempts in a row that failed. */
  readonly failures: number
  readonly priority: number
  readonly rxBytes: number
  readonly txBytes: number
  readonly upSinceMs?: number
  /** Port that the peer has in our coordinates of its children. */
  readonly port?: number
  /** Smoothed, in ms; absent before the first measurement. */
  readonly latencyMs?: number
  /** What the router compares links by. */
  readonly cost?: number
  /** Of the peer in the tree; empty while unknown. */
  readonly coordinates?: readonly bigint[]
  /** Whether the peer is our parent or child. */
  readonly onTree?: boolean
}

/** A session as it stands. Times are on the node's clock. */
export interface SessionInfo {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  readonly sinceMs: number
  readonly usedMs: number
  /** Payload sent and received, without what the layers below add. */
  readonly rxBytes: number
  readonly txBytes: number
  /** How often our keys, and theirs, were changed. */
  readonly localKeySeq: number
  readonly remoteKeySeq: number
}

export interface PeerUpEvent {
  readonly uri: string
  readonly publicKey: Uint8Array
  readonly incoming: boolean
  readonly remote?: string
}

export interface PeerDownEvent extends PeerUpEvent {
  /** Absent after an orderly end. */
  readonly error?: YggdrasilError
}

export interface PeerRetryEvent {
  readonly uri: string
  /** Why the last attempt failed, or the link ended. */
  readonly error: YggdrasilError
  readonly failures: number
  /** Until the next attempt, in ms; absent when there will be none. */
  readonly retryInMs?: number
}

/** What a node tells of itself. Rare events only: packets come by {@link YggdrasilNode.receive}, streams by `listen`. */
export type YggdrasilEvents = {
  /** A peer has shown that it has its key. */
  peerUp: PeerUpEvent
  peerDown: PeerDownEvent
  /** A peer cannot be reached; when it is tried again, and why it failed. */
  peerRetry: PeerRetryEvent
  /** Root, parent or coordinates have changed. */
  tree: TreeInfo
  /** Raw packets are welcome again after {@link YggdrasilNode.send} returned `false`. */
  drain: object
  /** Something that nobody waits for failed: a listener broke, a listener of events threw. */
  error: { readonly error: unknown }
}

export interface PingResult {
  /** From the request that was answered to the answer, in ms. The first contact includes finding the way. */
  readonly rttMs: number
  /** Requests sent. */
  readonly attempts: number
}

export interface WaitOptions {
  /** Default 10 000. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export interface CloseOptions {
  /** How long streams may take to deliver what was written, in ms; default 2000; 0: cut everything at once. */
  readonly timeoutMs?: number
}

/** Counters since the start, and sizes now. All bounded by the limits. */
export interface YggdrasilStats {
  readonly sessions: number
  readonly openings: number
  readonly paths: number
  readonly links: number
  /** Everything the machines count, by name: `router.forwarded`, `session.stray`, … */
  readonly counters: Readonly<Record<string, number>>
}

/**
 * Takes raw packets: what QUIC or IPv6 would be carried in. `packet` is a view that is valid only during the call, and
 * so is `from` (32 bytes, proven by the session): copy what you keep.
 */
export type PacketHandler = (from: Uint8Array, packet: Uint8Array) => void

/** A running node: what `Yggdrasil.start` resolves with. Everything here is of one key, which is the node's address. */
export interface YggdrasilNode extends AsyncDisposable {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** IPv6 text form, made of the key: `200:eaee:…`. */
  readonly address: string
  /** The /64 made of the key: `300:eaee:…::/64`. */
  readonly subnet: string
  /** URIs really listened on, with the ports that the system chose. */
  readonly listenAddresses: readonly string[]
  /** For `Transports`: dials and listens on `ygg://KEY:PORT`. */
  readonly streams: StreamTransport
  /** The same for datagrams. */
  readonly datagramTransport: DatagramTransport

  /**
   * Send a raw packet: unreliable, in order, never twice. The first one to a key waits for the way to it; a newer one
   * takes its place. Copied before the call returns.
   * To our own key it comes back at once.
   * @returns `false`: taken, but the way is full, and what follows pushes out what is older; wait for `drain`
   * @throws {YggdrasilError} `bad-key` | `too-large` above 65,535 bytes | `closed`
   */
  send(key: KeyLike, packet: Uint8Array): boolean
  /**
   * Take raw packets; one handler at a time. While there is one, streams cannot use the ports 256 to 511 of others
   * (yggdrasil protocol §9.1).
   * @returns a function that takes the handler off again
   * @throws {YggdrasilError} `misuse` when there is one
   */
  receive(handler: PacketHandler): () => void

  /**
   * Open a stream to a listener on `port` of the node with this key. Rejects with a `TransportError`: `refused`,
   * `timeout`, `aborted`, `bad-address`.
   */
  openStream(key: KeyLike, port: number, options?: DialOptions): Promise<ByteStream>
  /** Take streams on `port`, 1 to 65,535 without 256 to 767. Rejects with a `TransportError`: `address-in-use`, `bad-address`. */
  listen(port: number, options: ListenOptions): Promise<Listener>
  /** Send and receive datagrams on `port`. @throws {TransportError} `address-in-use` | `bad-address` */
  datagrams(port: number): DatagramSocket

  /** Dial this peer, and keep dialling. @throws {YggdrasilError} `bad-uri` | `duplicate` | `unsupported` | `closed` */
  addPeer(uri: string): void
  /** Cut the link to this peer and stop dialling. @returns whether it was there */
  removePeer(uri: string): boolean
  /** Dial what waits for its next attempt at once: after a change of the network. All peers without `uri`. */
  retryNow(uri?: string): void

  peers(): PeerInfo[]
  tree(): TreeInfo
  sessions(): SessionInfo[]
  paths(): PathInfo[]
  stats(): YggdrasilStats

  /** Resolves when the node has a proven link and a place in the tree below it. Rejects with `timeout`, `aborted`, `closed`. */
  online(options?: WaitOptions): Promise<void>
  /**
   * The full key of a node of which an address, a subnet or the key is known, from the node itself: it has been reached
   * when this resolves. Rejects with `bad-key`, `timeout`, `aborted`, `closed`, `flood`.
   * @param target - `200:…`, `300:…::/64`, or a key
   */
  lookup(target: KeyLike, options?: WaitOptions): Promise<Uint8Array>
  /** Ask a node whether it is there. Every Yggdrasil node answers. Rejects like {@link lookup}, and with `self`. */
  ping(key: KeyLike, options?: WaitOptions): Promise<PingResult>

  /** @returns a function that takes the listener off again */
  on<Name extends keyof YggdrasilEvents>(name: Name, listener: (event: YggdrasilEvents[Name]) => void): () => void
  off<Name extends keyof YggdrasilEvents>(name: Name, listener: (event: YggdrasilEvents[Name]) => void): void

  /** End streams in order, then cut links and listeners. Resolves when nothing of the node is left. Never rejects. */
  close(options?: CloseOptions): Promise<void>
}
