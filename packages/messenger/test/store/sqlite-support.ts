import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import type { Store } from '../../src/store.js'
import { openSqliteStore } from '../../src/store-sqlite.js'

const folders: string[] = []
const open: Store[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((store) => store.close()))
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** The path of a database that is gone after the test. */
export function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mimir-store-'))
  folders.push(folder)
  return join(folder, 'messenger.sqlite')
}

/** Closed when the test is over. */
export function openAt(path: string): Store {
  const store = openSqliteStore(path, { durability: 'process' })
  open.push(store)
  return store
}
