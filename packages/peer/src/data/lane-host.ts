import type { SessionTimers } from '../timers.js'
import type { InboxHost } from './data-inbox.js'
import type { OutboxHost } from './data-outbox.js'
import type { Closable } from './lane-stream.js'
import type { StreamOpener } from './stream-opener.js'

/** What the streams of a connection ask and tell it. */
export interface LaneHost extends OutboxHost, InboxHost {
  readonly timers: SessionTimers
  readonly opener: StreamOpener
  /** As much is unfinished as allowed: nothing is to be read. */
  readonly isPaused: boolean
  /** Bytes of the other side arrived. */
  heard(): void
  /** It is in the middle of a frame, or not any more. */
  receiving(isInside: boolean): void
  /** Whether the other side may have another stream in this minute. */
  mayAttach(): boolean
  /** Deadlines may have moved, and {@link DataLane.moved} is to be called. */
  changed(): void
  /** A stream is open; and it is closed. */
  opened(stream: Closable): void
  closed(stream: Closable): void
  /** A fault of ours. */
  broken(cause: unknown): void
}
