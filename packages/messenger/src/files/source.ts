import type { MessengerError } from '../error.js'
import type { Part } from './part.js'

/** Whoever downloads, as its source sees it. */
export interface SourceEvents {
  /** More of it has come. */
  onBytes(part: Part): void
  /** Nothing comes for now; without a reason, because others come first. */
  onWaiting(why?: MessengerError): void
  /** What was there had to be thrown away. */
  onRestart(why: MessengerError): Promise<void>
}

/** Where a download comes from, and in which form. */
export interface Source {
  /** Length of what comes, in bytes: of the file, or of its encrypted form. */
  readonly byteLength: number
  /** Room that is needed on the disk besides, in bytes. */
  readonly extraBytes: number
  /** What has come is worth keeping when it breaks off. */
  readonly canResume: boolean
  /** Wait for our turn. @returns false when the signal fired first */
  enter(signal: AbortSignal): Promise<boolean>
  /**
   * Bring what the part is missing. @returns whether all of it is there; if not, enter again
   * @throws {MessengerError} `file` | `file-server` | `unreachable` | …
   */
  fill(part: Part, signal: AbortSignal): Promise<boolean>
  /**
   * Compare what came with what was announced.
   * @returns where the file itself is, safely on disk
   * @throws {MessengerError} `damaged` | `file`
   */
  verify(part: Part): Promise<string>
  /** What came was compared, or is in its place: whoever brought it need not wait any longer. */
  leave(): void
}
