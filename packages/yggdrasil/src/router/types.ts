import type { YggdrasilError } from '../error.js'
import type { RouterLimits } from '../limits.js'

/** What the router needs of a link. A `Link` of `src/links` is one. */
export interface RouterLink {
  /** Start order: later links have higher ids. */
  readonly id: number
  /** 32 bytes: the key that the remote claims; the router finds out whether it has it. */
  readonly publicKey: Uint8Array
  /** 0 to 255; lower is preferred among links to the same node. */
  readonly priority: number
  /**
   * Take one whole frame (length prefix included) before returning: the router reuses the bytes. `false`: taken, but
   * no more traffic until {@link Router.drained}.
   */
  write(frame: Uint8Array): boolean
  /** Cut it, for this reason. {@link Router.removeLink} has to follow, not from inside this call. */
  close(reason: YggdrasilError): void
}

/** What the router asks of its surroundings. The callbacks may call the router. */
export interface RouterEffects {
  /**
   * A packet for this node.
   * @param source - 32 bytes, claimed by the sender and not proven; a view that is valid only during the call
   * @param payload - a view that is valid only during the call
   */
  deliver(source: Uint8Array, payload: Uint8Array, nowMs: number): void
  /** The path to this node (32 bytes, the full key, proven by its signature) was found or has changed. */
  pathFound(key: Uint8Array, nowMs: number): void
  /** The remote of this link has shown that it has the private key it claims. Once for each link. */
  proven(link: RouterLink): void
  /** Our root, parent or coordinates changed. */
  treeChanged?(tree: TreeInfo): void
}

export interface RouterOptions {
  /** Ours, 32 bytes. */
  readonly publicKey: Uint8Array
  /** An Ed25519 signature (64 bytes) with our key. */
  sign(message: Uint8Array): Uint8Array
  /** Ed25519 without the cofactor, as `verify` of `@mimirjs/crypto`. `false` for what is no key or signature. */
  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean
  /** 64 unpredictable bits. */
  random64(): bigint
  /** Whole seconds since 1970: numbers our path notifies. */
  unixSeconds(): number
  /** `true`: forward what belongs to others, needed with more than one link. `false`: a leaf. yggdrasil protocol §7 */
  readonly transit: boolean
  readonly limits?: Partial<RouterLimits>
  readonly effects: RouterEffects
}

/** Our place in the spanning tree. */
export interface TreeInfo {
  /** Key of the root as far as known, 32 bytes. */
  readonly root: Uint8Array
  /** Key of our parent; our own while we are a root. */
  readonly parent: Uint8Array
  /** Ports from the root down to us; empty for a root, and while the way to the root is not known. */
  readonly coordinates: readonly bigint[]
  /** Number of our own announcement. */
  readonly seq: bigint
  /** Announcements of nodes that are stored, ours included. */
  readonly records: number
}

/** What the router knows of one link. */
export interface RouterPeerInfo {
  readonly linkId: number
  readonly publicKey: Uint8Array
  /** The port that we gave to this neighbour. */
  readonly port: number
  readonly priority: number
  /** Smoothed, from signature responses; absent before the first one. */
  readonly latencyMs?: number
  /** What the link weighs in routing: whole milliseconds, at least 1. */
  readonly cost: number
  /** Ports from the root down to the neighbour; empty for a root and while not known. */
  readonly coordinates: readonly bigint[]
  /** It is our parent or our child. */
  readonly onTree: boolean
  /** It has shown that it has its private key. */
  readonly proven: boolean
  /** Bytes waiting for the link to take traffic again. */
  readonly queuedBytes: number
}

/** A path that was found. */
export interface PathInfo {
  readonly publicKey: Uint8Array
  readonly coordinates: readonly bigint[]
  /** Number of the notify that brought it: Unix seconds at its sender. */
  readonly seq: bigint
  /** Somebody told that it leads nowhere; a lookup is under way. */
  readonly broken: boolean
  readonly expiresMs: number
}

/** Counters since the start. A packet is counted once. */
export interface RouterStats {
  /** Traffic for us that was given to {@link RouterEffects.deliver}. */
  delivered: number
  /** Traffic of our own that was handed to a link. */
  sent: number
  /** Traffic of others that was handed to a link. */
  forwarded: number
  /** Packets dropped from full queues. */
  dropped: number
  /** Traffic (ours and others') without a next hop. */
  undeliverable: number
  /** Path lookups of our own. */
  lookups: number
  /** Lookups answered with a notify. */
  answers: number
  /** Packets that a limit made us ignore. */
  throttled: number
  /** Signatures checked. */
  verifications: number
  /** Announcements accepted. */
  announcements: number
}

export function newRouterStats(): RouterStats {
  return {
    delivered: 0,
    sent: 0,
    forwarded: 0,
    dropped: 0,
    undeliverable: 0,
    lookups: 0,
    answers: 0,
    throttled: 0,
    verifications: 0,
    announcements: 0,
  }
}

/** How much memory the tables hold, for tests and curiosity. */
export interface RouterSizes {
  readonly links: number
  readonly records: number
  readonly paths: number
  readonly rumors: number
  /** Pairs of (neighbour, record known to it). */
  readonly sent: number
  /** Bytes of packets that wait for a path, or are kept in case their path is broken. */
  readonly keptBytes: number
  /** Bytes in the queues of all links. */
  readonly queuedBytes: number
}
