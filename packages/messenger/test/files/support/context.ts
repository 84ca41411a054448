import { randomBytes } from '@mimirjs/crypto'
import { steadyClock } from '@mimirjs/transport'
import type { FilesContext } from '../../../src/files/context.js'
import { Places } from '../../../src/files/places.js'
import { DEFAULT_TRANSFER_LIMITS, type FileEvent } from '../../../src/files/types.js'
import { nodeDisk } from '../../../src/platform/node/disk.js'
import { createMemoryStore } from '../../../src/store-memory.js'

export interface TestContext extends FilesContext {
  readonly events: FileEvent[]
  readonly reports: unknown[]
}

/** What the parts of transfers share, for tests of one part. */
export function createContext(folder: string, change: Partial<FilesContext> = {}): TestContext {
  const events: FileEvent[] = []
  const reports: unknown[] = []
  return {
    store: createMemoryStore(),
    disk: nodeDisk,
    places: new Places(folder),
    clock: steadyClock,
    logger: undefined,
    retry: { minMs: 5, maxMs: 50 },
    limits: DEFAULT_TRANSFER_LIMITS,
    random: randomBytes,
    fault: async () => {},
    emit: (event) => events.push(event),
    report: (error) => reports.push(error),
    events,
    reports,
    ...change,
  }
}
