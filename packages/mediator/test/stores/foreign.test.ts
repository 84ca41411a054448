import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Database, openDatabase } from '@mimirjs/store'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openSqliteStore } from '../../src/index.js'
import type { MediatorStore } from '../../src/operations.js'
import { STORE_APPLICATION_ID, STORE_MIGRATIONS } from '../../src/stores/sqlite/schema.js'
import { FLAVOURS, type ForeignFlavour, makeForeign, makeForeignChat } from './foreign-database.js'
import { recordOf } from './model.js'
import { ask, createChat, keyNumber, message } from './suite-calls.js'

const OWNER = keyNumber(1)
const MEMBER = keyNumber(2)
const BANNED = keyNumber(3)
const CHAT = 2n ** 63n - 25n

let folder: string
let path: string
let store: MediatorStore | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mimir-mediator-'))
  path = join(folder, 'mediator.db')
})
afterEach(async () => {
  await store?.close()
  store = undefined
  rmSync(folder, { recursive: true, force: true })
})

const open = (): MediatorStore => (store = openSqliteStore(path))

async function reopen(): Promise<MediatorStore> {
  await store?.close()
  return open()
}

const blobOf = (n: number): Uint8Array => new Uint8Array(n * 100).fill(n)

/** A chat with an owner, a member, one who is banned, three messages, and the fourth deleted again. */
function fillChat(database: Database, flavour: ForeignFlavour, chatId: bigint = CHAT): void {
  makeForeignChat(database, flavour, chatId)
  const { separator, changedAtColumn, hasBlobs } = flavour
  const table = (kind: string): string => `"${kind}${separator}${chatId}"`
  database.prepare('INSERT INTO chats VALUES (?, ?, 100)').run(chatId, OWNER)
  database.prepare(`INSERT INTO ${table('settings')} VALUES (?, ?, ?, 0, 100, NULL)`).run('Räume', 'alt', OWNER)
  const user = database.prepare(
    `INSERT INTO ${table('users')} (pubkey, text_rank, perms_flags, accepted_at, ${changedAtColumn}, banned, info)
     VALUES (?, '', ?, 100, ?, ?, ?)`,
  )
  user.run(OWNER, 0x90, 0, 0, null)
  user.run(MEMBER, 0x10, 55, 0, Uint8Array.of(9))
  user.run(BANNED, 0x11, 66, 1, null)
  const insert = database.prepare(
    `INSERT INTO ${table('messages')} (ts, guid, author${hasBlobs ? ', blob' : ''}) VALUES (?, ?, ?${hasBlobs ? ', ?' : ''})`,
  )
  for (const n of [1, 2, 3, 4]) {
    const values = [1_700_000_000 + n, -n, MEMBER]
    insert.run(...values, ...(hasBlobs ? [blobOf(n)] : []))
  }
  database.exec(`DELETE FROM ${table('messages')} WHERE id = 4`)
}

describe.each(FLAVOURS)('a database of $name', (flavour) => {
  test('opens, and its chat is served', async () => {
    makeForeign(path, flavour, (database) => {
      fillChat(database, flavour)
      if (flavour.hasInvites) {
        database
          .prepare(
            'INSERT INTO invites (timestamp, from_pubkey, to_pubkey, chat_id, encrypted_data) VALUES (7, ?, ?, ?, ?)',
          )
          .run(OWNER, keyNumber(8), CHAT, OWNER)
      }
    })
    open()
    for (let round = 0; round < 2; round++) {
      const opened = await reopen()
      expect(await ask(opened, 'chatOwner', CHAT)).toEqual(OWNER)
      expect(await ask(opened, 'settings', CHAT)).toEqual({ name: 'Räume', description: 'alt', avatar: OWNER })
      expect(await ask(opened, 'user', CHAT, MEMBER)).toEqual({
        permissions: 0x10,
        banned: false,
        acceptedAtSeconds: 100n,
        changedAtSeconds: 55n,
        lastSeenSeconds: 0n,
        hasInfo: true,
      })
      expect(await ask(opened, 'user', CHAT, BANNED)).toMatchObject({ banned: true, changedAtSeconds: 66n })
      expect(await ask(opened, 'members', CHAT)).toHaveLength(2)
      expect(await ask(opened, 'chatsOf', MEMBER)).toEqual([CHAT])
      expect(await ask(opened, 'chatsOf', BANNED)).toEqual([])
      expect(await ask(opened, 'lastMessageId', CHAT)).toBe(3n)
      expect(await ask(opened, 'messageByGuid', CHAT, -2n)).toEqual({
        messageId: 2n,
        guid: -2n,
        timestampSeconds: 1_700_000_002n,
        clientTimestampSeconds: undefined,
        author: MEMBER,
      })
      expect(await ask(opened, 'invitesFor', keyNumber(8))).toHaveLength(flavour.hasInvites ? 1 : 0)
    }
  })

  test('its messages are in pages where their blobs are in the file; ids go on where they were', async () => {
    makeForeign(path, flavour, (database) => fillChat(database, flavour))
    const opened = open()
    for (const layout of ['tlv', 'binary'] as const) {
      const page = await ask(opened, 'page', CHAT, 0n, 500, layout, 1e6)
      const records = [1, 2, 3].map((n) =>
        recordOf(
          CHAT,
          {
            ...message(BigInt(-n), blobOf(n)),
            author: MEMBER,
            messageId: BigInt(n),
            timestampSeconds: 1_700_000_000n + BigInt(n),
          },
          layout,
        ),
      )
      const expected = flavour.hasBlobs ? Buffer.concat(records) : Buffer.alloc(0)
      expect(page.count).toBe(flavour.hasBlobs ? 3 : 0)
      expect(Buffer.compare(page.bytes, expected)).toBe(0)
    }
    // Four was given out and deleted: it must not come again. A guid that is there must not either.
    expect(await ask(opened, 'insertMessage', CHAT, message(-2n))).toBeUndefined()
    expect(await ask(opened, 'insertMessage', CHAT, { ...message(77n), clientTimestampSeconds: 5n })).toBe(5n)
    expect(await ask(opened, 'messageById', CHAT, 5n)).toMatchObject({ clientTimestampSeconds: 5n })
    expect(await ask(opened, 'page', CHAT, 3n, 500, 'tlv', 1e6)).toMatchObject({ count: 1, lastId: 5n })
    await ask(opened, 'deleteMessage', CHAT, 5n)
    const again = await reopen()
    expect(await ask(again, 'insertMessage', CHAT, message(78n))).toBe(6n)
  })

  test("everything can be changed, today's limits apply, and the chat can be deleted", async () => {
    makeForeign(path, flavour, (database) => fillChat(database, flavour))
    const opened = open()
    await ask(opened, 'changeSettings', CHAT, { name: 'x'.repeat(25), avatar: null })
    expect(await ask(opened, 'settings', CHAT)).toMatchObject({ name: 'x'.repeat(25), avatar: undefined })
    await ask(opened, 'changeUser', CHAT, BANNED, { banned: false, lastSeenSeconds: 3n })
    expect(await ask(opened, 'chatsOf', BANNED)).toEqual([CHAT])
    expect(await createChat(opened, 5n)).toBe(true)
    expect(await createChat(opened, CHAT)).toBe(false)
    await ask(opened, 'deleteChat', CHAT)
    await opened.close()
    store = undefined
    const database = openDatabase(path, { applicationId: STORE_APPLICATION_ID, migrations: STORE_MIGRATIONS })
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
      .all()
    expect(tables.map((row) => row['name']).sort()).toEqual([
      'chat_state',
      'chats',
      'file_state',
      'invites',
      'membership',
      'messages_5',
      'nonces',
      'settings_5',
      'users_5',
    ])
    database.close()
  })
})

describe('odd ones', () => {
  const flavours = FLAVOURS as [
    ForeignFlavour,
    ForeignFlavour,
    ForeignFlavour,
    ForeignFlavour,
    ForeignFlavour,
    ForeignFlavour,
  ]
  const [firstGo, , go, rust, , renamed] = flavours

  test.each([firstGo, renamed])('a guid that was stored twice stays with the first ($name)', async (flavour) => {
    makeForeign(path, flavour, (database) => {
      fillChat(database, flavour)
      for (const guid of [-2n, -2n, 2n ** 63n - 1n, 2n ** 63n - 1n]) {
        const table = `"messages${flavour.separator}${CHAT}"`
        database.prepare(`INSERT INTO ${table} (ts, guid, author) VALUES (5, ?, ?)`).run(guid, OWNER)
      }
    })
    const opened = open()
    const guidOf = async (id: bigint): Promise<bigint | undefined> => (await ask(opened, 'messageById', CHAT, id))?.guid
    // 5 and 6 were doubles of 2; -1 is taken by message 1.
    expect(await Promise.all([1n, 2n, 3n, 5n, 6n, 7n, 8n].map(guidOf))).toEqual([
      -1n,
      -2n,
      -3n,
      0n,
      1n,
      2n ** 63n - 1n,
      -(2n ** 63n),
    ])
  })

  test('a chat that the Rust server was killed in the middle of making: nobody is in it, it can be deleted', async () => {
    makeForeign(path, rust, (database) => {
      database.prepare('INSERT INTO chats VALUES (9, ?, 100)').run(OWNER)
      database.exec(
        'CREATE TABLE "users_9" (pubkey BLOB PRIMARY KEY, perms_flags INTEGER NOT NULL, accepted_at INTEGER NOT NULL, changed_at INTEGER NOT NULL, banned INTEGER NOT NULL DEFAULT 0)',
      )
    })
    const opened = open()
    expect(await ask(opened, 'chatOwner', 9n)).toEqual(OWNER)
    expect(await ask(opened, 'settings', 9n)).toBeUndefined()
    expect(await ask(opened, 'user', 9n, OWNER)).toBeUndefined()
    expect(await ask(opened, 'page', 9n, 0n, 5, 'tlv', 1e6)).toMatchObject({ count: 0 })
    await ask(opened, 'deleteChat', 9n)
    expect(await createChat(opened, 9n)).toBe(true)
  })

  test('names that are no UTF-8 are shown with replacement characters', async () => {
    makeForeign(path, go, (database) => {
      fillChat(database, go)
      database.exec(`UPDATE "settings-${CHAT}" SET name = CAST(x'41ff42' AS TEXT)`)
    })
    expect((await ask(open(), 'settings', CHAT))?.name).toBe('A\ufffdB')
  })

  test('many chats, some of them from before and some new', async () => {
    makeForeign(path, go, (database) => {
      for (let chatId = 1n; chatId <= 40n; chatId++) fillChat(database, chatId % 2n === 0n ? go : rust, chatId)
    })
    const opened = open()
    await createChat(opened, 41n, MEMBER)
    const all = Array.from({ length: 41 }, (_, n) => BigInt(n + 1))
    expect(await ask(opened, 'chatsOf', MEMBER)).toEqual(all)
    const counts = await Promise.all(all.map((chatId) => ask(opened, 'page', chatId, 0n, 500, 'tlv', 1e6)))
    expect(counts.map(({ count }) => count)).toEqual(all.map((chatId) => (chatId % 2n === 1n && chatId < 41n ? 3 : 0)))
  })

  test('a database that only looks similar is left alone', () => {
    const database = openDatabase(path, {
      applicationId: 1,
      migrations: ['CREATE TABLE chats (id INTEGER PRIMARY KEY)'],
    })
    database.exec('PRAGMA application_id = 0')
    database.close()
    expect(open).toThrow(expect.objectContaining({ name: 'MediatorServerError', code: 'store-foreign' }))
  })
})
