import { createRequire } from 'node:module'
import type { Driver, DriverChoice, DriverModule, DriverName } from './driver.js'
import { type BetterSqlite3, betterSqlite3Driver } from './drivers/better-sqlite3.js'
import { type Libsql, libsqlDriver } from './drivers/libsql.js'
import { type NodeSqlite, nodeSqliteDriver } from './drivers/node-sqlite.js'
import { StoreError } from './error.js'

/** In the order in which `auto` tries them. */
const NAMES: readonly DriverName[] = ['node:sqlite', 'better-sqlite3', 'libsql']

/** Drivers proven to work in this process: loading native code twice costs, and what it finds does not change. */
const loaded = new Map<DriverName, Driver>()

/**
 * The driver asked for, or for `auto` the first that works: Node's own, better-sqlite3 if the program has it installed,
 * libsql, which needs no compiler.
 * @throws {StoreError} `driver`
 */
export function loadDriver(choice: DriverChoice): Driver {
  if (typeof choice === 'object') return toDriver(choice)
  const failures: string[] = []
  for (const name of choice === 'auto' ? NAMES : [choice]) {
    const known = loaded.get(name)
    if (known !== undefined) return known
    try {
      const driver = toDriver({ name, module: load(name) })
      // A native library may load and still not open anything on this platform.
      driver.open(':memory:').close()
      loaded.set(name, driver)
      return driver
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`)
    }
  }
  throw new StoreError(
    'driver',
    `no SQLite driver could be loaded (${failures.join('; ')}): use Node 22.13 or newer, or install better-sqlite3`,
  )
}

function toDriver({ name, module }: DriverModule): Driver {
  if (name === 'node:sqlite') return nodeSqliteDriver(module as NodeSqlite)
  if (name === 'better-sqlite3') return betterSqlite3Driver(module as BetterSqlite3)
  return libsqlDriver(module as Libsql)
}

/**
 * better-sqlite3 is found where package managers put an optional peer, and nowhere else: looking in the current folder
 * would run whatever code a stranger's folder holds.
 */
function load(name: DriverName): unknown {
  const require = createRequire(import.meta.url)
  return name === 'node:sqlite' ? quietly((): unknown => require(name)) : require(name)
}

/**
 * Node 22 warns on every start that `node:sqlite` is experimental. Which versions of it work is for our tests to know:
 * the warning would only alarm the users of programs built on this.
 */
function quietly<T>(run: () => T): T {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return run()
  } finally {
    process.emitWarning = emitWarning
  }
}
