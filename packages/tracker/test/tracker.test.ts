import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Database } from '@mimirjs/store'
import { openDatabase } from '@mimirjs/store'
import { type DatagramSocket, type DatagramTransport, TransportError } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { createClock, createRandom } from '@mimirjs/transport/testing'
import { udp } from '@mimirjs/transport/udp'
import { decodeResponse } from '@mimirjs/wire/tracker'
import { afterEach, describe, expect, test } from 'vitest'
import {
  createTracker,
  STORE_APPLICATION_ID,
  STORE_MIGRATIONS,
  type Tracker,
  type TrackerOptions,
} from '../src/index.js'
import {
  announce,
  type Client,
  getAddrs,
  openClient,
  overlayAddress,
  publicKeyOf,
  UNHURRIED,
  until,
} from './support.js'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), 'mimir-tracker-'))
  closers.push(() => rmSync(made, { recursive: true, force: true }))
  return made
}

async function start(options: Partial<TrackerOptions> = {}): Promise<Tracker> {
  const tracker = await createTracker({
    address: 'udp://127.0.0.1:0',
    store: ':memory:',
    limits: UNHURRIED,
    ...options,
  })
  closers.push(() => tracker.close())
  return tracker
}

async function connect(tracker: Tracker, bind = 'udp://127.0.0.1:0'): Promise<Client> {
  const client = await openClient(udp(), bind, tracker.address)
  closers.push(() => client.close())
  return client
}

describe('tracker', () => {
  test.each(['127.0.0.1', '[::1]'])('serves on %s', async (host) => {
    const tracker = await start({ address: `udp://${host}:0` })
    const client = await connect(tracker, `udp://${host}:0`)
    expect(await client.ask(announce(1))).toEqual({ command: 'announce', nonce: 0x01020304, ttlSeconds: 600n })
    expect(await client.ask(getAddrs(1))).toMatchObject({ records: [{ address: Buffer.from(overlayAddress(1)) }] })
    expect(tracker.stats()).toMatchObject({
      users: 1,
      records: 1,
      announced: 1,
      answered: 1,
      found: 1,
      storeFailures: 0,
    })
  })

  test('tells of each record stored', async () => {
    const tracker = await start()
    const told = new Promise((resolve) => tracker.on('announced', resolve))
    const client = await connect(tracker)
    client.send(announce(1))
    expect(await told).toEqual({ publicKey: Buffer.from(publicKeyOf(1)), clientId: 77 })
  })

  test('what was acknowledged is there after a restart, in its order', async () => {
    const store = path.join(folder(), 'tracker.sqlite')
    const first = await start({ store })
    const client = await connect(first)
    for (const clientId of [5, 6, 7]) await client.ask(announce(1, { clientId }))
    await client.ask(announce(1, { clientId: 5, address: overlayAddress(9) }))
    await first.close()
    const second = await start({ store })
    const answer = await (await connect(second)).ask(getAddrs(1))
    expect(
      answer.command === 'getAddrs' && answer.records.map(({ clientId, address }) => [clientId, address[15]]),
    ).toEqual([
      [5, 9],
      [6, 1],
      [7, 1],
    ])
  })

  test('records lapse after an hour, in memory and on disk', async () => {
    const store = path.join(folder(), 'tracker.sqlite')
    const clock = createClock(1_700_000_000_000)
    const tracker = await start({ store, clock, limits: { ...UNHURRIED, sweepIntervalMs: 60_000 } })
    const client = await connect(tracker)
    await client.ask(announce(1))
    clock.advance(3_660_000)
    expect(tracker.stats()).toMatchObject({ users: 0, records: 0 })
    expect(await client.ask(getAddrs(1))).toMatchObject({ records: [] })
    await tracker.close()
    const database = openDatabase(store, { applicationId: STORE_APPLICATION_ID, migrations: STORE_MIGRATIONS })
    expect(database.prepare('SELECT count(*) AS n FROM classic_records').get()).toEqual({ n: 0 })
    database.close()
  })

  test('works over any datagram transport, and with a database of the caller', async () => {
    const { datagrams } = createMemoryNetwork()
    const database = openDatabase(':memory:', { applicationId: STORE_APPLICATION_ID, migrations: STORE_MIGRATIONS })
    const tracker = await start({ transport: datagrams, address: 'memory://tracker', store: database })
    const client = await openClient(datagrams, 'memory://client', tracker.address)
    expect(await client.ask(announce(1))).toMatchObject({ ttlSeconds: 600n })
    await tracker.close()
    expect(database.prepare('SELECT count(*) AS n FROM classic_records').get()).toEqual({ n: 1 })
    database.close()
  })

  test('a store that fails: 120 seconds, the record served from memory, and full service when it recovers', async () => {
    const database = openDatabase(':memory:', { applicationId: STORE_APPLICATION_ID, migrations: STORE_MIGRATIONS })
    let broken = true
    const failing: Database = Object.assign(Object.create(database) as Database, {
      prepare: (sql: string) => database.prepare(sql),
      write: <T>(work: () => T) => (broken ? Promise.reject(new Error('disk full')) : database.write(work)),
    })
    const logged: string[] = []
    const log = (_fields: object, message: string) => logged.push(message)
    const logger = { debug: () => undefined, info: () => undefined, warn: log, error: log }
    const tracker = await start({ store: failing, logger })
    const client = await connect(tracker)
    expect(await client.ask(announce(1))).toMatchObject({ ttlSeconds: 120n })
    expect(await client.ask(announce(2))).toMatchObject({ ttlSeconds: 120n })
    expect(await client.ask(getAddrs(1))).toMatchObject({ records: [{}] })
    expect(tracker.stats().storeFailures).toBe(2)
    expect(logged).toEqual(['records cannot be written down; served from memory'])
    broken = false
    expect(await client.ask(announce(1))).toMatchObject({ ttlSeconds: 600n })
  })

  test('the acknowledgement waits for the commit', async () => {
    const database = openDatabase(':memory:', { applicationId: STORE_APPLICATION_ID, migrations: STORE_MIGRATIONS })
    let commit: (() => void) | undefined
    const slow: Database = Object.assign(Object.create(database) as Database, {
      prepare: (sql: string) => database.prepare(sql),
      write: <T>(work: () => T) =>
        new Promise<T>((resolve) => {
          commit = () => resolve(database.transaction(work))
        }),
    })
    const tracker = await start({ store: slow })
    const client = await connect(tracker)
    client.send(announce(1))
    expect(await client.ask(getAddrs(2))).toMatchObject({ command: 'getAddrs' })
    expect(await client.ask(getAddrs(1))).toMatchObject({ command: 'getAddrs' })
    expect(client.received).toHaveLength(2)
    commit!()
    expect(decodeResponse(await client.next())).toMatchObject({ command: 'announce', ttlSeconds: 600n })
  })

  test('a socket that fails is opened again, with the table as it was', async () => {
    const { datagrams } = createMemoryNetwork()
    const sockets: DatagramSocket[] = []
    let refusals = 2
    const transport: DatagramTransport = {
      scheme: 'memory',
      open: async (address) => {
        if (sockets.length > 0 && refusals-- > 0) throw new TransportError('unreachable', 'network is down')
        const socket = await datagrams.open(address)
        sockets.push(socket)
        return socket
      },
    }
    const clock = createClock(1_700_000_000_000)
    const tracker = await start({ transport, address: 'memory://tracker', clock })
    const client = await openClient(datagrams, 'memory://client', tracker.address)
    await client.ask(announce(1))
    const states: string[] = []
    tracker.on('down', ({ retryMs }) => states.push(`down ${retryMs}`))
    tracker.on('up', ({ address }) => states.push(`up ${address}`))
    await sockets[0]!.close()
    for (const retryMs of [1000, 2000, 4000]) {
      await until(() => states.at(-1) === `down ${retryMs}`)
      clock.advance(retryMs)
    }
    await until(() => states.length === 4)
    expect(states.at(-1)).toBe('up memory://tracker')
    expect(await client.ask(getAddrs(1))).toMatchObject({ records: [{}] })
  })

  test('closing twice is one closing; nobody is answered afterwards', async () => {
    const tracker = await start()
    const client = await connect(tracker)
    await client.ask(getAddrs(1))
    await Promise.all([tracker.close(), tracker[Symbol.asyncDispose]()])
    client.send(getAddrs(1))
    const other = await start()
    const peer = await connect(other)
    await peer.ask(getAddrs(1))
    expect(client.received).toHaveLength(1)
  })

  test('closing sends the acknowledgements that are due', async () => {
    const store = path.join(folder(), 'tracker.sqlite')
    const tracker = await start({ store })
    const client = await connect(tracker)
    const seen = new Promise<void>((resolve) => tracker.on('announced', () => resolve()))
    for (let user = 1; user <= 10; user++) client.send(announce(user))
    await seen
    await tracker.close()
    const reopened = await start({ store })
    expect(reopened.stats().records).toBe(tracker.stats().announced)
  })
})

describe('what is refused at start', () => {
  test('an address of the open Internet, unless asked for', async () => {
    await expect(start({ address: 'udp://192.0.2.1:5050' })).rejects.toMatchObject({
      name: 'TrackerError',
      code: 'public-address',
    })
    await expect(start({ address: 'udp://[2001:db8::1]:0', allowAnySource: true })).rejects.toMatchObject({
      code: 'listen',
    })
    await start({ address: 'udp://0.0.0.0:0' })
  })

  test('a port in use, and no address at all', async () => {
    const { address } = await start()
    await expect(start({ address })).rejects.toMatchObject({
      code: 'listen',
      cause: { name: 'TransportError', code: 'address-in-use' },
    })
    await expect(start({ address: 'nowhere' })).rejects.toMatchObject({ code: 'bad-option' })
  })

  test('limits out of their range', async () => {
    for (const limits of [
      { users: 0 },
      { sources: Infinity },
      { sweepIntervalMs: Number.NaN },
      { nonsense: 1 } as object,
    ]) {
      await expect(start({ limits })).rejects.toMatchObject({ code: 'bad-option', blame: 'local' })
    }
  })

  test('the store is free again after a failed start', async () => {
    const store = path.join(folder(), 'tracker.sqlite')
    const { address } = await start()
    await expect(start({ store, address })).rejects.toMatchObject({ code: 'listen' })
    await start({ store })
  })
})

describe('floods', () => {
  test('garbage: every datagram dropped, memory flat, others served meanwhile', async () => {
    const tracker = await start({ limits: { ...UNHURRIED, getAddrsPerSecond: 20, getAddrsBurst: 40 } })
    const [vandal, honest] = [await connect(tracker), await connect(tracker)]
    const random = createRandom(63)
    const message = announce(1)
    const flood = async (count: number) => {
      for (let sent = 1; sent <= count; sent++) {
        const noise = random.chance(0.5) ? random.bytes(random.integer(200)) : message.slice(0, random.integer(125))
        if (noise.length > 5 && noise[5]! < 2) noise[5] = 9
        vandal.send(noise)
        // Above its buffer the system drops: a pause lets the tracker, in the same process, have them.
        if (sent % 64 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
    }
    await flood(2000)
    const before = process.memoryUsage().heapUsed
    await flood(20_000)
    const growth = process.memoryUsage().heapUsed - before
    // Like any client: again if it was lost in the flood.
    await until(() => {
      if (honest.received.length === 0) honest.send(message)
      return honest.received.length > 0
    })
    expect(decodeResponse(honest.received[0]!)).toMatchObject({ ttlSeconds: 600n })
    expect(tracker.stats().malformed).toBeGreaterThan(10_000)
    expect(tracker.stats().users).toBe(1)
    expect(vandal.received).toEqual([])
    expect(growth).toBeLessThan(32 * 1024 * 1024)
  })

  test('announces with fresh keys: the table keeps its size', async () => {
    const tracker = await start({ limits: { ...UNHURRIED, users: 50 } })
    const client = await connect(tracker)
    const ttls = new Map<bigint, number>()
    for (let user = 1; user <= 80; user++) {
      const answer = await client.ask(announce(user))
      if (answer.command === 'announce') ttls.set(answer.ttlSeconds, (ttls.get(answer.ttlSeconds) ?? 0) + 1)
    }
    expect([...ttls]).toEqual([
      [600n, 50],
      [120n, 30],
    ])
    expect(tracker.stats()).toMatchObject({ users: 50, records: 50, refused: 30 })
  })
})
