import { type Database, openDatabase, type Statement, type StatementOptions } from '@mimirjs/store'
import { describe, expect, test } from 'vitest'
import { CONVERSATIONS, MARK_READ } from '../../src/store/sqlite/conversations.js'
import { ANNOUNCED, FILES_IN_STATE } from '../../src/store/sqlite/files.js'
import { BY_OUTER_GUID, groupMessagesStore, UNREADABLE } from '../../src/store/sqlite/group-messages.js'
import { BY_AUTHOR, EARLY_DELETION, KNOWN_COPY, NEAR_IN_GROUP } from '../../src/store/sqlite/group-rows.js'
import { groupsStore } from '../../src/store/sqlite/groups.js'
import { COUNTS, HISTORY } from '../../src/store/sqlite/history.js'
import {
  COUNT_HELD,
  inboxStore,
  NEAR_REACTIONS,
  NEXT_UNHANDLED,
  RELEASE,
  UNHANDLED_PEERS,
} from '../../src/store/sqlite/inbox.js'
import { DROP_OLDEST_GONE } from '../../src/store/sqlite/members.js'
import {
  ACCEPTED,
  DELIVERED,
  outboxStore,
  PENDING,
  PENDING_MESSAGE_PEERS,
  PENDING_PEERS,
} from '../../src/store/sqlite/outbox.js'
import { SELECT_BY_GUID } from '../../src/store/sqlite/rows.js'
import { APPLICATION_ID, MIGRATIONS } from '../../src/store/sqlite/schema.js'
import { SEARCH_ALL, SEARCH_PEER } from '../../src/store/sqlite/search.js'
import { Tables } from '../../src/store/sqlite/tables.js'
import type { Store } from '../../src/store.js'
import { openSqliteStore } from '../../src/store-sqlite.js'
import {
  ANN,
  BEN,
  bytes,
  FILE,
  fileOf,
  GROUP,
  groupOf,
  guids,
  incoming,
  message,
  newFile,
  OTHER_GROUP,
  openAt,
  said,
  take,
  texts,
  toGroup,
} from './support.js'

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

test('of a group that was deleted, and of messages that were removed, nothing is left', async () => {
  const path = newFile()
  const store = openAt(path)
  await store.putGroup(groupOf())
  await store.putGroup(groupOf({ id: OTHER_GROUP }))
  const raw = { sealed: bytes('raw'), messageType: -1, payload: new Uint8Array(0) }
  const messages = [said(1n), said(2n, raw), said(3n, { guid: 1_001n, editTimeMs: 5 })]
  for (const group of [GROUP, OTHER_GROUP]) {
    await store.receiveGroup(group, { messages, deleted: [5n], syncedTo: 3n })
    await store.enqueue(toGroup(1n, { peer: group }))
    await store.putMembers(group, [{ peer: ANN, permissions: 1, lastSeenSeconds: 0n }])
  }
  await store.deleteGroup(GROUP)
  await store.remove(OTHER_GROUP, 1_002n, false)
  await store.remove(OTHER_GROUP, 1n, true)
  await store.close()
  const database = openDatabase(path, { applicationId: APPLICATION_ID, migrations: MIGRATIONS })
  const tables = ['groupChat', 'message', 'groupMessage', 'groupCopy', 'groupMember', 'groupDeletion']
  const count = (what: string) => Number(database.prepare(`SELECT count(*) AS n FROM ${what}`).get()!['n'])
  const counts = tables.map(count)
  const blobs = count('groupMessage WHERE blob IS NOT NULL')
  database.close()
  expect(counts).toEqual([1, 3, 3, 1, 1, 1])
  expect(blobs).toBe(0)
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
    await store.putGroup(groupOf())
    expect(await store.receiveGroup(GROUP, { messages: [said(1n)], syncedTo: 1n })).toMatchObject([
      { message: { seq: 9 } },
    ])
    expect(await store.groups()).toEqual([groupOf({ syncedTo: 1n })])
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

test('a database of version 2 goes on with everything it holds, and takes groups in', async () => {
  const path = newFile()
  const rows = `
    INSERT INTO setting VALUES ('clientId', '7');
    INSERT INTO peer (id, key, kind, name, readSeq) VALUES (1, x'${ANN}', 'contact', 'Ann', 1), (2, x'${BEN}', 'blocked', '', 0);
    INSERT INTO message (seq, peer, outgoing, guid, replyTo, sendTimeMs, editTimeMs, messageType, payload, state, settledMs,
      heldBy, refusedMs, removed)
    VALUES
      (1, 1, 0, 11, 0, 5, 0, 0, x'41', 'handled', 6, NULL, 0, 0),
      (2, 1, 0, 12, 11, 7, 9, 0, x'42', 'unhandled', 8, NULL, 0, 0),
      (3, 1, 1, 13, 0, 9, 0, 0, x'43', 'stored', 0, NULL, 10, 0),
      (4, 1, 1, 14, 13, 11, 0, 0, x'44', 'held', 0, 2, 0, 0),
      (5, 1, 1, 15, 0, 12, 0, 0, x'', 'failed', 0, NULL, 0, 1),
      (6, 1, 1, 16, 0, 13, 0, 3, x'46', 'preparing', 0, NULL, 0, 0);
    INSERT INTO contactNote (peer, kind, message, nickname, info, accepted, atMs, attempts)
      VALUES (2, 'request-in', 'hello', 'ben', '', 0, 5, 0);
    INSERT INTO file (peer, outgoing, guid, name, hash, sizeBytes, server, path, state, doneBytes, partPath)
      VALUES (1, 1, 16, 'a.pdf', '', 3, '', '/a.pdf', 'preparing', 0, '');`
  alter(path, rows, MIGRATIONS.slice(0, 2))
  const store = openAt(path)
  expect(await store.setting('clientId')).toBe('7')
  expect([...(await store.contactKinds())]).toEqual([
    [ANN, 'contact'],
    [BEN, 'blocked'],
  ])
  expect(texts(await store.history(ANN, { limit: 10 }))).toEqual(['F', 'C', 'B', 'A'])
  expect(await store.message(ANN, 12n, false)).toEqual({
    ...{ seq: 2, peer: ANN, outgoing: false, guid: 12n, replyTo: 11n, sendTimeMs: 7, editTimeMs: 9, messageType: 0 },
    ...{ payload: bytes('B'), state: 'unhandled', settledMs: 8, refusedMs: 0 },
  })
  expect(await store.counts()).toEqual({ undelivered: 3, unhandled: 1, messages: 4 })
  expect(await store.pendingPeers()).toEqual([ANN])
  expect(await store.contactNotes()).toMatchObject([{ peer: BEN, message: 'hello' }])
  expect(await store.file(ANN, true, 16n)).toMatchObject({ name: 'a.pdf', state: 'preparing' })
  expect((await store.conversations()).map(({ unread }) => unread)).toEqual([1])
  await store.putGroup(groupOf())
  await store.enqueue(toGroup(13n))
  await store.receiveGroup(GROUP, { messages: [said(1n)], syncedTo: 1n })
  await store.handled(2)
  expect(guids(await store.pending(ANN, 10))).toEqual([13n, 14n])
  expect(guids(await store.pending(GROUP, 10))).toEqual([13n])
  expect((await store.conversations()).map(({ contact, unread }) => [contact.peer, unread])).toEqual([
    [GROUP, 1],
    [ANN, 1],
  ])
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
    putGroup: {
      trigger: `BEFORE UPDATE OF nickname ON peer`,
      step: (store) => store.putGroup(groupOf({ id: OTHER_GROUP })),
    },
    changeGroup: {
      trigger: 'BEFORE UPDATE OF avatar ON peer',
      step: (store) => store.changeGroup(GROUP, { syncedTo: 9n, avatar: bytes('jpeg') }),
    },
    deleteGroup: { trigger: 'BEFORE DELETE ON groupMember', step: (store) => store.deleteGroup(GROUP) },
    putMembers: {
      trigger: 'BEFORE UPDATE OF gone ON groupMember',
      step: (store) => store.putMembers(GROUP, [{ peer: BEN, permissions: 1, lastSeenSeconds: 0n }]),
    },
    'enqueue in a group': {
      trigger: 'BEFORE INSERT ON groupMessage',
      step: (store) => store.enqueue(toGroup(9n)),
    },
    'edit in a group': {
      trigger: 'BEFORE UPDATE ON groupMessage',
      step: (store) => store.edit(GROUP, 1n, bytes('edited'), 5, { blob: bytes('x'), timestampSeconds: 1n }),
    },
    markSent: {
      trigger: `BEFORE UPDATE OF state ON message`,
      step: (store) => store.markSent(GROUP, 1n, 5, { messageId: 9n, outerGuid: 1n }, 0),
    },
    'receiveGroup, at the last message': {
      trigger: 'BEFORE INSERT ON groupMessage WHEN new.messageId = 5',
      step: (store) => store.receiveGroup(GROUP, { messages: [said(4n), said(5n)], syncedTo: 5n }),
    },
    'receiveGroup, at a deletion': {
      trigger: 'BEFORE INSERT ON groupDeletion',
      step: (store) => store.receiveGroup(GROUP, { messages: [said(4n)], deleted: [1_001n, 1_009n], syncedTo: 5n }),
    },
    decrypted: {
      trigger: 'BEFORE UPDATE OF innerGuid ON groupMessage',
      step: (store) => store.decrypted(GROUP, 1_002n, said(2n, { guid: 7n })),
    },
    putInvite: {
      trigger: 'AFTER INSERT ON groupInvite',
      step: (store) =>
        store.putInvite({
          ...{ mediator: BEN, mediatorAddress: '', dialect: 'tlv', inviteId: 1n, chatId: 1n, from: ANN, name: '' },
          ...{ timestampSeconds: 1n, description: '', data: bytes('x'), receivedMs: 1 },
        }),
    },
  }

  async function look(store: Store) {
    const messages = await store.history(ANN, { limit: 100 })
    const files = [await store.file(ANN, true, 1n), await store.file(ANN, true, 2n), await store.file(ANN, true, 3n)]
    const [notes, contacts, counts] = [await store.contactNotes(), await store.contacts(), await store.counts()]
    const [groups, members, invites] = [await store.groups(), await store.members(GROUP), await store.invites()]
    const inGroup = [await store.history(GROUP, { limit: 100 }), await store.pending(GROUP, 100)]
    return { messages, files, notes, contacts, counts, groups, members, invites, inGroup }
  }

  test.each(Object.keys(STEPS))('%s', async (name) => {
    const { trigger, step } = STEPS[name]!
    const path = newFile()
    const first = openAt(path)
    const seq = await take(first, incoming(1n))
    await first.enqueue({ ...message(1n), heldBy: seq, state: 'preparing' }, FILE)
    await first.enqueue({ ...message(2n), state: 'preparing' }, FILE)
    await first.putGroup(groupOf({ syncedTo: 2n }))
    await first.putMember(GROUP, ANN, { gone: false })
    await first.enqueue(toGroup(1n))
    const raw = { sealed: bytes('raw'), payload: new Uint8Array(0) }
    await first.receiveGroup(GROUP, { messages: [said(1n), said(2n, raw)], syncedTo: 3n })
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
    'groups with something to send': [PENDING_MESSAGE_PEERS, /INDEX message_outbox/],
    'a number of the mediator': [KNOWN_COPY, /INDEX groupMessage_id \(chat=\? AND messageId=\?\)/],
    'a number of a copy': [KNOWN_COPY, /INDEX sqlite_autoindex_groupCopy_1 \(chat=\? AND messageId=\?\)/],
    'an early deletion': [EARLY_DELETION, /INDEX sqlite_autoindex_groupDeletion_1 \(chat=\? AND outerGuid=\?\)/],
    'a message by its author': [BY_AUTHOR, /INDEX groupMessage_inner \(chat=\? AND author=\? AND innerGuid=\?\)/],
    'near reactions in a group': [NEAR_IN_GROUP, /INDEX message_reaction \(peer=\? AND replyTo=\? AND sendTimeMs>\?/],
    'a message by the guid of the mediator': [BY_OUTER_GUID, /INDEX groupMessage_outer \(chat=\? AND outerGuid=\?\)/],
    'a message by the guid of its edit': [BY_OUTER_GUID, /INDEX groupMessage_sealed \(chat=\? AND sealedGuid=\?\)/],
    'a message by the guid of a copy': [BY_OUTER_GUID, /INDEX groupCopy_outer \(chat=\? AND outerGuid=\?\)/],
    unreadable: [UNREADABLE, /INDEX groupMessage_unreadable \(chat=\? AND rowid>\?\)/],
    'those who are gone': [DROP_OLDEST_GONE, /INDEX groupMember_gone \(chat=\?\)/],
    files: [FILES_IN_STATE, /INDEX file_state \(state=\?\)/],
    announcedFile: [ANNOUNCED, /INDEX file_announced \(peer=\? AND name=\?\)/],
    'number of the undelivered': [count('stored'), /INDEX message_outbox/],
    'number of the held': [count('waiting'), /INDEX message_waiting/],
    'number of the unhandled': [count('unhandled'), /INDEX message_inbox/],
  }
  /** Of the rows that are sorted in them, only those that wait. */
  const SORTED = new Set(['pending', 'the refused ones', 'pendingPeers', 'a message by the guid of the mediator'])
  for (const name of ['a message by the guid of its edit', 'a message by the guid of a copy']) SORTED.add(name)

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
    expect(plan.filter((line) => /SCAN (message|file|contactNote|group)/.test(line) && !open.test(line))).toEqual([])
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
  ['enqueue in a group', 2],
  ['pending in a group', 1],
  ['markSent', 7],
  ['receiveGroup', 8],
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
  const store = {
    ...outboxStore(tables),
    ...inboxStore(tables),
    ...groupsStore(tables),
    ...groupMessagesStore(tables),
  }
  await store.putGroup(groupOf())
  await store.enqueue(message(1n))
  await store.enqueue(toGroup(1n))
  const received = await store.receive(incoming(1n))
  const calls = {
    enqueue: () => store.enqueue(message(2n)),
    pending: () => store.pending(ANN, 10, { refusedBeforeMs: 5 }),
    markDelivered: () => store.markDelivered(ANN, 1n, 5, 0),
    receive: () => store.receive(incoming(2n)),
    nextUnhandled: () => store.nextUnhandled(ANN),
    handled: () => store.handled(received!.message.seq),
    'enqueue in a group': () => store.enqueue(toGroup(2n)),
    'pending in a group': () => store.pending(GROUP, 10),
    markSent: () => store.markSent(GROUP, 1n, 5, { messageId: 9n, outerGuid: 1n }, 0),
    receiveGroup: () => store.receiveGroup(GROUP, { messages: [said(3n)], syncedTo: 3n }),
  }
  ran = 0
  await calls[method]()
  expect(ran).toBe(statements)
  database.close()
})
