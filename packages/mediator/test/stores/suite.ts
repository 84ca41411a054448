// What every store of a mediator has to do, on whatever database: run for each of them.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { call, type MediatorStore, type Operations, type StoreCall } from '../../src/operations.js'
import { answer } from '../../src/stores/run-program.js'
import { ModelOperations, recordOf } from './model.js'
import { Random } from './random.js'
import { ask, CHAT, createChat, keyNumber, message, OWNER, SETTINGS } from './suite-calls.js'

export interface OpenedStore {
  readonly store: MediatorStore
  /** Close it, and clear up. */
  done(): Promise<void>
}

const PRESENT = { permissions: 0x10, banned: false, acceptedAtSeconds: 5n, changedAtSeconds: 6n }

export function storeSuite(name: string, open: () => Promise<OpenedStore>): void {
  describe(`${name}: a store`, () => {
    let store: MediatorStore
    let done: () => Promise<void>
    beforeEach(async () => {
      ;({ store, done } = await open())
    })
    afterEach(() => done())

    test('a chat: made once, with its owner; deleted with all that is its own', async () => {
      expect(await createChat(store)).toBe(true)
      expect(await createChat(store, CHAT, keyNumber(2))).toBe(false)
      expect(await createChat(store, 2n)).toBe(true)
      expect(await ask(store, 'chatOwner', CHAT)).toEqual(OWNER)
      expect(await ask(store, 'countChatsOwnedBy', OWNER)).toBe(2)
      expect(await ask(store, 'countChatsOwnedBy', keyNumber(2))).toBe(0)
      expect(await ask(store, 'settings', CHAT)).toEqual(SETTINGS)
      expect(await ask(store, 'user', CHAT, OWNER)).toEqual({
        permissions: 0x90,
        banned: false,
        acceptedAtSeconds: 1_000n,
        changedAtSeconds: 0n,
        lastSeenSeconds: 0n,
        hasInfo: false,
      })
      expect(await ask(store, 'chatsOf', OWNER)).toEqual([2n, CHAT])
      await ask(store, 'insertMessage', CHAT, message(1n))
      await ask(store, 'putInvite', { from: OWNER, to: keyNumber(3), chatId: CHAT, data: OWNER, timestampSeconds: 1n })
      await ask(store, 'deleteChat', CHAT)
      await ask(store, 'deleteChat', CHAT)
      expect(await ask(store, 'chatOwner', CHAT)).toBeUndefined()
      expect(await ask(store, 'settings', CHAT)).toBeUndefined()
      expect(await ask(store, 'user', CHAT, OWNER)).toBeUndefined()
      expect(await ask(store, 'members', CHAT)).toEqual([])
      expect(await ask(store, 'chatsOf', OWNER)).toEqual([2n])
      expect(await ask(store, 'invitesFor', keyNumber(3))).toEqual([])
      expect(await ask(store, 'lastMessageId', CHAT)).toBe(0n)
      expect(await ask(store, 'insertMessage', CHAT, message(1n))).toBeUndefined()
      expect((await ask(store, 'page', CHAT, 0n, 500, 'tlv', 1e6)).count).toBe(0)
      // A new chat under the same id has nothing of the old one.
      expect(await createChat(store)).toBe(true)
      expect(await ask(store, 'insertMessage', CHAT, message(1n))).toBe(1n)
    })

    test('settings: only what is given changes; an avatar can be taken away; texts that no database has', async () => {
      await createChat(store)
      const change = (settings: Parameters<Operations['changeSettings']>[1]): Promise<void> =>
        ask(store, 'changeSettings', CHAT, settings)
      await change({ name: 'new' })
      expect(await ask(store, 'settings', CHAT)).toEqual({ ...SETTINGS, name: 'new' })
      await change({ description: 'x'.repeat(200), avatar: Uint8Array.of(0, 255) })
      const changed = { name: 'new', description: 'x'.repeat(200), avatar: Uint8Array.of(0, 255) }
      expect(await ask(store, 'settings', CHAT)).toEqual(changed)
      await change({ name: 'nul \0 and half \ud83c', avatar: null })
      expect(await ask(store, 'settings', CHAT)).toEqual({
        ...changed,
        name: 'nul \ufffd and half \ufffd',
        avatar: undefined,
      })
      await ask(store, 'changeSettings', 5n, { name: 'no such chat' })
    })

    test('users: put, changed in part, banned, deleted; a chat lists those present', async () => {
      await createChat(store)
      const user = keyNumber(2)
      await ask(store, 'putUser', CHAT, user, PRESENT)
      await ask(store, 'changeUser', CHAT, user, { info: new Uint8Array(0), changedAtSeconds: 9n })
      expect(await ask(store, 'user', CHAT, user)).toEqual({
        permissions: 0x10,
        banned: false,
        acceptedAtSeconds: 5n,
        changedAtSeconds: 9n,
        lastSeenSeconds: 0n,
        hasInfo: true,
      })
      await ask(store, 'changeUser', CHAT, user, { lastSeenSeconds: 77n, info: Uint8Array.of(4) })
      const byKey = (a: { publicKey: Uint8Array }, b: { publicKey: Uint8Array }): number =>
        a.publicKey[0]! - b.publicKey[0]!
      expect((await ask(store, 'members', CHAT)).sort(byKey)).toEqual([
        { publicKey: OWNER, permissions: 0x90, lastSeenSeconds: 0n },
        { publicKey: user, permissions: 0x10, lastSeenSeconds: 77n },
      ])
      const infos = async (since: bigint): Promise<unknown> =>
        (await ask(store, 'memberInfos', CHAT, since, 1e9)).sort(byKey)
      const owner = { publicKey: OWNER, info: undefined, timestampSeconds: 0n }
      expect(await infos(0n)).toEqual([owner, { publicKey: user, info: Uint8Array.of(4), timestampSeconds: 9n }])
      expect(await infos(8n)).toEqual([owner, { publicKey: user, info: Uint8Array.of(4), timestampSeconds: 9n }])
      expect(await infos(9n)).toEqual([owner, { publicKey: user, info: undefined, timestampSeconds: 9n }])
      // Whoever puts in much hides nobody else.
      await ask(store, 'changeUser', CHAT, OWNER, { info: new Uint8Array(9) })
      const sizes = async (maxBytes: number): Promise<unknown[]> =>
        (await ask(store, 'memberInfos', CHAT, 0n, maxBytes)).sort(byKey).map(({ info }) => info?.length)
      expect([await sizes(10), await sizes(9), await sizes(0)]).toEqual([
        [9, 1],
        [undefined, 1],
        [undefined, undefined],
      ])
      await ask(store, 'changeUser', CHAT, user, { banned: true, permissions: 0x11 })
      expect(await ask(store, 'chatsOf', user)).toEqual([])
      expect(await ask(store, 'members', CHAT)).toHaveLength(1)
      expect(await ask(store, 'memberInfos', CHAT, 0n, 1e9)).toHaveLength(1)
      expect(await ask(store, 'user', CHAT, user)).toMatchObject({ banned: true, permissions: 0x11, hasInfo: true })
      await ask(store, 'changeUser', CHAT, user, { banned: false, permissions: 0x10 })
      expect(await ask(store, 'chatsOf', user)).toEqual([CHAT])
      await ask(store, 'deleteUser', CHAT, user)
      expect(await ask(store, 'user', CHAT, user)).toBeUndefined()
      expect(await ask(store, 'chatsOf', user)).toEqual([])
      // Of those who are nowhere nothing changes.
      await ask(store, 'changeUser', CHAT, user, { banned: false })
      await ask(store, 'putUser', 5n, user, PRESENT)
      expect(await ask(store, 'chatsOf', user)).toEqual([])
    })

    test('messages: ids go up and never come again, guids are there once, 64 bits are kept', async () => {
      await createChat(store)
      const guids = [-(2n ** 63n), 2n ** 63n - 1n, 0n, -1n]
      for (const [index, guid] of guids.entries()) {
        expect(await ask(store, 'insertMessage', CHAT, message(guid))).toBe(BigInt(index + 1))
      }
      expect(await ask(store, 'insertMessage', CHAT, message(0n))).toBeUndefined()
      const timed = { ...message(7n), timestampSeconds: 2n ** 62n, clientTimestampSeconds: -3n, author: keyNumber(9) }
      expect(await ask(store, 'insertMessage', CHAT, timed)).toBe(5n)
      const stored = {
        messageId: 5n,
        guid: 7n,
        timestampSeconds: 2n ** 62n,
        clientTimestampSeconds: -3n,
        author: keyNumber(9),
      }
      expect(await ask(store, 'messageByGuid', CHAT, 7n)).toEqual(stored)
      expect(await ask(store, 'messageById', CHAT, 5n)).toEqual(stored)
      expect((await ask(store, 'messageById', CHAT, 1n))?.clientTimestampSeconds).toBeUndefined()
      expect(await ask(store, 'messageByGuid', CHAT, 8n)).toBeUndefined()
      await ask(store, 'deleteMessage', CHAT, 5n)
      await ask(store, 'deleteMessage', CHAT, 2n)
      await ask(store, 'deleteMessage', CHAT, 99n)
      expect(await ask(store, 'lastMessageId', CHAT)).toBe(4n)
      expect(await ask(store, 'insertMessage', CHAT, message(7n))).toBe(6n)
      await createChat(store, 3n)
      const asked = [3n, CHAT, 12n]
      const ids = await ask(store, 'lastMessageIds', asked)
      expect(asked.map((chatId) => ids.get(chatId))).toEqual([0n, 6n, 0n])
    })

    test('a page is byte for byte what the protocol says, for blobs of every length class', async () => {
      await createChat(store)
      const lengths = [0, 1, 127, 128, 300, 16_383, 16_384, 70_000, 2_097_151, 2_097_152]
      const rows = lengths.map((length, index) => ({
        ...message(BigInt(index) - 3n, new Uint8Array(length).fill(index + 130)),
        messageId: BigInt(index + 1),
      }))
      for (const row of rows) await ask(store, 'insertMessage', CHAT, row)
      for (const layout of ['tlv', 'binary'] as const) {
        const expected = Buffer.concat(rows.map((row) => recordOf(CHAT, row, layout)))
        const page = await ask(store, 'page', CHAT, 0n, 500, layout, 48 * 1024 * 1024)
        expect({ count: page.count, lastId: page.lastId }).toEqual({ count: 10, lastId: 10n })
        expect(Buffer.compare(page.bytes, expected)).toBe(0)
        expect(page.bytes.constructor).toBe(Uint8Array)
        const part = await ask(store, 'page', CHAT, 2n, 3, layout, 48 * 1024 * 1024)
        const three = Buffer.concat(rows.slice(2, 5).map((row) => recordOf(CHAT, row, layout)))
        expect({ ...part, bytes: Buffer.compare(part.bytes, three) }).toEqual({ count: 3, lastId: 5n, bytes: 0 })
        // To the byte: what fits exactly is in, one byte less and it is out; and one row is always in.
        const fits = recordOf(CHAT, rows[0]!, layout).length + recordOf(CHAT, rows[1]!, layout).length
        expect(await ask(store, 'page', CHAT, 0n, 500, layout, fits)).toMatchObject({ count: 2, lastId: 2n })
        expect(await ask(store, 'page', CHAT, 0n, 500, layout, fits - 1)).toMatchObject({ count: 1, lastId: 1n })
        expect(await ask(store, 'page', CHAT, 9n, 500, layout, 1)).toMatchObject({ count: 1, lastId: 10n })
        expect(await ask(store, 'page', CHAT, 10n, 500, layout, 1)).toEqual({
          count: 0,
          lastId: 10n,
          bytes: new Uint8Array(0),
        })
      }
    })

    test('pages go over gaps, and stay short of nothing: any since, any limit', async () => {
      await createChat(store)
      for (let guid = 1n; guid <= 40n; guid++) await ask(store, 'insertMessage', CHAT, message(guid))
      for (const id of [1n, 2n, 3n, 7n, 10n, 11n, 12n, 13n, 14n, 15n, 39n, 40n])
        await ask(store, 'deleteMessage', CHAT, id)
      const kept = Array.from({ length: 40 }, (_, n) => BigInt(n + 1)).filter(
        (id) => ![1n, 2n, 3n, 7n, 39n, 40n].includes(id) && (id < 10n || id > 15n),
      )
      for (let since = 0n; since <= 40n; since++) {
        for (const limit of [1, 2, 5, 28, 500]) {
          const ids = kept.filter((id) => id > since).slice(0, limit)
          const page = await ask(store, 'page', CHAT, since, limit, 'tlv', 1e6)
          expect(page).toMatchObject({ count: ids.length, lastId: ids.at(-1) ?? since })
          expect(page.bytes.length).toBe(ids.length * (66 + 3))
        }
      }
      const last = 2n ** 63n - 1n
      expect(await ask(store, 'page', CHAT, last, 500, 'tlv', 1e6)).toMatchObject({ count: 0, lastId: last })
      expect(await ask(store, 'page', CHAT, -last, 3, 'binary', 1e6)).toMatchObject({ count: 3, lastId: 6n })
    })

    test('invites: one for each recipient and chat, replaced in place; sent, answered, expired', async () => {
      await createChat(store)
      await createChat(store, 2n)
      const to = keyNumber(3)
      const invite = { from: OWNER, to, chatId: CHAT, data: Uint8Array.of(1), timestampSeconds: 10n }
      const first = await ask(store, 'putInvite', invite)
      const second = await ask(store, 'putInvite', { ...invite, chatId: 2n, timestampSeconds: 20n })
      expect(second).toBeGreaterThan(first)
      await ask(store, 'markInviteSent', first)
      expect(await ask(store, 'invite', first)).toEqual({ ...invite, inviteId: first, sent: true })
      const again = { ...invite, from: keyNumber(4), data: new Uint8Array(0), timestampSeconds: 15n }
      expect(await ask(store, 'putInvite', again)).toBe(first)
      expect(await ask(store, 'inviteFor', to, CHAT)).toEqual({ ...again, inviteId: first, sent: false })
      expect((await ask(store, 'invitesFor', to)).map(({ inviteId }) => inviteId)).toEqual([first, second])
      expect(await ask(store, 'expireInvites', 15n)).toBe(0)
      expect(await ask(store, 'expireInvites', 16n)).toBe(1)
      expect(await ask(store, 'invite', first)).toBeUndefined()
      await ask(store, 'deleteInvite', second)
      expect(await ask(store, 'inviteFor', to, 2n)).toBeUndefined()
      const third = await ask(store, 'putInvite', invite)
      expect(third).toBeGreaterThan(second)
    })

    test('nonces: one for each key, replaced, deleted, expired', async () => {
      await ask(store, 'putNonce', OWNER, keyNumber(5), 1n)
      await ask(store, 'putNonce', OWNER, keyNumber(6), 2n)
      await ask(store, 'deleteNonce', OWNER)
      await ask(store, 'putNonce', OWNER, keyNumber(7), 3n)
      await ask(store, 'expireNonces', 4n)
    })

    test('blobs expire in the order of their ids; the rows stay', async () => {
      await createChat(store)
      const at = (guid: bigint, timestampSeconds: bigint): Promise<bigint | undefined> =>
        ask(store, 'insertMessage', CHAT, { ...message(guid), timestampSeconds })
      for (const [index, timestamp] of [10n, 20n, 40n, 15n, 50n].entries()) await at(BigInt(index), timestamp)
      expect(await ask(store, 'expireBlobs', 10n)).toBe(0)
      expect(await ask(store, 'expireBlobs', 30n)).toBe(2)
      expect(await ask(store, 'expireBlobs', 30n)).toBe(0)
      expect(await ask(store, 'page', CHAT, 0n, 2, 'tlv', 1e6)).toMatchObject({ count: 2, lastId: 4n })
      expect(await ask(store, 'messageByGuid', CHAT, 0n)).toMatchObject({ messageId: 1n })
      expect(await ask(store, 'insertMessage', CHAT, message(0n))).toBeUndefined()
      expect(await ask(store, 'expireBlobs', 100n)).toBe(3)
      expect(await ask(store, 'page', CHAT, 0n, 500, 'binary', 1e6)).toMatchObject({ count: 0, lastId: 0n })
      expect(await ask(store, 'lastMessageId', CHAT)).toBe(5n)
      expect(await at(9n, 60n)).toBe(6n)
      expect(await ask(store, 'page', CHAT, 0n, 500, 'tlv', 1e6)).toMatchObject({ count: 1, lastId: 6n })
    })

    test('a chat holds so many bytes, blobs and rows; what is deleted or expires makes room, what is undone counts for nothing', async () => {
      await createChat(store)
      await createChat(store, 2n)
      const send = (guid: bigint, blobBytes: number, maxBytes?: number): Promise<bigint | undefined> =>
        ask(
          store,
          'insertMessage',
          CHAT,
          { ...message(guid, new Uint8Array(blobBytes)), timestampSeconds: guid },
          maxBytes,
        )
      const undone = async (): Promise<void> => {
        const failing = store.run(
          function* () {
            yield* call('insertMessage', CHAT, message(8n, new Uint8Array(10_000)))
            yield* call('deleteMessage', CHAT, 2n)
            throw new Error('undone')
          },
          { chatId: CHAT },
        )
        await expect(failing).rejects.toThrow('undone')
      }
      // To the byte; and the limit is what each message is sent with.
      expect(await send(1n, 101, 300)).toBeUndefined()
      expect(await send(1n, 100, 300)).toBe(1n)
      expect(await send(2n, 0, 300)).toBeUndefined()
      expect(await send(2n, 0, 500)).toBe(2n)
      expect(await send(3n, 500, 1_200)).toBe(3n)
      expect(await send(4n, 0, 1_399)).toBeUndefined()
      expect(await send(4n, 0)).toBe(4n)
      expect(await send(1n, 5, Infinity)).toBeUndefined()
      expect(await ask(store, 'insertMessage', 2n, message(1n), 203)).toBe(1n)
      // 1,400 bytes now.
      await ask(store, 'deleteMessage', CHAT, 3n)
      await ask(store, 'deleteMessage', CHAT, 3n)
      expect(await send(5n, 101, 1_000)).toBeUndefined()
      expect(await send(5n, 100, 1_000)).toBe(5n)
      // The rows of those that expired stay; the hundred bytes of the first go.
      expect(await ask(store, 'expireBlobs', 5n)).toBe(3)
      await undone()
      expect(await send(6n, 0, 1_099)).toBeUndefined()
      expect(await send(6n, 0, 1_100)).toBe(6n)
      await ask(store, 'deleteMessage', CHAT, 1n)
      expect(await send(7n, 1, 1_100)).toBeUndefined()
      expect(await send(7n, 0, 1_100)).toBe(7n)
      await undone()
      expect(await send(8n, 1, 1_300)).toBeUndefined()
      expect(await send(8n, 0, 1_300)).toBeDefined()
      // More of them than are counted row by row.
      const many = Array.from({ length: 700 }, (_, n) => send(BigInt(n + 10), n % 3))
      expect(await Promise.all(many)).not.toContain(undefined)
      const bytes = 1_300 + 700 * 200 + 699
      expect(await send(9n, 0, bytes + 199)).toBeUndefined()
      expect(await send(9n, 0, bytes + 200)).toBeDefined()
      await ask(store, 'deleteChat', CHAT)
      await createChat(store)
      expect(await send(1n, 0, 200)).toBe(1n)
    })

    test('programs are transactions: one that throws leaves nothing, and spoils no other of its turn', async () => {
      await createChat(store)
      const runs = [0, 1, 2, 3, 4].map((n) =>
        store.run(
          function* () {
            const id = yield* call('insertMessage', CHAT, message(BigInt(n)))
            yield* call('putUser', CHAT, keyNumber(100 + n), PRESENT)
            if (n % 2 === 1) throw new Error(`program ${n} fails`)
            return id
          },
          { chatId: CHAT },
        ),
      )
      const failing = store.run(
        function* () {
          yield* call('createChat', { chatId: 9n, owner: OWNER, createdAtSeconds: 0n, permissions: 0, ...SETTINGS })
          throw new Error('half a chat')
        },
        { chatId: 9n },
      )
      const outcomes = await Promise.allSettled([...runs, failing])
      expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual([true, false, true, false, true, false])
      expect(String((outcomes[1] as PromiseRejectedResult).reason)).toBe('Error: program 1 fails')
      const ids = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
      expect(new Set(ids).size).toBe(3)
      expect(await ask(store, 'members', CHAT)).toHaveLength(4)
      expect((await ask(store, 'page', CHAT, 0n, 500, 'tlv', 1e6)).count).toBe(3)
      expect(await ask(store, 'chatOwner', 9n)).toBeUndefined()
      expect(await ask(store, 'chatsOf', OWNER)).toEqual([CHAT])
      expect(await createChat(store, 9n)).toBe(true)
      expect(await ask(store, 'lastMessageId', 9n)).toBe(0n)
      // What was undone must not have been remembered.
      const next = await ask(store, 'insertMessage', CHAT, message(1n))
      expect(ids).not.toContain(next)
    })

    test('what a turn that was run twice left is what the second time did', async () => {
      await createChat(store)
      const big = new Uint8Array(5_000)
      const turn = [
        ask(store, 'insertMessage', CHAT, { ...message(1n), timestampSeconds: 1n }),
        ask(store, 'expireBlobs', 5n),
        ask(store, 'insertMessage', CHAT, message(2n, big)),
        ask(store, 'insertMessage', CHAT, message(3n, big)),
        // Fails last, and has everything before it undone and done again.
        store.run(
          function* () {
            yield* call('lastMessageId', CHAT)
            throw new Error('undone')
          },
          { chatId: CHAT },
        ),
      ]
      const [, expired, second] = await Promise.allSettled(turn)
      expect(second).toMatchObject({ status: 'fulfilled' })
      const kept = (await ask(store, 'page', CHAT, 0n, 500, 'tlv', 1e6)).count
      // Whether the first was there when blobs expired is up to the order of the queues.
      expect(kept).toBe(expired?.status === 'fulfilled' && expired.value === 1 ? 2 : 3)
      const above = kept === 3 ? 1n : 0n
      expect((await ask(store, 'page', CHAT, above, 50, 'tlv', 6_000)).count).toBe(1)
    })

    test('a chat deleted by a program that fails is still there', async () => {
      await createChat(store)
      await ask(store, 'insertMessage', CHAT, message(1n))
      const failing = store.run(
        function* () {
          yield* call('deleteChat', CHAT)
          throw new Error('not after all')
        },
        { chatId: CHAT },
      )
      await expect(failing).rejects.toThrow('not after all')
      expect(await ask(store, 'lastMessageId', CHAT)).toBe(1n)
      expect(await ask(store, 'insertMessage', CHAT, message(2n))).toBe(2n)
    })

    test('programs of one chat run one after the other, in their order', async () => {
      await createChat(store)
      const adders = Array.from({ length: 100 }, (_, n) =>
        store.run(
          function* () {
            const { permissions } = (yield* call('user', CHAT, OWNER))!
            yield* call('changeUser', CHAT, OWNER, { permissions: permissions + 1 })
            return yield* call('insertMessage', CHAT, message(BigInt(n)))
          },
          { chatId: CHAT },
        ),
      )
      expect(await Promise.all(adders)).toEqual(Array.from({ length: 100 }, (_, n) => BigInt(n + 1)))
      expect((await ask(store, 'user', CHAT, OWNER))?.permissions).toBe(0x90 + 100)
    })

    test.each([1, 2, 3])('does what the model does, whatever is asked of it (seed %d)', async (seed) => {
      const model = new ModelOperations()
      const random = new Random(seed)
      for (let step = 0; step < 400; step++) {
        const asked = randomCall(random)
        const expected = comparable(answer(model, asked))
        const { chatId } = { chatId: undefined, ...asked } as { chatId: bigint | undefined }
        const got = await store.run<unknown>(
          function* () {
            return yield asked
          },
          { chatId },
        )
        expect(comparable(got), `step ${step}: ${asked.op}`).toEqual(expected)
      }
      expect(model.chats.size).toBeGreaterThan(0)
    })
  })
}

/** Members in the order of their keys, which no store promises; pages as text, which compares faster. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value) && value[0] instanceof Object && 'publicKey' in value[0]) {
    return value
      .map((row: { publicKey: Uint8Array }) => ({ ...row, publicKey: Buffer.from(row.publicKey).toString('hex') }))
      .sort((a, b) => (a.publicKey < b.publicKey ? -1 : 1))
  }
  return value
}

function randomCall(random: Random): StoreCall {
  const chatId = random.pick([1n, 2n, 0x1234_5678_9abc_def0n])
  const user = keyNumber(random.below(5))
  const guid = BigInt(random.below(60)) - 30n
  const seconds = BigInt(random.below(200))
  const optional = <T>(value: T): T | undefined => (random.below(2) === 0 ? value : undefined)
  const settings = { name: `name ${random.below(9)}`, description: `${seconds}`, avatar: optional(random.bytes(3)) }
  const calls: StoreCall[] = [
    {
      op: 'createChat',
      args: [{ chatId, owner: user, createdAtSeconds: seconds, permissions: 0x90, ...settings }],
    },
    { op: random.below(8) === 0 ? 'deleteChat' : 'chatOwner', args: [chatId] },
    { op: 'countChatsOwnedBy', args: [user] },
    { op: 'settings', args: [chatId] },
    { op: 'changeSettings', args: [chatId, random.below(2) === 0 ? settings : { avatar: null }] },
    { op: 'user', args: [chatId, user] },
    {
      op: 'changeUser',
      args: [
        chatId,
        user,
        {
          permissions: optional(random.below(256)),
          banned: optional(random.below(2) === 0),
          changedAtSeconds: optional(seconds),
          lastSeenSeconds: optional(seconds),
          ...(random.below(3) === 0 && { info: random.bytes(random.below(9)) }),
        },
      ],
    },
    { op: 'deleteUser', args: [chatId, user] },
    { op: 'chatsOf', args: [user] },
    { op: 'members', args: [chatId] },
    { op: 'memberInfos', args: [chatId, seconds, random.below(2) === 0 ? 1e9 : random.below(20)] },
    { op: 'messageByGuid', args: [chatId, guid] },
    { op: 'deleteMessage', args: [chatId, BigInt(random.below(30))] },
    { op: random.below(2) === 0 ? 'messageById' : 'deleteMessage', args: [chatId, BigInt(random.below(30))] },
    { op: 'lastMessageId', args: [chatId] },
    { op: 'lastMessageIds', args: [[1n, 2n, 77n]] },
    {
      op: 'page',
      args: [
        chatId,
        BigInt(random.below(30)),
        1 + random.below(20),
        random.pick(['tlv', 'binary']),
        random.pick([1, 500, 2_000, 1e9]),
      ],
    },
    { op: 'invite', args: [BigInt(random.below(5))] },
    { op: 'inviteFor', args: [user, chatId] },
    { op: 'invitesFor', args: [user] },
    { op: 'markInviteSent', args: [BigInt(random.below(5))] },
    { op: 'deleteInvite', args: [BigInt(random.below(5))] },
    { op: 'expireInvites', args: [BigInt(random.below(60))] },
    { op: 'expireBlobs', args: [BigInt(random.below(60))] },
  ]
  if (random.below(3) > 0) return random.pick(calls)
  return {
    op: 'insertMessage',
    args: [
      chatId,
      {
        guid,
        timestampSeconds: seconds,
        clientTimestampSeconds: optional(seconds),
        author: user,
        blob: random.bytes(random.pick([0, 5, 100, 200, 900])),
      },
      random.pick([Infinity, 1e9, 500 + 100 * random.below(100)]),
    ],
  }
}
