import type { Clock, Logger, StreamTransport } from '@mimirjs/transport'
import type { TrackerLimits } from '../limits.js'
import type { Gossip, SyncOutcome } from './gossip.js'

export interface SyncServiceOptions {
  readonly streams: StreamTransport
  /** Address URLs of the trackers to dial, and to listen to. */
  readonly peers: readonly string[]
  /** Listen to any other tracker as well. */
  readonly open: boolean
  /** Our own address URL: `ygg://<64 hex>:69`. */
  readonly address: string
  readonly limits: TrackerLimits
  readonly gossip: Gossip
  /** For links; a clock that is never set. */
  readonly linkClock: Clock
  /** For records, which outlive the process. */
  readonly clock: Clock
  readonly logger: Logger | undefined
  /** A record of another tracker was stored. */
  stored(outcome: SyncOutcome, peer: string): void
  up(peer: string): void
  down(peer: string, error: unknown): void
}

export interface SyncCounters {
  /** Records of other trackers that were stored, and those that changed nothing or came too fast. */
  synced: number
  syncIgnored: number
  /** Records told to other trackers, and those lost because a tracker was away for long. */
  syncSent: number
  syncDropped: number
}
