import { type Database, openDatabase, type Statement, type StatementOptions } from '@mimirjs/store'
import { describe, expect, test } from 'vitest'
import { CONVERSATIONS, MARK_READ, NEWEST_ARRIVAL } from '../../src/store/sqlite/conversations.js'
import { ANNOUNCED, FILES_IN_STATE } from '../../src/store/sqlite/files.js'
import { BY_OUTER_GUID, groupMessagesStore, RETRACTED, UNREADABLE } from '../../src/store/sqlite/group-messages.js'
import { HISTORY_IN_GROUP, KEY_BEHIND_ALL, SAME_KEY } from '../../src/store/sqlite/group-order.js'
import { BY_AUTHOR, EARLY_DELETION, KNOWN_COPY, NEAR_IN_GROUP } from '../../src/store/sqlite/group-rows.js'
import { groupsStore } from '../../src/store/sqlite/groups.js'
import { COUNTS, HISTORY, PLACE } from '../../src/store/sqlite/history.js'
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
  PENDING_WITHIN,
} from '../../src/store/sqlite/outbox.js'
import { SELECT_BY_GUID } from '../../src/store/sqlite/rows.js'
import { APPLICATION_ID, MIGRATIONS } from '../../src/store/sqlite/schema.js'
import { SEARCH_ALL, SEARCH_PEER } from '../../src/store/sqlite/search.js'
import { Tables } from '../../src/store/sqlite/tables.js'
import { newFile } from './sqlite-support.js'
import { ANN, GROUP, groupOf, incoming, message, said, toGroup } from './support.js'

describe('however long the history is, SQLite looks into an index', () => {
  const HIGHEST = `SELECT ${KEY_BEHIND_ALL} FROM groupChat WHERE peer = ?`
  const QUERIES: Record<string, readonly [sql: string, index: RegExp]> = {
    pending: [PENDING, /COVERING INDEX message_outbox \(peer=\? AND refusedMs=\?\)/],
    'the refused ones': [PENDING, /COVERING INDEX message_outbox \(peer=\? AND refusedMs>\? AND refusedMs<\?\)/],
    'pending within bounds': [PENDING_WITHIN, /COVERING INDEX message_outbox \(peer=\? AND refusedMs=\?\)/],
    markDelivered: [DELIVERED, /INDEX sqlite_autoindex_message_1 \(peer=\? AND outgoing=\? AND guid=\?\)/],
    acceptedBy: [ACCEPTED, /INDEX message_outbox \(peer=\? AND refusedMs>\?\)/],
    pendingPeers: [PENDING_PEERS, /INDEX message_outbox/],
    nextUnhandled: [NEXT_UNHANDLED, /INDEX message_inbox \(peer=\?\)/],
    unhandledPeers: [UNHANDLED_PEERS, /INDEX message_inbox/],
    handled: [RELEASE, /INDEX message_waiting \(heldBy=\?\)/],
    'held ones': [COUNT_HELD, /INDEX message_waiting/],
    'near reactions': [NEAR_REACTIONS, /INDEX message_reaction \(peer=\? AND replyTo=\? AND sendTimeMs>\?/],
    'a message': [SELECT_BY_GUID, /INDEX sqlite_autoindex_message_1 \(peer=\? AND outgoing=\? AND guid=\?\)/],
    'the place of a message': [PLACE, /INDEX sqlite_autoindex_message_1 \(peer=\? AND outgoing=\? AND guid=\?\)/],
    history: [HISTORY, /INDEX message_shown \(peer=\? AND seq<\?\)/],
    'newest of each conversation': [CONVERSATIONS, /COVERING INDEX message_shown \(peer=\?\)/],
    unread: [CONVERSATIONS, /INDEX message_shown \(peer=\? AND seq>\?\)/],
    'newest of each group': [CONVERSATIONS, /INDEX groupMessage_order \(chat=\?\)/],
    'whether the newest of a group is shown': [CONVERSATIONS, /COVERING INDEX message_shown \(peer=\? AND seq=\?\)/],
    'newest arrival': [NEWEST_ARRIVAL, /COVERING INDEX message_shown \(peer=\?\)/],
    'history of a group': [HISTORY_IN_GROUP, /INDEX groupMessage_order \(chat=\? AND orderKey<\?\)/],
    'one place in a group': [SAME_KEY, /INDEX groupMessage_order \(chat=\? AND orderKey=\? AND rowid<\?\)/],
    'highest number of a message': [HIGHEST, /COVERING INDEX groupMessage_id \(chat=\? AND messageId>\?\)/],
    'highest number of a copy': [HIGHEST, /COVERING INDEX sqlite_autoindex_groupCopy_1 \(chat=\? AND messageId>\?\)/],
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
    retracted: [RETRACTED, /INDEX groupMessage_retracted \(chat=\?\)/],
    'those who are gone': [DROP_OLDEST_GONE, /INDEX groupMember_gone \(chat=\?\)/],
    files: [FILES_IN_STATE, /INDEX file_state \(state=\?\)/],
    announcedFile: [ANNOUNCED, /INDEX file_announced \(peer=\? AND name=\?\)/],
    'number of the undelivered': [count('stored'), /INDEX message_outbox/],
    'number of the held': [count('waiting'), /INDEX message_waiting/],
    'number of the unhandled': [count('unhandled'), /INDEX message_inbox/],
  }
  /** Of the rows that are sorted in them, only those that wait. */
  const SORTED = new Set([
    'pending',
    'pending within bounds',
    'the refused ones',
    'pendingPeers',
    'a message by the guid of the mediator',
  ])
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
