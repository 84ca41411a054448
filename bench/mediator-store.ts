import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { call, type MediatorStore, openSqliteStore, type Program } from '@mimirjs/mediator'
import { type Database, openDatabase } from '@mimirjs/store'
import { loadNote, quietly } from './lib/load.js'
import { interleave, mediansOf } from './lib/rounds.js'
import { type Report, type Row, rateRow } from './lib/rows.js'
import type { Settings } from './lib/settings.js'
import { PER_CPU_SECOND } from './lib/spin.js'

// The store of a mediator on disk, as the server calls it: pages of history joined by the database, beside a read of the
// same rows; messages that share their commit, beside a commit for each.

const PAGE_MESSAGES = 500
const STORED_MESSAGES = 20_000
const BLOB_BYTES = 200
const PAGES_AT_ONCE = 8
/** Messages that come in one turn of the event loop: some tens of connections with a full window. */
const IN_FLIGHT = 500
const PAGE_BYTES = 48 * 1024 * 1024
const PAGE_TARGET = 10
const GROUP_TARGET = 6

const CHAT = 1n
const OWNER = new Uint8Array(32).fill(7)

export async function run(settings: Settings): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'mimir-bench-store-'))
  const store = openSqliteStore(join(folder, 'mediator.db'))
  const plain = openDatabase(join(folder, 'plain.db'), { applicationId: 1, migrations: [PLAIN_TABLE] })
  try {
    await fill(store, plain, settings.quick ? PAGE_MESSAGES : STORED_MESSAGES)
    const rows = [...(await pageRows(store, plain, settings)), ...(await sendRows(store, settings))]
    const notes = [
      `SQLite through ${plain.driver}; blobs of ${BLOB_BYTES} bytes; pages of ${PAGE_MESSAGES}, ${PAGES_AT_ONCE} asked for at once; ${PER_CPU_SECOND}`,
      `send: the sender's rights are read, then the message is written, with an fsync per commit; ${IN_FLIGHT} at once beside one after the other`,
      loadNote(),
    ]
    return { rows, notes }
  } finally {
    await store.close()
    plain.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The same columns, without what serves the pages. */
const PLAIN_TABLE = `CREATE TABLE messages (id INTEGER PRIMARY KEY, ts INTEGER NOT NULL, guid INTEGER NOT NULL UNIQUE,
  author BLOB NOT NULL, blob BLOB NOT NULL)`

async function fill(store: MediatorStore, plain: Database, count: number): Promise<void> {
  const settings = { name: 'bench', description: '', avatar: undefined }
  const chat = { chatId: CHAT, owner: OWNER, createdAtSeconds: 0n, permissions: 0x90, ...settings }
  await store.run(() => call('createChat', chat))
  const insert = plain.prepare('INSERT INTO messages (ts, guid, author, blob) VALUES (?, ?, ?, ?)')
  const all: Promise<unknown>[] = []
  for (let n = 0; n < count; n++) {
    const blob = randomBytes(BLOB_BYTES)
    all.push(store.run(() => send(nextGuid(), blob)))
    all.push(plain.write(() => insert.run(1_700_000_000n, BigInt(n), OWNER, blob)))
  }
  await Promise.all(all)
}

let guids = 0n
const nextGuid = (): bigint => ++guids

function* send(guid: bigint, blob: Uint8Array): Program<bigint | undefined> {
  const user = yield* call('user', CHAT, OWNER)
  if (user === undefined || user.banned) return undefined
  const message = { guid, timestampSeconds: 1_700_000_000n, clientTimestampSeconds: undefined, author: OWNER, blob }
  return yield* call('insertMessage', CHAT, message)
}

async function pageRows(store: MediatorStore, plain: Database, settings: Settings): Promise<Row[]> {
  const read = plain.prepare(
    `SELECT id, guid, ts, author, blob FROM messages WHERE id > ? ORDER BY id LIMIT ${PAGE_MESSAGES}`,
    { bigints: true },
  )
  const last = (settings.quick ? PAGE_MESSAGES : STORED_MESSAGES) - PAGE_MESSAGES + 1
  let since = 0
  const next = (): bigint => BigInt((since = (since + 137) % last))
  const pages = (layout: 'tlv' | 'binary') => () =>
    Promise.all(
      Array.from({ length: PAGES_AT_ONCE }, () =>
        store.run(() => call('page', CHAT, next(), PAGE_MESSAGES, layout, PAGE_BYTES)),
      ),
    )
  const contenders = {
    tlv: pages('tlv'),
    binary: pages('binary'),
    rows: async () => {
      for (let n = 0; n < PAGES_AT_ONCE; n++) read.all(next())
    },
  }
  const names = ['tlv', 'binary', 'rows'] as const
  const samples = await interleave(names, settings.rounds, (name) =>
    quietly(settings, [], () => perSecond(contenders[name], settings.spinMs, cpuMs)),
  )
  const median = mediansOf(samples, (rate) => rate * PAGES_AT_ONCE)
  return [
    rateRow('mediator-store.page.tlv/rows', 'page/s', median.tlv, median.rows, PAGE_TARGET),
    rateRow('mediator-store.page.binary/rows', 'page/s', median.binary, median.rows),
  ]
}

async function sendRows(store: MediatorStore, settings: Settings): Promise<Row[]> {
  const blob = randomBytes(BLOB_BYTES)
  const one = (): Promise<unknown> => store.run(() => send(nextGuid(), blob))
  const contenders = { grouped: () => Promise.all(Array.from({ length: IN_FLIGHT }, one)), alone: one }
  const names = ['grouped', 'alone'] as const
  const clock = (): number => performance.now()
  const samples = await interleave(names, settings.rounds, (name) =>
    quietly(settings, [], () => perSecond(contenders[name], settings.spinMs, clock)),
  )
  const { grouped, alone } = mediansOf(samples, (rate) => rate)
  return [rateRow('mediator-store.send/commit-each', 'message/s', grouped * IN_FLIGHT, alone, GROUP_TARGET)]
}

/** How often `work` is done in a second of that clock, one after the other. */
async function perSecond(work: () => Promise<unknown>, durationMs: number, nowMs: () => number): Promise<number> {
  await work()
  const startMs = nowMs()
  let count = 0
  let elapsedMs = 0
  for (; elapsedMs < durationMs; elapsedMs = nowMs() - startMs) {
    await work()
    count++
  }
  return (count / elapsedMs) * 1000
}

/** Nothing is waited for while pages are read: the time of other programs on the machine does not count. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
