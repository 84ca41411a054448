import type { AnnounceResponse } from './announce.js'
import type { GetAddrsRequest } from './get-addrs.js'

// What the two later generations say. They differ in how it is written, which node-forms.ts tells; a record names an overlay
// node instead of an IP address and a port.

/**
 * Ways of writing: `stream` on a stream of the overlay generation, `v1` and `v2` as datagrams of the current one (tracker
 * protocol §5, §7.2, §7.3).
 */
export type TrackerForm = 'stream' | 'v1' | 'v2'

/** "I can be reached at that node." */
export interface NodeAnnounceRequest {
  /** u32 that the answer repeats. */
  readonly nonce: number
  /** Identity key of the user, 32 bytes. */
  readonly publicKey: Uint8Array
  /** Public key of the overlay node, 32 bytes. */
  readonly address: Uint8Array
  /** Ed25519 signature of `address` alone by `publicKey`, 64 bytes. Not checked here. */
  readonly signature: Uint8Array
  /** u8. The current generation dials the higher number first, the overlay generation the lower. Not signed. */
  readonly priority: number
  /** u32 that tells the devices of one user apart. Not signed. */
  readonly clientId: number
}

/** One node of a user. */
export interface NodeRecord {
  /** Public key of the overlay node, 32 bytes. */
  readonly address: Uint8Array
  /** Ed25519 signature of `address` alone by the user asked for, 64 bytes. Not checked here. */
  readonly signature: Uint8Array
  readonly priority: number
  readonly clientId: number
  /** What is left of the record's lifetime, in **milliseconds**. */
  readonly lifetimeMs: bigint
}

export interface NodeGetAddrsResponse {
  readonly nonce: number
  /** Empty when the tracker knows no live node. */
  readonly records: readonly NodeRecord[]
}

/** "Are you there?", and the answer. */
export interface TrackerPing {
  readonly nonce: number
}

/** Requests by the name of their command. */
export interface TrackerRequests {
  announce: NodeAnnounceRequest
  getAddrs: GetAddrsRequest
  ping: TrackerPing
}

/** Answers by the name of their command. */
export interface TrackerResponses {
  announce: AnnounceResponse
  getAddrs: NodeGetAddrsResponse
  ping: TrackerPing
}

export type TrackerCommandName = keyof TrackerRequests
