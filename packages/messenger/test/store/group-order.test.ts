import { expect, test } from 'vitest'
import type { Store, StoredMessage } from '../../src/store.js'
import { happenIn, sealedUp } from './group-events.js'
import {
  ANN,
  BEN,
  bytes,
  describeStores,
  GROUP,
  groupOf,
  guids,
  incoming,
  message,
  OTHER_GROUP,
  said,
  take,
  takeIn,
  texts,
  toGroup,
} from './support.js'

describeStores((newStore) => {
  async function inGroup(): Promise<Store> {
    const store = newStore()
    await store.putGroup(groupOf())
    return store
  }

  /** Oldest first. */
  const shown = async (store: Store) => texts(await store.history(GROUP, { limit: 999 })).reverse()
  const unread = async (store: Store) => (await store.conversations())[0]?.unread
  const sent = (store: Store, guid: bigint, messageId: bigint, editTimeMs = 0) =>
    store.markSent(GROUP, guid, 50, { messageId, outerGuid: guid + BigInt(editTimeMs) }, editTimeMs)

  test('is shown by the number of the mediator, and handled and found by arrival', async () => {
    const store = await inGroup()
    await takeIn(store, said(5n))
    await takeIn(store, said(1n), said(3n), said(2n))
    await takeIn(store, said(4n))
    expect(await shown(store)).toEqual(['1001', '1002', '1003', '1004', '1005'])
    expect((await store.conversations())[0]?.last?.guid).toBe(1_005n)
    expect(texts(await store.search('100', { limit: 9, peer: GROUP }))).toEqual([
      '1004',
      '1002',
      '1003',
      '1001',
      '1005',
    ])
    const handled = []
    for (let next = await store.nextUnhandled(GROUP); next; next = await store.nextUnhandled(GROUP)) {
      handled.push(...texts([next]))
      await store.handled(next.seq)
    }
    expect(handled).toEqual(['1005', '1001', '1003', '1002', '1004'])
  })

  test('what people say is shown by arrival', async () => {
    const store = await inGroup()
    await takeIn(store, said(5n))
    for (const guid of [5n, 1n, 3n]) await take(store, incoming(guid))
    expect(guids(await store.history(ANN, { limit: 9 }))).toEqual([3n, 1n, 5n])
  })

  test('ours stands behind what was there, until it has a number', async () => {
    const store = await inGroup()
    await store.enqueue(toGroup(1n))
    await takeIn(store, said(5n), said(4n))
    await store.enqueue(toGroup(2n))
    await store.enqueue(toGroup(3n))
    await takeIn(store, said(6n), said(2n))
    expect(await shown(store)).toEqual(['1', '1002', '1004', '1005', '2', '3', '1006'])
    await sent(store, 2n, 8n)
    expect(await shown(store)).toEqual(['1', '1002', '1004', '1005', '3', '1006', '2'])
    // The answer was lost; the page has it.
    await takeIn(store, said(7n, { guid: 3n, outgoing: true, payload: bytes('3') }))
    expect(await shown(store)).toEqual(['1', '1002', '1004', '1005', '1006', '3', '2'])
    expect((await store.conversations())[0]?.last?.guid).toBe(2n)
    // From another device.
    await takeIn(store, said(3n, { guid: 9n, outgoing: true, payload: bytes('there') }))
    expect((await shown(store)).slice(0, 4)).toEqual(['1', '1002', 'there', '1004'])
  })

  test('what failed stays where it is, and what was held comes out where it was written', async () => {
    const store = await inGroup()
    const [cause] = await takeIn(store, said(5n))
    const { seq } = await store.enqueue(toGroup(1n))
    await store.enqueue(toGroup(2n, { heldBy: cause!.message.seq }))
    await store.markFailed(seq)
    await takeIn(store, said(6n), said(4n))
    expect(await shown(store)).toEqual(['1004', '1005', '1', '1006'])
    await store.handled(cause!.message.seq)
    expect(await shown(store)).toEqual(['1004', '1005', '1', '2', '1006'])
    await sent(store, 2n, 7n)
    expect(await shown(store)).toEqual(['1004', '1005', '1', '1006', '2'])
  })

  test('what is held is not the newest', async () => {
    const store = await inGroup()
    const [cause] = await takeIn(store, said(5n))
    await store.enqueue(toGroup(2n, { heldBy: cause!.message.seq }))
    expect((await store.conversations())[0]?.last?.guid).toBe(1_005n)
    await store.handled(cause!.message.seq)
    expect((await store.conversations())[0]?.last?.guid).toBe(2n)
  })

  test('an edit keeps the place', async () => {
    const store = await inGroup()
    await takeIn(store, said(2n), said(4n))
    await store.enqueue(toGroup(1n))
    await sent(store, 1n, 3n)
    await takeIn(store, said(5n, { guid: 1_002n, editTimeMs: 5, payload: bytes('edited') }))
    await store.edit(GROUP, 1n, bytes('ours'), 7, { blob: bytes('x'), timestampSeconds: 1n, outerGuid: 8n })
    expect(await shown(store)).toEqual(['edited', 'ours', '1004'])
    await sent(store, 1n, 6n, 7)
    expect(await shown(store)).toEqual(['edited', 'ours', '1004'])
    // Its number counts for what is written now.
    await store.enqueue(toGroup(9n))
    await takeIn(store, said(7n))
    expect(await shown(store)).toEqual(['edited', 'ours', '1004', '9', '1007'])
  })

  test('of an edit that is here before what it edits the place is that of the latter', async () => {
    const store = await inGroup()
    const edit = { guid: 77n, editTimeMs: 5, payload: bytes('edited'), outerGuid: 78n }
    await takeIn(store, said(9n, edit), said(5n))
    expect(await shown(store)).toEqual(['1005', 'edited'])
    await store.enqueue(toGroup(1n))
    expect(await takeIn(store, said(3n, { guid: 77n }))).toEqual([])
    expect(await takeIn(store, said(6n, { ...edit, editTimeMs: 4 }))).toEqual([])
    expect(await shown(store)).toEqual(['edited', '1005', '1'])
    const copies = [3n, 9n, 6n].map((messageId) => ({ messageId, outerGuid: messageId === 3n ? 77n : 78n }))
    expect(await store.groupCopies(GROUP, 77n, false)).toEqual(copies)
    const first = await store.message(GROUP, 77n, false)
    expect(first).toMatchObject({ payload: bytes('edited'), editTimeMs: 5, group: { messageId: 3n, outerGuid: 77n } })
    // All of them are known, and any of them goes with it.
    expect(await takeIn(store, said(3n, { guid: 77n }), said(9n, edit), said(6n, edit))).toEqual([])
    await takeIn(store, said(8n))
    expect(await shown(store)).toEqual(['edited', '1005', '1008', '1'])
    expect(await store.removeByOuterGuid(GROUP, 78n)).toMatchObject({ guid: 77n })
  })

  test('of ours, too', async () => {
    const store = await inGroup()
    await store.enqueue(toGroup(1n))
    await store.edit(GROUP, 1n, bytes('ours'), 7, { blob: bytes('x'), timestampSeconds: 1n, outerGuid: 8n })
    await sent(store, 1n, 9n, 7)
    await takeIn(store, said(5n), said(3n, { guid: 1n, outgoing: true }))
    expect(await shown(store)).toEqual(['ours', '1005'])
  })

  test('what is read later keeps its place', async () => {
    const store = await inGroup()
    await takeIn(store, said(5n), sealedUp(3n), sealedUp(2n), said(1n))
    expect(await store.decrypted(GROUP, 1_003n, said(3n, { guid: 70n, payload: bytes('read') }))).toBeDefined()
    expect(await shown(store)).toEqual(['1001', '', 'read', '1005'])
    // It turns out to be one that came again.
    await takeIn(store, said(6n, { guid: 71n, payload: bytes('again') }))
    expect(await store.decrypted(GROUP, 1_002n, said(2n, { guid: 71n }))).toBeUndefined()
    expect(await shown(store)).toEqual(['1001', 'again', 'read', '1005'])
  })

  test('what has no number stands behind what was there', async () => {
    const store = await inGroup()
    await takeIn(store, said(5n))
    await takeIn(store, said(0n, { system: true, messageType: 1_000, guid: 30n, payload: bytes('begun') }), said(6n))
    expect(await shown(store)).toEqual(['1005', 'begun', '1006'])
  })

  test('unread is what came since, wherever it is shown', async () => {
    const store = await inGroup()
    await store.markRead(GROUP)
    const [newest] = await takeIn(store, said(9n))
    await takeIn(store, said(8n))
    await store.markRead(GROUP, newest!.message.seq)
    expect(await unread(store)).toBe(1)
    await store.markRead(GROUP)
    expect(await unread(store)).toBe(0)
    await takeIn(store, said(3n), said(4n))
    expect(await unread(store)).toBe(2)
    expect((await store.conversations())[0]?.last?.guid).toBe(1_009n)
    await store.markRead(GROUP, 1)
    expect(await unread(store)).toBe(2)
  })

  test('people are read up to now, too, and who is unknown stays so', async () => {
    const store = newStore()
    await store.markRead(BEN)
    await take(store, incoming(1n))
    await store.enqueue(message(2n))
    await store.markRead(ANN)
    expect(await unread(store)).toBe(0)
    await take(store, incoming(3n))
    expect(await unread(store)).toBe(1)
    expect((await store.contacts()).map(({ peer }) => peer)).toEqual([ANN])
  })

  test('numbers that no honest mediator reaches share the last place', async () => {
    const store = await inGroup()
    const [high, highest] = [2n ** 62n, 2n ** 63n - 1n]
    const end = (messageId: bigint, guid: bigint) => said(messageId, { guid, payload: bytes(`end ${guid}`) })
    await takeIn(store, end(highest, 1n), end(high, 2n), said(2n ** 62n - 3n, { guid: 3n, payload: bytes('before') }))
    const { seq } = await store.enqueue(toGroup(9n))
    await takeIn(store, end(high + 1n, 4n), said(-5n, { guid: 5n, payload: bytes('below') }))
    expect(await shown(store)).toEqual(['before', 'end 1', 'end 2', 'end 4', '9', 'below'])
    const rest = await store.history(GROUP, { limit: 2, beforeSeq: seq })
    expect(texts(rest)).toEqual(['end 4', 'end 2'])
    expect(texts(await store.history(GROUP, { limit: 9, beforeSeq: rest[1]!.seq }))).toEqual(['end 1', 'before'])
  })

  test('a page goes on behind a message that was removed, and behind none that is not there', async () => {
    const store = await inGroup()
    await store.putGroup(groupOf({ id: OTHER_GROUP }))
    const other = (await store.receiveGroup(OTHER_GROUP, { messages: [said(4n)], syncedTo: 0n }))[0]!.message.seq
    const received = await takeIn(store, said(3n), said(1n), said(2n))
    const seq = received[0]!.message.seq
    await store.removeByOuterGuid(GROUP, 1_003n)
    expect(guids(await store.history(GROUP, { limit: 9, beforeSeq: seq }))).toEqual([1_002n, 1_001n])
    for (const beforeSeq of [other, 99, Number.MAX_SAFE_INTEGER])
      expect(await store.history(GROUP, { limit: 9, beforeSeq })).toEqual([])
    expect(await store.history(GROUP, { limit: 0 })).toEqual([])
    expect(await store.history(BEN, { limit: 9, beforeSeq: seq })).toEqual([])
  })

  test('a group that was deleted begins anew', async () => {
    const store = await inGroup()
    const [row] = await takeIn(store, said(50n))
    await store.deleteGroup(GROUP)
    await store.putGroup(groupOf())
    expect(await store.history(GROUP, { limit: 9, beforeSeq: row!.message.seq })).toEqual([])
    await store.enqueue(toGroup(1n))
    await takeIn(store, said(3n), said(2n))
    expect(await shown(store)).toEqual(['1', '1002', '1003'])
  })

  test.each([1, 2, 3])('every page of every size is right, whatever happened (seed %i)', async (seed) => {
    const store = await inGroup()
    const expected = await happenIn(store, seed)
    const all = await store.history(GROUP, { limit: 999 })
    expect(all.map(({ seq }) => seq)).toEqual(expected)
    expect((await store.conversations())[0]?.last?.seq).toBe(expected[0])
    for (let limit = 1; limit <= expected.length + 1; limit++) {
      const paged: StoredMessage[] = []
      for (let page = await store.history(GROUP, { limit }); page.length > 0; ) {
        paged.push(...page)
        page = await store.history(GROUP, { limit, beforeSeq: page.at(-1)!.seq })
      }
      expect(paged, `pages of ${limit}`).toEqual(all)
    }
    expect(expected.length).toBeGreaterThan(40)
  })
})
