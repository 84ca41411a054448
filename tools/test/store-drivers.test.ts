// The store's checks on the drivers that do not come with it: better-sqlite3, installed for this folder, and
// node:sqlite, in this process or in a newer Node that npm delivers.
import { spawnSync } from 'node:child_process'
import { createRequire, isBuiltin } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { DriverChoice } from '../../packages/store/src/index.js'
import { type DriverUnderTest, storeChecks } from '../../packages/store/test/support/checks.js'
import { open, withFolder } from '../../packages/store/test/support/open.js'

const NEWER_NODE = 'node@22.23.3'
const everything = process.env['MIMIR_CI'] === '1'
const require = createRequire(import.meta.url)

function load(name: string): unknown {
  try {
    const library = require(name) as new (path: string) => { close(): void }
    new library(':memory:').close()
    return library
  } catch (error) {
    if (everything) throw error
    console.info(`left out: the checks of the store on ${name}, which does not run here`)
    return undefined
  }
}

function run(driver: DriverUnderTest): void {
  describe(driver.name, () => {
    for (const check of storeChecks(driver)) test(check.name, { timeout: 90_000 }, check.run)
  })
}

const betterSqlite3 = load('better-sqlite3')
if (betterSqlite3 !== undefined) {
  run({ name: 'better-sqlite3', module: betterSqlite3, modulePath: require.resolve('better-sqlite3') })
}

if (isBuiltin('node:sqlite')) {
  run({ name: 'node:sqlite' })
} else if (everything) {
  test(`node:sqlite, under ${NEWER_NODE}`, { timeout: 300_000 }, () => {
    const program = fileURLToPath(new URL('support/store-checks.ts', import.meta.url))
    const node = ['node', '--conditions=mimir:source', '--import', import.meta.resolve('tsx'), program]
    const { stdout, stderr, status } = spawnSync('npx', ['-y', '-p', NEWER_NODE, ...node], { encoding: 'utf8' })
    expect(`${stdout}${status === 0 ? '' : stderr}`).toMatch(/\d+ passed, 0 failed\n$/)
  })
} else {
  console.info(
    `left out: the checks of the store on node:sqlite, which this Node has not; MIMIR_CI=1 runs ${NEWER_NODE}`,
  )
}

test('a file goes from one driver to the next', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'a.db')
    const drivers: DriverChoice[] = ['libsql']
    if (betterSqlite3 !== undefined) drivers.push({ name: 'better-sqlite3', module: betterSqlite3 })
    if (isBuiltin('node:sqlite')) drivers.push('node:sqlite')
    const texts = ['plain', 'grün 🌱', 'half \ud800 a pair', 'nul \0 inside']
    for (const [round, driver] of [...drivers, ...drivers].entries()) {
      const db = open(path, { driver, migrations: ['CREATE TABLE t (round, body TEXT)'], exclusive: true })
      const insert = db.prepare('INSERT INTO t VALUES (?, ?)')
      await Promise.all(texts.map((text) => db.write(() => insert.run(round, text))))
      const rows = db.prepare('SELECT body FROM t').all()
      const read = texts.map((text) => text.replace(/[\0\ud800](?!\udf31)/, '\ufffd'))
      expect(rows.map((row) => row['body'])).toEqual(Array.from({ length: round + 1 }, () => read).flat())
      db.close()
    }
  })
})
