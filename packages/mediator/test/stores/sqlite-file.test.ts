import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '@mimirjs/store'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openSqliteStore, type SqliteStoreOptions } from '../../src/index.js'
import type { MediatorStore } from '../../src/operations.js'
import { CHAT_TABLES, chatTableSql, STORE_APPLICATION_ID, STORE_MIGRATIONS } from '../../src/stores/sqlite/schema.js'
import { startChild } from './process.js'
import { ask, CHAT, createChat, keyNumber, message, OWNER } from './suite-calls.js'

const GAP = 1_000_000n

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mimir-mediator-'))
  path = join(folder, 'mediator.db')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function within(
  run: (store: MediatorStore) => Promise<void>,
  file = path,
  options: SqliteStoreOptions = {},
): Promise<void> {
  const store = openSqliteStore(file, options)
  try {
    await run(store)
  } finally {
    await store.close()
  }
}

describe('a store in a file', () => {
  test('what was there when it was closed is there when it is opened; closed, it is one file for its owner alone', async () => {
    await within(async (store) => {
      await createChat(store)
      for (const guid of [1n, 2n, 3n]) await ask(store, 'insertMessage', CHAT, message(guid, new Uint8Array(5_000)))
      await ask(store, 'deleteMessage', CHAT, 3n)
      await ask(store, 'expireBlobs', 0n)
    })
    expect(readdirSync(folder)).toEqual(['mediator.db'])
    expect(statSync(path).mode & 0o777).toBe(0o600)
    await within(async (store) => {
      expect(await ask(store, 'lastMessageId', CHAT)).toBe(2n)
      expect(await ask(store, 'insertMessage', CHAT, message(3n))).toBe(4n)
      // The longest blob is known, too: a page of little space has one of them.
      expect(await ask(store, 'page', CHAT, 0n, 50, 'tlv', 6_000)).toMatchObject({ count: 1 })
    })
  })

  test('expired blobs stay expired, and their bytes are gone from the file', async () => {
    const secret = new Uint8Array(200_000).fill(0x5a)
    await within(async (store) => {
      await createChat(store)
      await ask(store, 'insertMessage', CHAT, { ...message(1n, secret), timestampSeconds: 1n })
      await ask(store, 'insertMessage', CHAT, { ...message(2n), timestampSeconds: 9n })
      expect(await ask(store, 'expireBlobs', 5n)).toBe(1)
    })
    await within(async (store) => {
      expect(await ask(store, 'page', CHAT, 0n, 500, 'tlv', 1e6)).toMatchObject({ count: 1, lastId: 2n })
      await store.backup(join(folder, 'copy.db'))
    })
    expect(statSync(join(folder, 'copy.db')).size).toBeLessThan(secret.length)
  })

  test('another process is told that it is in use, and gets it when the holder is killed', async () => {
    const holder = startChild('holder.ts', path)
    expect(await holder.line()).toBe('open')
    expect(() => openSqliteStore(path)).toThrow(
      expect.objectContaining({ name: 'MediatorServerError', code: 'store-in-use' }),
    )
    await holder.kill()
    await within(async (store) => {
      await createChat(store)
      const second = startChild('holder.ts', path)
      expect(await second.line()).toBe('failed store-in-use')
      await second.kill()
    })
  })

  test('a backup is made while it is at work, and is a store itself', async () => {
    const copy = join(folder, 'copy.db')
    await within(async (store) => {
      await createChat(store)
      const before = Array.from({ length: 100 }, (_, n) => ask(store, 'insertMessage', CHAT, message(BigInt(n))))
      const backup = store.backup(copy)
      const after = ask(store, 'insertMessage', CHAT, message(500n))
      await Promise.all([...before, backup, after])
      await expect(store.backup(copy)).rejects.toMatchObject({ name: 'MediatorServerError', code: 'store' })
    })
    await within(async (store) => {
      expect((await ask(store, 'page', CHAT, 0n, 500, 'tlv', 1e6)).count).toBeGreaterThanOrEqual(100)
      expect(await ask(store, 'members', CHAT)).toHaveLength(1)
    }, copy)
  })

  test('a restored copy gives out no id that anybody may know, however often it is restored; the original goes on', async () => {
    const copy = join(folder, 'copy.db')
    const invite = { from: OWNER, to: keyNumber(3), data: OWNER, timestampSeconds: 1n }
    const send = (store: MediatorStore, guid: bigint): Promise<bigint | undefined> =>
      ask(store, 'insertMessage', CHAT, message(guid))
    let highestInvite = 0n
    await within(async (store) => {
      await createChat(store)
      await createChat(store, 2n)
      for (const guid of [1n, 2n, 3n]) await send(store, guid)
      await ask(store, 'deleteMessage', CHAT, 3n)
      await store.backup(copy)
      await expect(store.backup(copy)).rejects.toMatchObject({ code: 'store' })
    })
    // What a member has, who hears of it all: this is acknowledged after the copy, and lost with the original.
    let known = 0n
    await within(async (store) => {
      for (const guid of [4n, 5n, 6n]) known = (await send(store, guid)) ?? 0n
      highestInvite = await ask(store, 'putInvite', { ...invite, chatId: CHAT })
      const late = store.backup(join(folder, 'late.db'))
      await store.close()
      await late
    })
    expect(known).toBe(6n)

    for (const hoursAgo of [0, 1, 2]) {
      for (const file of readdirSync(folder)) if (file.startsWith('mediator.db')) rmSync(join(folder, file))
      copyFileSync(copy, path)
      const database = openDatabase(path, { applicationId: STORE_APPLICATION_ID, migrations: STORE_MIGRATIONS })
      database.exec(`UPDATE file_state SET copied_at = copied_at - ${hoursAgo * 3_600}`)
      database.close()
      await within(async (store) => {
        // The member sends again what it was not told of, and fetches from where it was.
        const ids: (bigint | undefined)[] = []
        for (const guid of [7n, 8n, 9n]) ids.push(await send(store, guid))
        expect(ids[0]).toBeGreaterThan(known)
        expect(ids[0]).toBeGreaterThan(GAP)
        const page = await ask(store, 'page', CHAT, known, 500, 'tlv', 1e6)
        expect(page).toMatchObject({ count: 3, lastId: ids[2] })
        expect((await ask(store, 'page', CHAT, 1n, 2, 'tlv', 1e6)).count).toBe(2)
        const inviteId = await ask(store, 'putInvite', { ...invite, chatId: 2n })
        expect(inviteId).toBeGreaterThan(highestInvite)
        expect(await ask(store, 'insertMessage', 2n, message(1n))).toBeGreaterThan(GAP)
        known = page.lastId
        highestInvite = inviteId
      })
      // Once.
      await within(async (store) => expect(await send(store, 10n)).toBe(known + 1n))
      known++
    }
  })

  test("durability 'process': after an end that may have cost commits, ids go on far above; not after an orderly one", async () => {
    const send = (guid: bigint, durability: 'power' | 'process', expected: bigint): Promise<void> =>
      within(async (store) => expect(await ask(store, 'insertMessage', CHAT, message(guid))).toBe(expected), path, {
        durability,
      })
    const killed = async (durability: string): Promise<void> => {
      const holder = startChild('holder.ts', path, durability)
      expect(await holder.line()).toBe('open')
      await holder.kill()
    }
    await within(async (store) => void (await createChat(store)))
    await send(1n, 'process', 1n)
    await send(2n, 'power', 2n)
    await killed('power')
    await send(3n, 'process', 3n)
    await killed('process')
    await send(4n, 'power', 3n + GAP + 1n)
    await send(5n, 'process', 3n + GAP + 2n)
    await killed('process')
    await killed('process')
    await send(6n, 'process', 3n + 3n * GAP + 3n)
  })

  test('a file of the version before: what its chats hold is counted, and it might be a copy', async () => {
    const [first = ''] = STORE_MIGRATIONS
    const database = openDatabase(path, { applicationId: STORE_APPLICATION_ID, migrations: [first] })
    for (const table of CHAT_TABLES) database.exec(chatTableSql(table, 5n))
    database.prepare('INSERT INTO chats (id, owner_pubkey, created_at) VALUES (5, ?, 1)').run(OWNER)
    database.exec('INSERT INTO chat_state (chat_id, last_id, largest, expired_to) VALUES (5, 0, 128, 0)')
    const insert = database.prepare('INSERT INTO "messages_5" (ts, guid, author, blob) VALUES (1, ?, ?, ?)')
    for (let guid = 1; guid <= 600; guid++) insert.run(guid, OWNER, new Uint8Array(100))
    database.close()
    const bytes = 600 * 300
    await within(async (store) => {
      expect(await ask(store, 'insertMessage', 5n, message(0n), bytes + 202)).toBeUndefined()
      expect(await ask(store, 'insertMessage', 5n, message(0n), bytes + 203)).toBeGreaterThan(600n + GAP)
    })
    await within(async (store) => {
      await ask(store, 'deleteMessage', 5n, 600n)
      expect(await ask(store, 'insertMessage', 5n, message(-1n), bytes + 105)).toBeUndefined()
      expect(await ask(store, 'insertMessage', 5n, message(-1n), bytes + 106)).toBeDefined()
    })
  })

  test('files of others and of newer versions are refused, and closed ones', async () => {
    openDatabase(path, {
      applicationId: 5,
      migrations: ['CREATE TABLE chats (id)', 'CREATE TABLE nonces (id)'],
    }).close()
    expect(() => openSqliteStore(path)).toThrow(expect.objectContaining({ code: 'store-foreign' }))
    rmSync(path)
    const newer = [...STORE_MIGRATIONS, 'CREATE TABLE later (id)']
    openDatabase(path, { applicationId: STORE_APPLICATION_ID, migrations: newer }).close()
    expect(() => openSqliteStore(path)).toThrow(expect.objectContaining({ code: 'store-newer' }))
    expect(() => openSqliteStore(join(folder, 'no', 'folder.db'))).toThrow(expect.objectContaining({ code: 'store' }))
    expect(existsSync(join(folder, 'no'))).toBe(false)
    const store = openSqliteStore(':memory:')
    await store.close()
    await store.close()
    await expect(ask(store, 'chatOwner', 1n)).rejects.toMatchObject({ code: 'closed' })
  })

  test('more chats than have their statements kept', async () => {
    await within(async (store) => {
      const chats = Array.from({ length: 600 }, (_, n) => BigInt(n + 1))
      await Promise.all(chats.map((chatId) => createChat(store, chatId)))
      for (let round = 1n; round <= 2n; round++) {
        const ids = await Promise.all(chats.map((chatId) => ask(store, 'insertMessage', chatId, message(round))))
        expect(new Set(ids)).toEqual(new Set([round]))
      }
    })
  })
})

describe('killed while it writes', () => {
  const KILLS = 10

  test(`${KILLS} times: what was acknowledged is there once, and no chat is there in part`, {
    timeout: 60_000,
  }, async () => {
    const said: string[] = []
    const start = (kill: number): ReturnType<typeof startChild> =>
      startChild('writer.ts', path, String(1 + kill * 100_000))
    // Starting a process takes longest: the next one starts while this one works.
    let next = start(0)
    for (let kill = 0; kill < KILLS; kill++) {
      const writer = next
      next = start(kill + 1)
      writer.process.stdin?.write('go\n')
      // How far it is when it dies is up to the system; how much it has done before is not.
      for (let count = 0; count <= (kill * 23) % 50; count++) said.push((await writer.line()) ?? '')
      said.push(...(await writer.kill()))
    }
    await next.kill()

    const store = openSqliteStore(path)
    const ids = new Map<bigint, bigint>()
    const chats = new Set<bigint>()
    const deleted = new Set<bigint>()
    for (const [kind, ...numbers] of said.map((line) => line.split(' '))) {
      const [first = -1n, second = -1n] = numbers.map((text) => BigInt(text))
      if (kind === 'message') ids.set(first, second)
      if (kind === 'created') chats.add(first)
      if (kind === 'deleted') deleted.add(first)
    }
    expect(ids.size).toBeGreaterThan(KILLS)
    expect(new Set(ids.values()).size).toBe(ids.size)
    for (const [guid, id] of ids) expect((await ask(store, 'messageByGuid', 1n, guid))?.messageId).toBe(id)
    for (const chatId of chats) {
      const owner = await ask(store, 'chatOwner', chatId)
      if (deleted.has(chatId)) expect(owner).toBeUndefined()
      // Even ids are deleted: whether one that was not acknowledged is, nobody can know.
      else if (chatId % 2n === 1n) expect(owner).toEqual(OWNER)
    }
    const member = await ask(store, 'chatsOf', keyNumber(9))
    for (const chatId of member) expect((await ask(store, 'user', chatId, keyNumber(9)))?.permissions).toBe(0x10)
    const owned = await ask(store, 'chatsOf', OWNER)
    for (const chatId of owned) {
      expect((await ask(store, 'settings', chatId))?.name, `chat ${chatId}`).toBe('Grün 🌱')
      expect((await ask(store, 'user', chatId, OWNER))?.permissions).toBe(0x90)
    }
    expect(await ask(store, 'countChatsOwnedBy', OWNER)).toBe(owned.length)
    await store.close()
    const database = openDatabase(path, { applicationId: STORE_APPLICATION_ID, migrations: STORE_MIGRATIONS })
    const count = (sql: string): number => Number(database.prepare(sql).get()!['n'])
    for (const table of ['settings', 'users', 'messages']) {
      const tables = count(
        `SELECT count(*) AS n FROM sqlite_schema WHERE type = 'table' AND name GLOB '${table}_[0-9]*'`,
      )
      expect(tables).toBe(owned.length)
    }
    expect(count('SELECT count(*) AS n FROM chat_state')).toBe(owned.length)
    expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
    database.close()
  })
})
