import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Database, type OpenOptions, openDatabase } from '../../src/index.js'

/** "MiTe". */
export const APPLICATION_ID = 0x4d695465

/** A folder of its own for `run`, and nothing left of it afterwards. */
export async function withFolder<T>(run: (folder: string) => Promise<T> | T): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'mimir-store-'))
  try {
    return await run(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export function open(path: string, options: Partial<OpenOptions> = {}): Database {
  return openDatabase(path, { applicationId: APPLICATION_ID, migrations: [], ...options })
}
