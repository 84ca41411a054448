import type { Disk } from '../files/disk.js'
import type { MessengerParts } from '../types.js'

/** What a platform supplies: with it, everything the messenger stands on is there. */
export interface PlatformParts extends MessengerParts {
  /** Where files are kept. */
  readonly disk: Disk
  /** Called last of all, when the store is closed. Never rejects. */
  readonly release?: () => Promise<void>
}
