import type { StreamConnection } from './connection.js'
import type { StreamMemory } from './memory.js'
import type { Remote } from './remote.js'
import type { SendBuffer } from './send-buffer.js'

/** What a connection needs of its stack. */
export interface ConnectionHost {
  readonly windowBytes: number
  readonly grownWindowBytes: number
  readonly outOfOrderSegments: number
  readonly memory: StreamMemory
  /** Ask for so many bytes of window more. @returns how many there are to give */
  grantWindow(sizeBytes: number): number
  /** Send a packet without data. */
  control(connection: StreamConnection, flags: number, seq: number, ack: number, window: number, nowMs: number): void
  /** Send bytes of a buffer, with {@link StreamConnection.ack} and the window. */
  data(
    connection: StreamConnection,
    seq: number,
    length: number,
    buffer: SendBuffer,
    isAgain: boolean,
    nowMs: number,
  ): void
  /** Answer with a reset; there is a limit to them. */
  reset(remote: Remote, localPort: number, remotePort: number, nowMs: number): void
  /** Call {@link StreamConnection.work} at the next `advance`. */
  needsWork(connection: StreamConnection): void
  /** Call {@link StreamConnection.onDeadline} then, or earlier. */
  wakeAt(connection: StreamConnection, dueMs: number): void
  /** It has something for a way that is full. */
  awaitsDrain(connection: StreamConnection): void
  /** The opening of a connection that came in is complete. */
  accepted(connection: StreamConnection, nowMs: number): void
  /** It has failed here, and stays in the table until {@link forget}. */
  failed(connection: StreamConnection): void
  /** Nothing more is to be done for it. */
  forget(connection: StreamConnection): void
  /** A packet, or what it carried, was not taken. */
  ignored(): void
  /** Run a callback of the application. */
  guard(callback: () => void): void
}
