import type { Signer } from '@mimirjs/crypto'
import type { Clock, DatagramTransport, Logger } from '@mimirjs/transport'
import type { ResolverLimits } from './limits.js'
import type { ResolverGeneration } from './policy.js'

export interface ResolverOptions {
  /** Whose trackers they are: `classic` (default) over UDP, or `current` on overlay nodes. */
  readonly generation?: ResolverGeneration
  /**
   * Address URLs of the trackers, best first. Classic: `udp://[200:…]:5050`, IP addresses only. Current:
   * `ygg://<64 hex of the node key>:69`.
   */
  readonly trackers: readonly string[]
  /** The way to them: `udp()` of `@mimirjs/transport/udp`, or the `datagramTransport` of a node of `@mimirjs/yggdrasil`. */
  readonly transport: DatagramTransport
  /**
   * Local address URL of the socket. Default: any port, of the address family of each tracker; on the overlay
   * `ygg://[::]:69`, since trackers answer to no other port.
   */
  readonly bind?: string
  /**
   * Version of the requests to current trackers. Default: 2, and 1 with a tracker that has never answered to 2. 1 is
   * understood by all of them.
   */
  readonly trackerVersion?: 1 | 2
  /** Trackers that an announce goes to. Default: up to five classic ones; one current, since those tell each other. */
  readonly announceFanout?: number
  /** The identity to announce. Without it nothing can be announced. */
  readonly signer?: Signer
  /**
   * Tells the devices of one identity apart: u32, not 0 and not 1. Choose it once per installation and keep it, for a
   * new one leaves the old record standing until it lapses. Default: random.
   */
  readonly clientId?: number
  readonly limits?: Partial<ResolverLimits>
  /** Default: ms since 1970, counted steadily. */
  readonly clock?: Clock
  /** Source of unpredictable bytes. Default: that of the system. */
  readonly random?: (byteLength: number) => Uint8Array
  readonly logger?: Logger
}

export interface ResolveOptions {
  /** Give up when it aborts: `aborted`. */
  readonly signal?: AbortSignal
  /** Ask the trackers even if the answer is known. Default `false`. */
  readonly force?: boolean
}

export interface AnnounceOptions {
  /** Where we can be reached: `tcp://[200:…]:5050`; current: `ygg://<64 hex of our node's key>:42`. */
  readonly address: string
  /** 0 to 255; the lower is dialed first, the higher in the current generation. Default 3 and 1, as the originals announce. */
  readonly priority?: number
}

const MAX_CLIENT_ID = 0xffff_ffff
/** 0 stands for any device in the caches of the originals, and 1 is every device of a later generation (§11.5). */
const FIRST_CLIENT_ID = 2

/** @throws {RangeError} */
export function requirePriority(priority: number): void {
  if (Number.isInteger(priority) && priority >= 0 && priority <= 255) return
  throw new RangeError(`priority must be a whole number from 0 to 255, got ${priority}`)
}

/** @throws {RangeError} */
export function checkedClientId(clientId: number): number {
  if (Number.isInteger(clientId) && clientId >= FIRST_CLIENT_ID && clientId <= MAX_CLIENT_ID) return clientId
  throw new RangeError(`clientId must be a whole number from ${FIRST_CLIENT_ID} to ${MAX_CLIENT_ID}, got ${clientId}`)
}

export function randomClientId(random: (byteLength: number) => Uint8Array): number {
  const bytes = random(4)
  return Math.max(FIRST_CLIENT_ID, new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0))
}

/** The client id of the `index`-th address of a device: a tracker keeps one record for each. */
export function neighbour(clientId: number, index: number): number {
  return Math.max((clientId + index) % (MAX_CLIENT_ID + 1), FIRST_CLIENT_ID + index)
}
