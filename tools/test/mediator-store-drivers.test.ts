// The mediator's checks of its store on the SQLite libraries that do not come with it: better-sqlite3, installed for this
// folder, and node:sqlite, in this process or in a newer Node that npm delivers.
import { spawnSync } from 'node:child_process'
import { createRequire, isBuiltin } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openSqliteStore } from '../../packages/mediator/src/index.js'
import { storeSuite } from '../../packages/mediator/test/stores/suite.js'
import type { DriverChoice } from '../../packages/store/src/index.js'
import { root } from '../lib/process.mjs'

const NEWER_NODE = 'node@22.23.3'
const everything = process.env['MIMIR_CI'] === '1'
const require = createRequire(import.meta.url)

function load(name: 'better-sqlite3'): DriverChoice | undefined {
  try {
    const module = require(name) as new (path: string) => { close(): void }
    new module(':memory:').close()
    return { name, module }
  } catch (error) {
    if (everything) throw error
    console.info(`left out: the checks of the mediator's store on ${name}, which does not run here`)
    return undefined
  }
}

function run(name: string, driver: DriverChoice | undefined): void {
  if (driver === undefined) return
  storeSuite(name, async () => {
    const store = openSqliteStore(':memory:', { driver })
    return { store, done: () => store.close() }
  })
}

run('better-sqlite3', load('better-sqlite3'))

if (isBuiltin('node:sqlite')) {
  run('node:sqlite', 'node:sqlite')
} else if (everything) {
  test(`node:sqlite, under ${NEWER_NODE}`, { timeout: 300_000 }, () => {
    const vitest = path.join(path.dirname(require.resolve('vitest/package.json')), 'vitest.mjs')
    const args = ['-y', '-p', NEWER_NODE, 'node', vitest, 'run', fileURLToPath(import.meta.url), '-t', 'node:sqlite']
    const env = { ...process.env, MIMIR_CI: '', NO_COLOR: '1' }
    const { stdout, stderr, status } = spawnSync('npx', args, { encoding: 'utf8', env, cwd: root })
    expect(`${stdout}${status === 0 ? '' : stderr}`).toMatch(/^ *Tests +\d+ passed/m)
  })
} else {
  console.info(
    `left out: the checks of the mediator's store on node:sqlite, which this Node has not; MIMIR_CI=1 runs ${NEWER_NODE}`,
  )
}
