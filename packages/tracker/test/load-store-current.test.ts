import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { sign } from '@mimirjs/crypto'
import { type Database, openDatabase } from '@mimirjs/store'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { createClock } from '@mimirjs/transport/testing'
import { decodeTrackerResponse } from '@mimirjs/wire/tracker'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createTracker, STORE_APPLICATION_ID, STORE_MIGRATIONS, type Tracker } from '../src/index.js'
import { type Client, openClient, overlayAddress, publicKeyOf, seedOf } from './support.js'
import { announceNode, getNodes, nodeKeyOf, nodeNumber, nodeOf, Overlay } from './support-current.js'

const NOW_MS = 1_700_000_000_000
const MINUTE_MS = 60_000
const TRACKER_NODE = 48

let folder: string
let store: string
let overlay: Overlay
beforeEach(() => {
  overlay = new Overlay()
  folder = mkdtempSync(path.join(tmpdir(), 'mimir-tracker-'))
  store = path.join(folder, 'tracker.sqlite')
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

async function start(nowMs = NOW_MS): Promise<Tracker> {
  return createTracker({
    generation: 'current',
    address: 'ygg://[::]:69',
    transport: nodeOf(overlay, TRACKER_NODE).datagrams,
    store,
    clock: createClock(nowMs),
  })
}

function open(migrations: readonly string[] = STORE_MIGRATIONS): Database {
  return openDatabase(store, { applicationId: STORE_APPLICATION_ID, migrations })
}

function clientAt(node: number, tracker: Tracker): Promise<Client> {
  return openClient(nodeOf(overlay, node).datagrams, 'ygg://[::]:69', tracker.address)
}

async function announce(tracker: Tracker, user: number, node: number, clientId = 77): Promise<bigint> {
  const client = await clientAt(node, tracker)
  client.send(announceNode(user, node, { clientId }))
  const { ttlSeconds } = decodeTrackerResponse('v2', 'announce', await client.next())
  await client.close()
  return ttlSeconds
}

async function held(tracker: Tracker, user: number): Promise<[clientId: number, node: number][]> {
  const client = await clientAt(49, tracker)
  client.send(getNodes(user))
  const { records } = decodeTrackerResponse('v2', 'getAddrs', await client.next())
  await client.close()
  return records.map(({ clientId, address }) => [clientId, nodeNumber(address)])
}

type Column = 'user_key' | 'client_id' | 'address' | 'signature' | 'priority' | 'expires_ms' | 'ttl_minutes' | 'rank'

function writeRows(rows: readonly Partial<Record<Column, Uint8Array | number | string>>[]): void {
  const database = open()
  for (const [index, row] of rows.entries()) {
    const address = nodeKeyOf(index)
    const sound = {
      user_key: publicKeyOf(1),
      client_id: index + 2,
      address,
      signature: sign(address, seedOf(1)),
      priority: 1,
      expires_ms: NOW_MS + MINUTE_MS,
      ttl_minutes: 4,
      rank: 2,
      ...row,
    }
    const columns = Object.keys(sound)
    database
      .prepare(`INSERT INTO current_records (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`)
      .run(...Object.values(sound))
  }
  database.close()
}

describe('a new start', () => {
  test('keeps records, their order, and where each stands in its schedule', async () => {
    const tracker = await start()
    await announce(tracker, 1, 3, 5)
    await announce(tracker, 1, 4, 6)
    await announce(tracker, 1, 3, 5)
    await announce(tracker, 2, 7)
    await tracker.close()
    const again = await start(NOW_MS + MINUTE_MS)
    expect(again.stats()).toMatchObject({ users: 2, records: 3 })
    expect(await held(again, 1)).toEqual([
      [5, 3],
      [6, 4],
    ])
    expect(await announce(again, 1, 3, 5)).toBe(960n)
    expect(await announce(again, 1, 4, 6)).toBe(480n)
    await again.close()
  })

  test('forgets what has lapsed', async () => {
    const tracker = await start()
    await announce(tracker, 1, 3)
    await tracker.close()
    const again = await start(NOW_MS + 5 * MINUTE_MS)
    expect(again.stats().records).toBe(0)
    await again.close()
  })

  test('who moved has one record in the file, too', async () => {
    const tracker = await start()
    await announce(tracker, 1, 3)
    await announce(tracker, 1, 4)
    await tracker.close()
    const database = open()
    expect(database.prepare('SELECT count(*) AS n FROM current_records').get()).toEqual({ n: 1 })
    database.close()
  })
})

describe('files of others', () => {
  test('one of the version before goes on: its records stay, and there is room for those of nodes', async () => {
    const old = open(STORE_MIGRATIONS.slice(0, 1))
    const address = overlayAddress(1)
    old
      .prepare(
        `INSERT INTO classic_records (user_key, client_id, address, signature, port, priority, expires_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(publicKeyOf(1), 77, address, sign(address, seedOf(1)), 5050, 3, NOW_MS + MINUTE_MS)
    old.close()
    const current = await start()
    await announce(current, 2, 3)
    await current.close()
    const classic = await createTracker({
      address: 'memory://tracker',
      transport: createMemoryNetwork().datagrams,
      store,
      clock: createClock(NOW_MS),
    })
    expect(classic.stats()).toMatchObject({ users: 1, records: 1 })
    await classic.close()
    const again = await start()
    expect(again.stats()).toMatchObject({ users: 1, records: 1 })
    await again.close()
  })

  test('one database for both generations, each with its own table', async () => {
    const database = open()
    const { datagrams } = createMemoryNetwork()
    const classic = await createTracker({ address: 'memory://tracker', transport: datagrams, store: database })
    const current = await createTracker({
      generation: 'current',
      address: 'ygg://[::]:69',
      transport: nodeOf(overlay, TRACKER_NODE).datagrams,
      store: database,
    })
    await announce(current, 1, 3)
    expect([classic, current].map((tracker) => tracker.stats().records)).toEqual([0, 1])
    await Promise.all([classic.close(), current.close()])
    database.close()
  })

  test('what is expired, forged or misshapen is removed, the rest kept', async () => {
    writeRows([
      {},
      { expires_ms: NOW_MS },
      { signature: new Uint8Array(64) },
      { signature: sign(nodeKeyOf(3), seedOf(2)) },
      { address: new Uint8Array(16) },
      { user_key: new Uint8Array(32).fill(2) },
      { client_id: -1 },
      { priority: 256 },
      { priority: 'high' },
      { ttl_minutes: 'many' },
      { rank: 1.5 },
      { expires_ms: 1e300 },
      {},
    ])
    const tracker = await start()
    expect((await held(tracker, 1)).map(([clientId]) => clientId)).toEqual([14, 2])
    await tracker.close()
    const database = open()
    expect(database.prepare('SELECT count(*) AS n FROM current_records').get()).toEqual({ n: 2 })
    database.close()
  })

  test('far futures, wild grants and ranks are cut to what there is', async () => {
    writeRows([
      { expires_ms: NOW_MS * 2, ttl_minutes: 2 ** 31, rank: 99 },
      { ttl_minutes: 0, rank: -1 },
    ])
    const tracker = await start()
    // Nobody is believed more than a stranger on account of a strange rank.
    const client = await clientAt(30, tracker)
    client.send(announceNode(1, 9, { clientId: 2 }))
    expect(decodeTrackerResponse('v2', 'announce', await client.next()).ttlSeconds).toBe(240n)
    await client.close()
    expect((await held(tracker, 1))[0]).toEqual([2, 9])
    expect(await announce(tracker, 1, 1, 3)).toBe(240n)
    await tracker.close()
    const later = await start(NOW_MS + 17 * MINUTE_MS)
    expect(later.stats().records).toBe(0)
    await later.close()
  })
})
