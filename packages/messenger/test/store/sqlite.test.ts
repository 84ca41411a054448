import { type Database, openDatabase, type Statement, type StatementOptions } from '@mimirjs/store'
import { describe, expect, test } from 'vitest'
import { openSqliteStore, type Store } from '../../src/index.js'
import { CONVERSATIONS, MARK_READ } from '../../src/store/sqlite/conversations.js'
import { ANNOUNCED, FILES_IN_STATE } from '../../src/store/sqlite/files.js'
import { COUNTS, HISTORY } from '../../src/store/sqlite/history.js'
import {
  COUNT_HELD,
  inboxStore,
  NEAR_REACTIONS,
  NEXT_UNHANDLED,
  RELEASE,
  UNHANDLED_PEERS,
} from '../../src/store/sqlite/inbox.js'
import { ACCEPTED, DELIVERED, outboxStore, PENDING, PENDING_PEERS } from '../../src/store/sqlite/outbox.js'
import { SELECT_BY_GUID } from '../../src/store/sqlite/rows.js'
import { APPLICATION_ID, MIGRATIONS } from '../../src/store/sqlite/schema.js'
import { SEARCH_ALL, SEARCH_PEER } from '../../src/store/sqlite/search.js'
import { Tables } from '../../src/store/sqlite/tables.js'
import { ANN, BEN, bytes, FILE, fileOf, guids, incoming, message, newFile, openAt, take, texts } from './support.js'

/** Run statements on the database, which nobody has open. */
function alter(path: string, sql: string, migrations: readonly string[] = MIGRATIONS): void {
  const database = openDatabase(path, { applicationId: APPLICATION_ID, migrations })
  database.exec(sql)
  database.close()
}

test('a database is there again after it was closed', async () => {
  const path = newFile()
  const first = openAt(path)
  await first.enqueue({ ...message(7n), state: 'preparing' }, FILE)
  await first.prepared(ANN, 7n, bytes('ready'), { state: 'offered' })
  await first.close()
  const second = openAt(path)
  expect(texts(await second.pending(ANN, 10))).toEqual(['ready'])
  expect((await second.announcedFile(ANN, FILE.name))?.state).toBe('offered')
})

test('a database is open once', async () => {
  const path = newFile()
  openAt(path)
  expect(() => openSqliteStore(path)).toThrow(expect.objectContaining({ code: 'in-use' }))
})

test('of what was removed only the id is left, even if it comes again', async () => {
  const path = newFile()
  const store = openAt(path)
  const seq = await take(store, incoming(1n))
  await store.enqueue({ ...message(2n), heldBy: seq })
  await store.remove(ANN, 2n, true)
  await store.remove(ANN, 1n, false)
  expect(await store.receive(incoming(1n, { editTimeMs: 5 }))).toBeUndefined()
  await store.close()
  const database = openDatabase(path, { applicationId: APPLICATION_ID, migrations: MIGRATIONS })
  const rows = database.prepare('SELECT guid, length(payload) AS sizeBytes, heldBy FROM message ORDER BY guid').all()
  database.close()
  expect(rows.map((row) => ({ ...row }))).toEqual([
    { guid: 1, sizeBytes: 0, heldBy: null },
    { guid: 2, sizeBytes: 0, heldBy: null },
  ])
})

describe('a database of version 1', () => {
  const hex = `x'${ANN}'`
  const rows = `
    INSERT INTO setting VALUES ('clientId', '7');
    INSERT INTO peer (id, key, kind, name) VALUES (1, ${hex}, 'contact', 'Ann'), (2, x'${BEN}', 'stranger', '');
    INSERT INTO message
      (seq, peer, outgoing, guid, replyTo, sendTimeMs, editTimeMs, messageType, payload, state, settledMs, heldBy)
    VALUES
      (1, 1, 0, 11, 0, 5, 0, 0, x'41', 'handled', 6, NULL),
      (2, 1, 1, 12, 11, 7, 0, 0, x'42', 'delivered', 8, 1),
      (3, 1, 0, 13, 0, 9, 0, 0, x'43', 'unhandled', 10, NULL),
      (4, 1, 1, 14, 13, 11, 0, 0, x'44', 'held', 0, 3),
      (5, 1, 1, 15, 0, 12, 0, 0, x'45', 'stored', 0, NULL),
      (6, 1, 1, 16, 0, 13, 0, 0, x'46', 'failed', 0, NULL),
      (7, 2, 0, 11, 0, 14, 0, 0, x'47', 'handled', 15, NULL);`

  function openOld(): Store {
    const path = newFile()
    alter(path, rows, MIGRATIONS.slice(0, 1))
    return openAt(path)
  }

  test('goes on with everything it holds', async () => {
    const store = openOld()
    expect(await store.setting('clientId')).toBe('7')
    expect(await store.contact(ANN)).toMatchObject({ kind: 'contact', name: 'Ann' })
    expect(texts(await store.history(ANN, { limit: 10 }))).toEqual(['F', 'E', 'C', 'B', 'A'])
    expect(await store.message(ANN, 12n, true)).toEqual({
      ...{ seq: 2, peer: ANN, outgoing: true, guid: 12n, replyTo: 11n, sendTimeMs: 7, editTimeMs: 0, messageType: 0 },
      ...{ payload: bytes('B'), state: 'delivered', settledMs: 8, refusedMs: 0 },
    })
    expect(await store.counts()).toEqual({ undelivered: 2, unhandled: 1, messages: 6 })
    expect(guids(await store.pending(ANN, 10))).toEqual([15n])
    expect((await store.nextUnhandled(ANN))?.seq).toBe(3)
    await store.handled(3)
    expect(guids(await store.pending(ANN, 10))).toEqual([14n, 15n])
    expect((await store.enqueue(message(1n))).seq).toBe(8)
  })

  test('forgets what a handler held back, and nothing else', async () => {
    const store = openOld()
    await store.discardHeld()
    expect(texts(await store.history(ANN, { limit: 10 }))).toEqual(['F', 'E', 'C', 'B', 'A'])
    expect((await store.counts()).undelivered).toBe(1)
  })

  test('counts as read up to what no handler has seen', async () => {
    const store = openOld()
    const unread = (await store.conversations()).map((conversation) => [conversation.contact.peer, conversation.unread])
    expect(unread).toEqual([
      [BEN, 0],
      [ANN, 1],
    ])
  })
})

describe('a step that fails leaves nothing behind', () => {
  const STEPS: Record<string, { trigger: string; step: (store: Store, seq: number) => Promise<unknown> }> = {
    'enqueue with a file': {
      trigger: 'BEFORE INSERT ON file',
      step: (store) => store.enqueue(message(3n), FILE),
    },
    prepared: {
      trigger: 'BEFORE UPDATE ON file',
      step: (store) => store.prepared(ANN, 2n, bytes('ready'), { state: 'offered' }),
    },
    handled: {
      trigger: `BEFORE UPDATE OF heldBy ON message`,
      step: (store, seq) => store.handled(seq),
    },
    remove: {
      trigger: 'BEFORE DELETE ON file',
      step: (store) => store.remove(ANN, 2n, true),
    },
    discardHeld: {
      trigger: 'BEFORE DELETE ON message',
      step: (store) => store.discardHeld(),
    },
    putContactNote: {
      trigger: 'BEFORE INSERT ON contactNote',
      step: (store) =>
        store.putContactNote({
          ...{ peer: BEN, kind: 'request-in', message: '', nickname: '', info: '' },
          ...{ accepted: false, atMs: 1, attempts: 0 },
        }),
    },
    putFile: { trigger: 'BEFORE INSERT ON file', step: (store) => store.putFile(fileOf(9n, { peer: BEN })) },
  }

  async function look(store: Store) {
    const messages = await store.history(ANN, { limit: 100 })
    const files = [await store.file(ANN, true, 1n), await store.file(ANN, true, 2n), await store.file(ANN, true, 3n)]
    const [notes, contacts, counts] = [await store.contactNotes(), await store.contacts(), await store.counts()]
    return { messages, files, notes, contacts, counts }
  }

  test.each(Object.keys(STEPS))('%s', async (name) => {
    const { trigger, step } = STEPS[name]!
    const path = newFile()
    const first = openAt(path)
    const seq = await take(first, incoming(1n))
    await first.enqueue({ ...message(1n), heldBy: seq, state: 'preparing' }, FILE)
    await first.enqueue({ ...message(2n), state: 'preparing' }, FILE)
    const before = await look(first)
    await first.close()
    alter(path, `CREATE TRIGGER refuse ${trigger} BEGIN SELECT RAISE(ABORT, 'no'); END;`)
    const broken = openAt(path)
    await expect(step(broken, seq)).rejects.toMatchObject({ name: 'StoreError' })
    expect(await look(broken)).toEqual(before)
    await broken.close()
    alter(path, 'DROP TRIGGER refuse')
    const mended = openAt(path)
    await step(mended, seq)
    expect(await look(mended)).not.toEqual(before)
  })
})

describe('however long the history is, SQLite looks into an index', () => {
  const QUERIES: Record<string, readonly [sql: string, index: RegExp]> = {
    pending: [PENDING, /COVERING INDEX message_outbox \(peer=\? AND refusedMs=\?\)/],
    'the refused ones': [PENDING, /COVERING INDEX message_outbox \(peer=\? AND refusedMs>\? AND refusedMs<\?\)/],
    markDelivered: [DELIVERED, /INDEX sqlite_autoindex_message_1 \(peer=\? AND outgoing=\? AND guid=\?\)/],
    acceptedBy: [ACCEPTED, /INDEX message_outbox \(peer=\? AND refusedMs>\?\)/],
    pendingPeers: [PENDING_PEERS, /INDEX message_outbox/],
    nextUnhandled: [NEXT_UNHANDLED, /INDEX message_inbox \(peer=\?\)/],
    unhandledPeers: [UNHANDLED_PEERS, /INDEX message_inbox/],
    handled: [RELEASE, /INDEX message_waiting \(heldBy=\?\)/],
    'held ones': [COUNT_HELD, /INDEX message_waiting/],
    'near reactions': [NEAR_REACTIONS, /INDEX message_reaction \(peer=\? AND replyTo=\? AND sendTimeMs>\?/],
    'a message': [SELECT_BY_GUID, /INDEX sqlite_autoindex_message_1 \(peer=\? AND outgoing=\? AND guid=\?\)/],
    history: [HISTORY, /INDEX message_shown \(peer=\? AND seq<\?\)/],
    'newest of each conversation': [CONVERSATIONS, /COVERING INDEX message_shown \(peer=\?\)/],
    unread: [CONVERSATIONS, /INDEX message_shown \(peer=\? AND seq>\?\)/],
    markRead: [MARK_READ, /INDEX message_shown \(peer=\?\)/],
    search: [SEARCH_ALL, /SEARCH message USING INTEGER PRIMARY KEY \(rowid<\?\)/],
    'search with one person': [SEARCH_PEER, /INDEX message_shown \(peer=\? AND seq<\?\)/],
    files: [FILES_IN_STATE, /INDEX file_state \(state=\?\)/],
    announcedFile: [ANNOUNCED, /INDEX file_announced \(peer=\? AND name=\?\)/],
    'number of the undelivered': [count('stored'), /INDEX message_outbox/],
    'number of the held': [count('waiting'), /INDEX message_waiting/],
    'number of the unhandled': [count('unhandled'), /INDEX message_inbox/],
  }
  /** Of the rows that are sorted in them, only those that wait. */
  const SORTED = new Set(['pending', 'the refused ones', 'pendingPeers'])

  function count(what: keyof typeof COUNTS): string {
    return `SELECT count(*) AS n FROM message WHERE ${COUNTS[what]}`
  }

  function planOf(sql: string): string[] {
    const database = openDatabase(':memory:', { applicationId: APPLICATION_ID, migrations: MIGRATIONS })
    const params = new Array<null>(sql.split('?').length - 1).fill(null)
    const rows = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...params)
    database.close()
    return rows.map((row) => String(row['detail']))
  }

  test.each(Object.keys(QUERIES))('%s', (name) => {
    const [sql, index] = QUERIES[name]!
    const plan = planOf(sql)
    expect(plan).toContainEqual(expect.stringMatching(index))
    // A partial index may be read from end to end: it holds what is open and nothing else.
    const open = /SCAN message USING (COVERING )?INDEX message_(outbox|inbox|waiting)/
    expect(plan.filter((line) => /SCAN (message|file|contactNote)/.test(line) && !open.test(line))).toEqual([])
    if (!SORTED.has(name)) expect(plan.filter((line) => line.includes('TEMP B-TREE'))).toEqual([])
  })
})

test.each([
  ['enqueue', 1],
  ['pending', 1],
  ['markDelivered', 1],
  ['receive', 2],
  ['nextUnhandled', 1],
  ['handled', 2],
] as const)('%s, which every message goes through, is %d statements', async (method, statements) => {
  const database = openDatabase(newFile(), { applicationId: APPLICATION_ID, migrations: MIGRATIONS })
  let ran = 0
  const counting: Database = Object.assign(Object.create(database) as Database, {
    prepare(sql: string, options: StatementOptions): Statement {
      const inner = database.prepare(sql, options)
      const count = <T>(result: T): T => {
        ran += 1
        return result
      }
      return {
        run: (...params) => count(inner.run(...params)),
        get: (...params) => count(inner.get(...params)),
        all: (...params) => count(inner.all(...params)),
      }
    },
    write: <T>(work: () => T) => database.write(work),
  })
  const tables = new Tables(counting)
  const store = { ...outboxStore(tables), ...inboxStore(tables) }
  await store.enqueue(message(1n))
  const received = await store.receive(incoming(1n))
  const calls = {
    enqueue: () => store.enqueue(message(2n)),
    pending: () => store.pending(ANN, 10, { refusedBeforeMs: 5 }),
    markDelivered: () => store.markDelivered(ANN, 1n, 5, 0),
    receive: () => store.receive(incoming(2n)),
    nextUnhandled: () => store.nextUnhandled(ANN),
    handled: () => store.handled(received!.message.seq),
  }
  ran = 0
  await calls[method]()
  expect(ran).toBe(statements)
  database.close()
})
