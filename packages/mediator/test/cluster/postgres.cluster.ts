import { readFileSync } from 'node:fs'
import pg from 'pg'
import { describe, expect, inject, test } from 'vitest'
import { call, type MediatorStore, type Program } from '../../src/operations.js'
import { openPostgresStore } from '../../src/postgres.js'
import { MIGRATIONS } from '../../src/stores/postgres/schema.js'
import { ask, CHAT, createChat, keyNumber, message, OWNER } from '../stores/suite-calls.js'
import { execute, newSchema, openSchema } from './support/schema.js'

/** Several stores on one schema, as several mediators would have it. */
async function shared<T>(count: number, run: (stores: MediatorStore[], schema: string) => Promise<T>): Promise<T> {
  const schema = newSchema()
  const open = (): Promise<MediatorStore> => openPostgresStore({ connectionString: inject('postgresUrl'), schema })
  const stores = await Promise.all(Array.from({ length: count }, open))
  try {
    return await run(stores, schema)
  } finally {
    await Promise.all(stores.map((store) => store.close()))
    await execute(`DROP SCHEMA ${schema} CASCADE`)
  }
}

const PRESENT = { permissions: 0x10, banned: false, acceptedAtSeconds: 5n, changedAtSeconds: 6n }

describe('several stores on one PostgreSQL', () => {
  test('opened at the same time on an empty database, they make one schema', async () => {
    await shared(6, async (stores, schema) => {
      expect(await execute(`SELECT version FROM ${schema}.schema_version`)).toEqual([{ version: MIGRATIONS.length }])
      expect(stores.every((store) => store.shared)).toBe(true)
      expect(await createChat(stores[0]!)).toBe(true)
      expect(await createChat(stores[5]!)).toBe(false)
    })
  })

  test('programs of one chat run one after the other across all: no id twice, no change lost', async () => {
    await shared(3, async (stores) => {
      await createChat(stores[0]!)
      function* send(guid: bigint): Program<bigint | undefined> {
        const { permissions } = (yield* call('user', CHAT, OWNER))!
        yield* call('changeUser', CHAT, OWNER, { permissions: permissions + 1 })
        return yield* call('insertMessage', CHAT, message(guid))
      }
      const ids = await Promise.all(
        Array.from({ length: 150 }, (_, n) => stores[n % 3]!.run(() => send(BigInt(n)), { chatId: CHAT })),
      )
      expect(new Set(ids)).toEqual(new Set(Array.from({ length: 150 }, (_, n) => BigInt(n + 1))))
      expect((await ask(stores[1]!, 'user', CHAT, OWNER))?.permissions).toBe(0x90 + 150)
      const pages = await Promise.all(stores.map((store) => ask(store, 'page', CHAT, 0n, 500, 'tlv', 1e6)))
      expect(pages.map(({ count, lastId }) => [count, lastId])).toEqual([0, 1, 2].map(() => [150, 150n]))
    })
  })

  test('one guid sent to all of them at once is stored once', async () => {
    await shared(3, async (stores) => {
      await createChat(stores[0]!)
      for (let guid = 0n; guid < 20n; guid++) {
        const ids = await Promise.all(stores.map((store) => ask(store, 'insertMessage', CHAT, message(guid))))
        expect(ids.filter((id) => id !== undefined)).toHaveLength(1)
      }
    })
  })

  test('an invite is answered once; an owner has no more chats than were counted', async () => {
    await shared(2, async (stores) => {
      await createChat(stores[0]!)
      const to = keyNumber(7)
      function* accept(inviteId: bigint): Program<boolean> {
        const invite = yield* call('invite', inviteId)
        if (invite === undefined) return false
        yield* call('putUser', invite.chatId, to, PRESENT)
        yield* call('deleteInvite', inviteId)
        return true
      }
      function* createOne(chatId: bigint): Program<boolean> {
        if ((yield* call('countChatsOwnedBy', to)) > 0) return false
        const settings = { name: '', description: '', avatar: undefined, permissions: 0x90, createdAtSeconds: 0n }
        return yield* call('createChat', { chatId, owner: to, ...settings })
      }
      for (let round = 0n; round < 10n; round++) {
        const invite = { from: OWNER, to, chatId: CHAT, data: OWNER, timestampSeconds: 1n }
        const inviteId = await ask(stores[0]!, 'putInvite', invite)
        const accepted = await Promise.all(stores.map((store) => store.run(() => accept(inviteId))))
        expect(accepted.sort()).toEqual([false, true])
        await ask(stores[0]!, 'deleteUser', CHAT, to)
        const created = await Promise.all(
          stores.map((store, n) => store.run(() => createOne(100n + round * 2n + BigInt(n)))),
        )
        expect(created.sort()).toEqual([false, true])
        for (const chatId of await ask(stores[0]!, 'chatsOf', to)) await ask(stores[0]!, 'deleteChat', chatId)
      }
    })
  })

  test('what expires for all of them at once, while messages come and go, makes room once', async () => {
    await shared(3, async (stores, schema) => {
      await createChat(stores[0]!)
      // Not one after the other, as programs of one chat are.
      const expire = (store: MediatorStore): Promise<number> => store.run(() => call('expireBlobs', 5n))
      const old = { ...message(0n, new Uint8Array(1_000)), timestampSeconds: 1n }
      for (let guid = 0n; guid < 200n; guid++) await ask(stores[0]!, 'insertMessage', CHAT, { ...old, guid })
      await Promise.all(
        stores.flatMap((store, n) => [
          expire(store),
          ...Array.from({ length: 20 }, (_, m) => ask(store, 'deleteMessage', CHAT, BigInt(200 - m))),
          ask(store, 'insertMessage', CHAT, message(BigInt(1_000 + n))),
          expire(store),
        ]),
      )
      while ((await expire(stores[0]!)) > 0);
      const counted = `SELECT bytes = (SELECT sum(octet_length(blob) + 200) FROM ${schema}.messages) AS right,
        expired_to::text FROM ${schema}.chats`
      expect(await execute(counted)).toEqual([{ right: true, expired_to: expect.stringMatching(/^(180|[12]\d\d)$/) }])
    })
  })

  test("programs that get into each other's way are run again, and all go well", async () => {
    await shared(2, async (stores) => {
      await createChat(stores[0]!, 1n)
      await createChat(stores[0]!, 2n)
      function* both(first: bigint, second: bigint): Program<void> {
        for (const chatId of [first, second]) {
          const { permissions } = (yield* call('user', chatId, OWNER))!
          yield* call('changeSettings', chatId, { name: String(permissions) })
        }
      }
      const crossing = Array.from({ length: 40 }, (_, n) =>
        stores[n % 2]!.run(() => (n % 2 === 0 ? both(1n, 2n) : both(2n, 1n))),
      )
      expect(await Promise.all(crossing)).toHaveLength(40)
      expect((await ask(stores[0]!, 'settings', 2n))?.name).toBe('144')
    })
  })
})

describe('a store on PostgreSQL', () => {
  test('restored from a dump, with what the guide says to run: no id that was given out before', async () => {
    const guide = readFileSync(new URL('../../../../docs/guides/mediator-server.md', import.meta.url), 'utf8')
    const [, sql = ''] = /```sql\n(.*?)```/s.exec(guide) ?? []
    expect(sql).toContain('last_message_id')
    const { store, schema, done } = await openSchema()
    await createChat(store)
    await ask(store, 'insertMessage', CHAT, message(1n))
    const invite = { from: OWNER, to: keyNumber(3), chatId: CHAT, data: OWNER, timestampSeconds: 1n }
    const inviteId = await ask(store, 'putInvite', invite)
    await execute(sql.replaceAll('mimir_mediator', schema))
    expect(await ask(store, 'insertMessage', CHAT, message(2n))).toBe(1_000_002n)
    expect(await ask(store, 'page', CHAT, 1n, 500, 'tlv', 1e6)).toMatchObject({ count: 1, lastId: 1_000_002n })
    expect(await ask(store, 'putInvite', { ...invite, to: keyNumber(4) })).toBeGreaterThan(inviteId + 1_000_000n)
    await done()
  })

  test('a schema of the version before: what its chats hold is counted', async () => {
    const schema = newSchema()
    const [first = ''] = MIGRATIONS
    await execute(`CREATE SCHEMA ${schema}; ${first.replaceAll('$schema', schema)}
      CREATE TABLE ${schema}.schema_version (version integer NOT NULL); INSERT INTO ${schema}.schema_version VALUES (1);
      INSERT INTO ${schema}.chats (id, owner_pubkey, created_at, name, description, last_message_id)
        VALUES (${CHAT}, '', 0, '', '', 9), (2, '', 0, '', '', 0);
      INSERT INTO ${schema}.messages (chat_id, id, ts, guid, author, blob)
        SELECT ${CHAT}, n, 1, n, '', repeat('x', 100)::bytea FROM generate_series(1, 9) AS n`)
    const store = await openPostgresStore({ connectionString: inject('postgresUrl'), schema })
    expect(await ask(store, 'insertMessage', CHAT, message(77n), 9 * 300 + 202)).toBeUndefined()
    expect(await ask(store, 'insertMessage', CHAT, message(77n), 9 * 300 + 203)).toBe(10n)
    expect(await ask(store, 'insertMessage', 2n, message(1n), 203)).toBe(1n)
    await store.close()
    await execute(`DROP SCHEMA ${schema} CASCADE`)
  })

  test('connections that are cut: a typed error or a result, nothing twice, and it goes on', {
    timeout: 60_000,
  }, async () => {
    const { store, schema, done } = await openSchema()
    await createChat(store)
    const stored = new Map<bigint, bigint>()
    let failures = 0
    const unsent = new Set(Array.from({ length: 300 }, (_, n) => BigInt(n)))
    for (let round = 0; unsent.size > 0; round++) {
      expect(round).toBeLessThan(60)
      const sends = [...unsent].slice(0, 40).map(async (guid) => {
        try {
          const id = await store.run(
            function* () {
              const known = yield* call('messageByGuid', CHAT, guid)
              return known?.messageId ?? (yield* call('insertMessage', CHAT, message(guid)))
            },
            { chatId: CHAT },
          )
          stored.set(guid, id!)
          unsent.delete(guid)
        } catch (error) {
          expect(error).toMatchObject({ name: 'MediatorServerError', code: 'store' })
          failures++
        }
      })
      // In the middle of it all connections of this application are ended by the server.
      if (round < 8) {
        const victims = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mimir mediator'
          AND query LIKE '%${schema}%' AND pid <> pg_backend_pid()`
        await Promise.all([...sends, execute(victims)])
      } else await Promise.all(sends)
    }
    expect(failures).toBeGreaterThan(0)
    expect(new Set(stored.values()).size).toBe(300)
    const page = await ask(store, 'page', CHAT, 0n, 500, 'tlv', 1e6)
    expect(page.count).toBe(300)
    for (const [guid, id] of stored) expect((await ask(store, 'messageByGuid', CHAT, guid))?.messageId).toBe(id)
    await done()
  })

  test('nobody there, a newer schema, a name that is none, a backup, a closed store', async () => {
    const nobody = 'postgres://mimir@127.0.0.1:1/none'
    await expect(openPostgresStore({ connectionString: nobody })).rejects.toMatchObject({ code: 'store' })
    await expect(openPostgresStore({ schema: 'x; DROP TABLE' })).rejects.toThrow(TypeError)
    const { store, schema, done } = await openSchema()
    await expect(store.backup('/tmp/never')).rejects.toMatchObject({ code: 'unsupported' })
    await execute(`UPDATE ${schema}.schema_version SET version = 99`)
    const again = openPostgresStore({ connectionString: inject('postgresUrl'), schema })
    await expect(again).rejects.toMatchObject({ name: 'MediatorServerError', code: 'store-newer' })
    const last = Promise.all([createChat(store), ask(store, 'chatsOf', OWNER)])
    await done()
    expect(await last).toEqual([true, expect.anything()])
    await expect(ask(store, 'chatsOf', OWNER)).rejects.toMatchObject({ code: 'closed' })
    await store.close()
  })

  test("a pool of the program's own stays open", async () => {
    const pool = new pg.Pool({ connectionString: inject('postgresUrl'), max: 2 })
    const { store, done } = await openSchema({ pool })
    await createChat(store)
    await Promise.all(Array.from({ length: 30 }, (_, n) => ask(store, 'insertMessage', CHAT, message(BigInt(n)))))
    await done()
    expect((await pool.query<{ one: number }>('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    await pool.end()
  })

  test('deleting a chat leaves no row of it', async () => {
    const { store, schema, done } = await openSchema()
    await createChat(store)
    await ask(store, 'insertMessage', CHAT, message(1n))
    await ask(store, 'putInvite', { from: OWNER, to: OWNER, chatId: CHAT, data: OWNER, timestampSeconds: 1n })
    await ask(store, 'deleteChat', CHAT)
    for (const table of ['chats', 'users', 'messages', 'invites']) {
      expect(await execute(`SELECT count(*)::integer AS n FROM ${schema}.${table}`)).toEqual([{ n: 0 }])
    }
    await done()
  })
})
