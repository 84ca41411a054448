import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair } from '@mimirjs/crypto'
import { Messenger } from '@mimirjs/messenger'
import { type Database, openDatabase } from '@mimirjs/store'
import { toHex } from '@mimirjs/wire'
import { loadNote, quietly } from './lib/load.js'
import { interleaveMedians } from './lib/rounds.js'
import { type Report, rateRow } from './lib/rows.js'
import type { Settings } from './lib/settings.js'

// Durable sends: the message is on disk, fsync included, before the promise resolves. The receiver is nobody, so that
// only accepting is measured. The rival writes the same row into a database with the same schema and the same
// settings, one transaction per message, with nothing else around it.

/** Sends that run at the same time, as in a bot that answers a burst. */
const CONCURRENT = 256
const TEXT = 'x'.repeat(100)

const CONTENDERS = ['concurrent', 'one-by-one', 'transaction-per-message'] as const

export async function run(settings: Settings): Promise<Report> {
  let driver = ''
  const rates = await interleaveMedians(CONTENDERS, settings.rounds, (contender) =>
    quietly(settings, [], () =>
      inFolder(async (folder) => {
        if (contender !== 'transaction-per-message') return sendRate(folder, contender, settings.networkMs)
        const database = await openBare(folder)
        driver = database.driver
        return insertRate(database, settings.networkMs)
      }),
    ),
  )
  const rows = [
    rateRow('messenger.send/transaction-per-message', 'send/s', rates.concurrent, rates['transaction-per-message'], 5),
    rateRow('messenger.send/one-by-one', 'send/s', rates.concurrent, rates['one-by-one']),
    rateRow(
      'messenger.send.oneByOne/transaction-per-message',
      'send/s',
      rates['one-by-one'],
      rates['transaction-per-message'],
    ),
  ]
  const notes = [
    `${CONCURRENT} sends at a time, 100 characters each; durability "power", SQLite through ${driver}`,
    loadNote(),
  ]
  return { rows, notes }
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'mimir-bench-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function sendRate(folder: string, how: 'concurrent' | 'one-by-one', durationMs: number): Promise<number> {
  const messenger = await Messenger.open(folder)
  const peer = toHex(generateKeyPair().publicKey)
  const send = () => messenger.send(peer, TEXT)
  const batch = how === 'concurrent' ? CONCURRENT : 1
  for (let i = 0; i < 4; i++) await Promise.all(Array.from({ length: batch }, send))
  const startMs = performance.now()
  let sends = 0
  while (performance.now() - startMs < durationMs) {
    await Promise.all(Array.from({ length: batch }, send))
    sends += batch
  }
  const elapsedMs = performance.now() - startMs
  await messenger.close()
  return (sends / elapsedMs) * 1000
}

/** The database of a messenger, without the messenger. */
async function openBare(folder: string): Promise<Database> {
  const messenger = await Messenger.open(folder)
  await messenger.send(generateKeyPair().publicKey, TEXT)
  await messenger.close()
  const path = join(folder, 'messenger.sqlite')
  const { userVersion, applicationId } = await readHeader(path)
  // As many migrations as the file has seen: none of them runs again, so none needs a text.
  const migrations = new Array<string>(userVersion).fill('')
  return openDatabase(path, { applicationId, migrations, durability: 'power', exclusive: true })
}

function insertRate(database: Database, durationMs: number): number {
  const insert = database.prepare(
    `INSERT INTO message (peer, outgoing, guid, replyTo, sendTimeMs, editTimeMs, messageType, payload, state)
     VALUES (1, 1, ?, 0, ?, 0, 0, ?, 'stored')`,
  )
  const payload = new TextEncoder().encode(TEXT)
  let guid = 1n
  const insertOne = () => database.transaction(() => insert.run(guid++, Date.now(), payload))
  for (let i = 0; i < 4; i++) insertOne()
  const startMs = performance.now()
  const first = guid
  while (performance.now() - startMs < durationMs) insertOne()
  const rate = (Number(guid - first) / (performance.now() - startMs)) * 1000
  database.close()
  return rate
}

/** Two fields of the SQLite file header: `user_version` at byte 60, `application_id` at 68. */
async function readHeader(path: string): Promise<{ userVersion: number; applicationId: number }> {
  const file = await open(path)
  try {
    const { buffer } = await file.read(Buffer.alloc(100), 0, 100, 0)
    return { userVersion: buffer.readUInt32BE(60), applicationId: buffer.readUInt32BE(68) }
  } finally {
    await file.close()
  }
}
