import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Driver, DriverName } from './driver.js'
import { type BetterConstructor, betterDriver } from './driver-better.js'
import { type NodeConstructor, nodeDriver } from './driver-node.js'
import { StoreError } from './error.js'

const ownRequire = createRequire(import.meta.url)

/** How each driver is loaded, in the order in which they are tried. Each throws when it is not there. */
const LOADERS: Record<DriverName, () => Driver> = {
  'node:sqlite': () => nodeDriver((ownRequire('node:sqlite') as { DatabaseSync: NodeConstructor }).DatabaseSync),
  'better-sqlite3': () => betterDriver('better-sqlite3', requireInstalled('better-sqlite3') as BetterConstructor),
  libsql: () => betterDriver('libsql', ownRequire('libsql') as BetterConstructor),
}

/** Installed beside the program, or as an optional peer of this package. */
function requireInstalled(name: string): unknown {
  try {
    return ownRequire(name)
  } catch {
    return createRequire(join(process.cwd(), 'package.json'))(name)
  }
}

const loaded = new Map<DriverName, Driver>()

/**
 * The driver asked for, or for `auto` the first that is there: Node's own, better-sqlite3 if the program has it
 * installed, libsql, which needs no compiler.
 * @throws {StoreError} `driver`
 */
export function loadDriver(choice: DriverName | 'auto'): Driver {
  const names = choice === 'auto' ? (Object.keys(LOADERS) as DriverName[]) : [choice]
  const failures: string[] = []
  for (const name of names) {
    const known = loaded.get(name)
    if (known) return known
    try {
      const driver = LOADERS[name]()
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
    `no SQLite driver could be loaded (${failures.join('; ')}); install better-sqlite3, or use Node 22.13 or newer`,
  )
}
