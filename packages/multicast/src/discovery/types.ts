import type { MulticastError } from '../error.js'

/** Somebody on the local network, as they say themselves: proven is the key, but not that they are still there. */
export interface Person {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** What was heard last for the first time: `mp2p://` URL. */
  readonly address: string
  /** All that are still said, {@link address} first; two at most. */
  readonly addresses: readonly string[]
  /** Host that the declaration came from, as the system wrote it. */
  readonly from: string
}

export type DiscoveryEvents = {
  /** Somebody who was not there before. */
  found: Person
  /** Somebody is at another address, or at one more. */
  changed: Person
  /** Somebody has been silent for too long, or made room. */
  lost: Person
  /** The socket failed; discovery is over. */
  closed: MulticastError
}

/** What became of a datagram. */
export type DiscoveryVerdict =
  | 'found' // somebody new
  | 'changed' // somebody at a new address
  | 'heard' // known already, at this very address
  | 'drop:length' // no address declaration, or not of its exact size
  | 'drop:self' // under our own key
  | 'drop:address' // no group and port that this protocol uses, or of the other family
  | 'drop:key' // a key of small order, under which every signature fits
  | 'drop:full' // no room for a stranger, or for one more that this host speaks for
  | 'drop:rate' // too many signatures to check
  | 'drop:signature' // not signed by its key

export const DISCOVERY_VERDICTS: readonly DiscoveryVerdict[] = [
  'found',
  'changed',
  'heard',
  'drop:length',
  'drop:self',
  'drop:address',
  'drop:key',
  'drop:full',
  'drop:rate',
  'drop:signature',
]
