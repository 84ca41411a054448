import { openDatabase } from '@mimirjs/store'
import { describe, expect, test } from 'vitest'
import { APPLICATION_ID, MIGRATIONS } from '../../src/store/sqlite/schema.js'
import type { Store } from '../../src/store.js'
import { openSqliteStore } from '../../src/store-sqlite.js'
import { newFile, openAt } from './sqlite-support.js'
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
  OTHER_GROUP,
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

test('what is being written when all is read has not been seen', async () => {
  const store = openAt(newFile())
  await take(store, incoming(1n))
  await Promise.all([store.receive(incoming(2n)), store.markRead(ANN)])
  expect((await store.conversations())[0]?.unread).toBe(1)
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

test('a database of version 3 goes on with what is said in its groups', async () => {
  const path = newFile()
  const rows = `
    INSERT INTO peer (id, key, kind) VALUES (1, x'${GROUP}', 'group');
    INSERT INTO groupChat VALUES (1, zeroblob(32), 'tcp://a:1', 'tlv-push', 7, zeroblob(32), x'', 'rfc8439', 16, 'joined', 0, 0);
    INSERT INTO message (seq, peer, outgoing, guid, replyTo, sendTimeMs, editTimeMs, messageType, payload, state)
      VALUES (1, 1, 1, 13, 0, 9, 0, 0, x'43', 'stored');
    INSERT INTO groupMessage (message, chat, outerGuid, orderKey, timestampSeconds, blob) VALUES (1, 1, 13, 1, 5, x'44');`
  alter(path, rows, MIGRATIONS.slice(0, 3))
  const store = openAt(path)
  expect(guids(await store.pending(GROUP, 10))).toEqual([13n])
  expect(await store.retracted(GROUP)).toEqual([])
  await store.retract(GROUP, 13n, true)
  expect(await store.retracted(GROUP)).toEqual([13n])
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
