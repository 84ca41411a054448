import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { sign } from '@mimirjs/crypto'
import { openDatabase } from '@mimirjs/store'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { createClock } from '@mimirjs/transport/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createTracker, STORE_APPLICATION_ID, STORE_MIGRATIONS, type TrackerStats } from '../src/index.js'
import { overlayAddress, publicKeyOf, seedOf } from './support.js'

const NOW_MS = 1_700_000_000_000
/** Tracker protocol §9. */
const ORIGINAL_SCHEMA = `CREATE TABLE clients (id BLOB, ip BLOB, port INTEGER, client INTEGER, priority INTEGER,
  signature BLOB, timestamp INTEGER, ttl INTEGER)`
let folder: string
let store: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'mimir-tracker-'))
  store = path.join(folder, 'tracker.sqlite')
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Start on `store`, look, and stop. */
async function startOnce(logged: string[] = [], nowMs = NOW_MS): Promise<TrackerStats> {
  const log = (_fields: object, message: string) => logged.push(message)
  const tracker = await createTracker({
    address: 'memory://tracker',
    transport: createMemoryNetwork().datagrams,
    store,
    clock: createClock(nowMs),
    logger: { debug: () => undefined, info: () => undefined, warn: log, error: log },
  })
  const stats = tracker.stats()
  await tracker.close()
  return stats
}

type Column = 'user_key' | 'client_id' | 'address' | 'signature' | 'port' | 'priority' | 'expires_ms'

function writeRows(rows: readonly Partial<Record<Column, Uint8Array | number | string>>[]): void {
  const database = openDatabase(store, { applicationId: STORE_APPLICATION_ID, migrations: STORE_MIGRATIONS })
  const insert = database.prepare(
    `INSERT INTO classic_records (user_key, client_id, address, signature, port, priority, expires_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  )
  database.transaction(() => {
    for (const [index, row] of rows.entries()) {
      const address = overlayAddress(index)
      const sound = {
        user_key: publicKeyOf(1 + (index % 200)),
        client_id: index,
        address,
        signature: sign(address, seedOf(1 + (index % 200))),
        port: 5050,
        priority: 3,
        expires_ms: NOW_MS + 1000,
        ...row,
      }
      const { user_key, client_id, signature, port, priority, expires_ms } = sound
      insert.run(user_key, client_id, sound.address, signature, port, priority, expires_ms)
    }
  })
  database.close()
}

function storedRows(): number {
  const database = openDatabase(store, { applicationId: STORE_APPLICATION_ID, migrations: STORE_MIGRATIONS })
  const row = database.prepare('SELECT count(*) AS n FROM classic_records').get()!
  database.close()
  return Number(row['n'])
}

describe('loading', () => {
  test('sound records are kept, over more than one page', async () => {
    writeRows(Array.from({ length: 1200 }, () => ({})))
    expect(await startOnce()).toMatchObject({ users: 200, records: 1200 })
  })

  test('numbers that no announce has are removed, not stumbled over', async () => {
    writeRows([{}, { port: 2 ** 52 }, { expires_ms: 1e300 }, { client_id: -1 }, { priority: 'high' }])
    const database = openDatabase(store, { applicationId: STORE_APPLICATION_ID, migrations: STORE_MIGRATIONS })
    database.exec('UPDATE classic_records SET port = 9223372036854775807 WHERE port > 65535')
    database.close()
    expect(await startOnce()).toMatchObject({ records: 1 })
    expect(storedRows()).toBe(1)
  })

  test('what a wrong clock dated far ahead gets one lifetime, and not one for every start', async () => {
    writeRows([{ expires_ms: NOW_MS * 2 }, { expires_ms: 2 ** 53 - 1 }])
    expect(await startOnce()).toMatchObject({ records: 2 })
    expect(await startOnce([], NOW_MS + 3_700_000)).toMatchObject({ records: 0 })
    expect(storedRows()).toBe(0)
  })

  test("the README's statement takes over the database of an original", async () => {
    await startOnce()
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
    const statement = /sqlite3 tracker\.sqlite "([^"]+)"/.exec(readme)![1]!
    const original = path.join(folder, 'mimir.sqlite')
    const old = openDatabase(original, { applicationId: 1, migrations: [ORIGINAL_SCHEMA] })
    const insert = old.prepare('INSERT INTO clients VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
    const nowSeconds = Math.floor(Date.now() / 1000)
    const rows: [clientId: number, timestamp: number, ttl: number | null][] = [
      [1, nowSeconds, 3600],
      [2, nowSeconds, null],
      [3, nowSeconds - 4000, 3600],
      [4, nowSeconds - 4000, null],
    ]
    for (const [clientId, timestamp, ttl] of rows) {
      const address = overlayAddress(clientId)
      insert.run(publicKeyOf(1), address, 5050, clientId, 3, sign(address, seedOf(1)), timestamp, ttl)
    }
    old.close()
    const database = openDatabase(store, { applicationId: STORE_APPLICATION_ID, migrations: STORE_MIGRATIONS })
    database.exec(statement.replace('mimir.sqlite', original))
    database.close()
    expect(await startOnce([], Date.now())).toMatchObject({ users: 1, records: 2 })
  })

  test('what is expired, forged or misshapen is removed, the rest kept', async () => {
    writeRows([
      {},
      { expires_ms: NOW_MS - 1 },
      { signature: new Uint8Array(64) },
      { signature: new Uint8Array(63) },
      { address: new Uint8Array(4) },
      { user_key: new Uint8Array(32).fill(2) },
      { user_key: new Uint8Array(5) },
      { user_key: 'text' },
      { port: 65536 },
      { priority: -1 },
      { client_id: -1 },
      { client_id: 2 ** 32 },
      { port: 1.5 },
      { priority: 'high' },
      { expires_ms: 'never' },
      {},
    ])
    expect(await startOnce()).toMatchObject({ users: 2, records: 2 })
    expect(storedRows()).toBe(2)
  })

  test('a lifetime of years in the file is an hour at most', async () => {
    writeRows([{ expires_ms: NOW_MS * 2 }])
    const clock = createClock(NOW_MS)
    const { datagrams } = createMemoryNetwork()
    const tracker = await createTracker({ address: 'memory://t', transport: datagrams, store, clock })
    expect(tracker.stats().records).toBe(1)
    clock.advance(3_660_000)
    expect(tracker.stats().records).toBe(0)
    await tracker.close()
  })
})

describe('files that are not as they should be', () => {
  test('damaged inside: moved aside whole, the tracker starts empty', async () => {
    writeRows(Array.from({ length: 2000 }, () => ({})))
    const bytes = readFileSync(store)
    bytes.fill(0xa5, 4096, bytes.length - 100)
    writeFileSync(store, bytes)
    const logged: string[] = []
    expect(await startOnce(logged)).toMatchObject({ users: 0 })
    expect(logged).toEqual([expect.stringContaining('moved aside')])
    const aside = readdirSync(folder).filter((name) => name.includes('.damaged-'))
    expect(aside).toContain('tracker.sqlite.damaged-20231114T221320000Z')
    // Whatever was in it is still in it; behind the header's counters, which a driver may have moved, nothing changed.
    expect(readFileSync(path.join(folder, aside[0]!)).subarray(100)).toEqual(bytes.subarray(100))
    expect(await startOnce()).toMatchObject({ users: 0 })
  })

  test('a folder: refused, with its name', async () => {
    mkdirSync(store)
    await expect(startOnce()).rejects.toMatchObject({ code: 'store-foreign', message: expect.stringContaining(store) })
  })

  test('nothing but zeros, as after a power cut', async () => {
    writeFileSync(store, new Uint8Array(8192))
    expect(await startOnce()).toMatchObject({ users: 0 })
    expect(readdirSync(folder).some((name) => name.includes('.damaged-'))).toBe(true)
  })

  test('of another program: refused and untouched', async () => {
    const other = openDatabase(store, { applicationId: 12345, migrations: ['CREATE TABLE theirs (x)'] })
    other.close()
    const before = readFileSync(store)
    await expect(startOnce()).rejects.toMatchObject({ name: 'TrackerError', code: 'store-foreign', blame: 'local' })
    expect(readFileSync(store)).toEqual(before)
  })

  test('no database at all: refused and untouched', async () => {
    writeFileSync(store, 'my shopping list, which is longer than a header of SQLite would be'.repeat(9))
    await expect(startOnce()).rejects.toMatchObject({ code: 'store-foreign' })
    expect(readFileSync(store, 'utf8')).toContain('shopping')
  })

  test('of a newer version: refused', async () => {
    const newer = openDatabase(store, {
      applicationId: STORE_APPLICATION_ID,
      migrations: [...STORE_MIGRATIONS, 'CREATE TABLE future (x)'],
    })
    newer.close()
    await expect(startOnce()).rejects.toMatchObject({ code: 'store-newer' })
  })

  test('in use by another tracker: refused, and free when that one ends', async () => {
    const { datagrams } = createMemoryNetwork()
    const first = await createTracker({ address: 'memory://first', transport: datagrams, store })
    await expect(startOnce()).rejects.toMatchObject({ code: 'store-in-use' })
    await first.close()
    await startOnce()
  })

  test('in a folder that is not there', async () => {
    store = path.join(folder, 'missing', 'tracker.sqlite')
    await expect(startOnce()).rejects.toMatchObject({ name: 'TrackerError', code: 'store' })
    expect(existsSync(path.dirname(store))).toBe(false)
  })

  test('a database of the caller without our tables', async () => {
    const database = openDatabase(':memory:', { applicationId: 1, migrations: ['CREATE TABLE x (y)'] })
    const { datagrams } = createMemoryNetwork()
    await expect(createTracker({ address: 'memory://t', transport: datagrams, store: database })).rejects.toMatchObject(
      { code: 'store' },
    )
    database.close()
  })
})
