import { expect, test } from 'vitest'
import type { Store } from '../../src/store.js'
import type { NewGroupMessage } from '../../src/store-groups.js'
import {
  ANN,
  BEN,
  bytes,
  describeStores,
  EVE,
  GROUP,
  groupOf,
  guids,
  OTHER_GROUP,
  said,
  takeIn,
  texts,
  toGroup,
} from './support.js'

const SENT_MS = 1_700_000_000_000
const TYPE_UNREADABLE = -1

function reaction(messageId: bigint, emoji: string, sendTimeMs: number, change: Partial<NewGroupMessage> = {}) {
  const payload = bytes(`{"emoji":"${emoji}","replyTo":77}`)
  return said(messageId, { messageType: 10, replyTo: 77n, payload, sendTimeMs, ...change })
}

/** What could not be read goes by the guid that the mediator has. */
function sealedUp(messageId: bigint, guid: bigint, change: Partial<NewGroupMessage> = {}): NewGroupMessage {
  const nothing = { messageType: TYPE_UNREADABLE, payload: new Uint8Array(0), sendTimeMs: 0 }
  return said(messageId, { ...nothing, guid, sealed: bytes(`raw ${messageId}`), ...change })
}

describeStores((newStore) => {
  async function inGroup(): Promise<Store> {
    const store = newStore()
    await store.putGroup(groupOf())
    return store
  }

  const shown = async (store: Store) => texts(await store.history(GROUP, { limit: 99 })).reverse()

  test('takes in a page, with how far it goes', async () => {
    const store = await inGroup()
    const messages = [said(1n), said(3n, { author: BEN, outerGuid: 9n })]
    const received = await store.receiveGroup(GROUP, { messages, syncedTo: 3n, change: { name: 'Wasps' } })
    expect(received.map(({ edited, message }) => [edited, message.state, message.guid])).toEqual([
      [false, 'unhandled', 1_001n],
      [false, 'unhandled', 1_003n],
    ])
    expect(received[1]?.message).toEqual({
      ...{ seq: 2, peer: GROUP, outgoing: false, guid: 1_003n, replyTo: 0n, sendTimeMs: SENT_MS, editTimeMs: 0 },
      ...{ messageType: 0, payload: bytes('1003'), state: 'unhandled', settledMs: 1, refusedMs: 0 },
      group: {
        ...{ author: BEN, system: false, unreadable: false, messageId: 3n, outerGuid: 9n, innerGuid: 1_003n },
        ...{ timestampSeconds: 77n, blob: undefined },
      },
    })
    expect(await store.group(GROUP)).toMatchObject({ syncedTo: 3n, name: 'Wasps' })
    expect(await store.message(GROUP, 1_003n, false)).toEqual(received[1]?.message)
    expect((await store.conversations())[0]?.last).toEqual(received[1]?.message)
    expect(await store.search('1003', { limit: 9 })).toEqual([received[1]?.message])
    expect(await store.groupCopies(GROUP, 1_003n, false)).toEqual([{ messageId: 3n, outerGuid: 9n }])
    expect(await store.unhandledPeers()).toEqual([GROUP])
    expect((await store.nextUnhandled(GROUP))?.seq).toBe(1)
    expect((await store.contacts()).length).toBe(0)
  })

  test('a page again brings nothing, whatever became of its messages', async () => {
    const store = await inGroup()
    const page = [said(1n), said(2n), said(3n), said(4n, { system: true, handled: true })]
    await takeIn(store, ...page)
    await store.remove(GROUP, 1_002n, false)
    await store.removeByOuterGuid(GROUP, 1_003n)
    expect(await takeIn(store, ...page)).toEqual([])
    // Nor with a number that was given anew after a lost answer, nor as an edit.
    const again = page.slice(0, 3).map((message) => ({ ...message, messageId: message.messageId + 10n }))
    expect(await takeIn(store, ...again)).toEqual([])
    const late = again.slice(1).map((message) => ({ ...message, messageId: message.messageId + 10n, editTimeMs: 5 }))
    expect(await takeIn(store, ...late)).toEqual([])
    expect(await shown(store)).toEqual(['1001', '1004'])
    // What came twice is gone when either is.
    expect(await store.removeByOuterGuid(GROUP, 1_001n)).toMatchObject({ guid: 1_001n })
  })

  test('the same numbers in another group are other messages', async () => {
    const store = await inGroup()
    await store.putGroup(groupOf({ id: OTHER_GROUP }))
    await takeIn(store, said(1n))
    expect(await store.receiveGroup(OTHER_GROUP, { messages: [said(1n)], syncedTo: 0n })).toHaveLength(1)
    await store.removeByOuterGuid(OTHER_GROUP, 1_001n)
    expect(await shown(store)).toEqual(['1001'])
  })

  test('only its author edits a message', async () => {
    const store = await inGroup()
    await takeIn(store, said(1n, { guid: 5n, payload: bytes('first') }))
    const edit = { guid: 5n, editTimeMs: 7, payload: bytes('second') }
    const [edited] = await takeIn(store, said(2n, { ...edit, outerGuid: 50n }))
    expect(edited).toMatchObject({ edited: true, message: { guid: 5n, seq: 1, editTimeMs: 7 } })
    expect(await store.groupCopies(GROUP, 5n, false)).toEqual([
      { messageId: 1n, outerGuid: 5n },
      { messageId: 2n, outerGuid: 50n },
    ])
    expect(await takeIn(store, said(3n, { ...edit, editTimeMs: 6 }))).toEqual([])
    expect(await takeIn(store, said(4n, { ...edit, editTimeMs: 9, messageType: 3 }))).toEqual([])
    expect(await takeIn(store, said(1n, { ...edit, editTimeMs: 9 }))).toEqual([])
    expect(await shown(store)).toEqual(['second'])
    const [other] = await takeIn(store, said(5n, { ...edit, editTimeMs: 9, author: EVE, payload: bytes('of Eve') }))
    expect(other).toMatchObject({ edited: false, message: { group: { author: EVE, innerGuid: 5n } } })
    expect(await shown(store)).toEqual(['second', 'of Eve'])
    expect(await store.removeByOuterGuid(GROUP, 50n)).toMatchObject({ guid: 5n })
  })

  test('nobody keeps out the message of another by taking its guid', async () => {
    const store = await inGroup()
    const guid = 1_000n
    const flood = Array.from({ length: 40 }, (_, index) =>
      said(BigInt(index + 1), { author: EVE, guid: guid + BigInt(index) }),
    )
    await takeIn(store, ...flood)
    const [received] = await takeIn(store, said(50n, { guid, payload: bytes('of Ann') }))
    expect(received?.message).toMatchObject({ guid: 1_040n, group: { author: ANN, innerGuid: guid, outerGuid: guid } })
    // It is hers, under whatever name.
    expect(await takeIn(store, said(51n, { guid }))).toEqual([])
    const [edited] = await takeIn(store, said(52n, { guid, editTimeMs: 5, payload: bytes('of Ann, edited') }))
    expect(edited).toMatchObject({ edited: true, message: { guid: 1_040n } })
    expect((await shown(store)).slice(-1)).toEqual(['of Ann, edited'])
    const [bumped] = await takeIn(store, said(53n, { guid, author: BEN, outerGuid: -7n }))
    expect(bumped?.message.guid).toBe(-7n)
    // The end of the numbers is no end.
    await takeIn(store, said(54n, { author: EVE, guid: 2n ** 63n - 1n }))
    const [wrapped] = await takeIn(store, said(55n, { guid: 2n ** 63n - 1n }))
    expect(wrapped?.message.guid).toBe(-(2n ** 63n))
  })

  test('nobody takes the guid of a message of ours: by its id one could not be told from the other', async () => {
    const store = await inGroup()
    await store.enqueue(toGroup(5n))
    const [theirs] = await takeIn(store, said(1n, { guid: 5n, author: EVE }))
    expect(theirs?.message).toMatchObject({ guid: 6n, group: { author: EVE, innerGuid: 5n } })
    expect(await takeIn(store, said(2n, { guid: 5n, author: EVE }))).toEqual([])
    // Nor in secret.
    await takeIn(store, said(3n, { guid: 70n, author: BEN, sealed: bytes('?') }))
    const opened = await store.decrypted(GROUP, 70n, said(3n, { guid: 5n, outerGuid: 70n, author: BEN }))
    expect(opened?.message).toMatchObject({ guid: 70n, group: { innerGuid: 5n } })
    // Ours has it, also when it comes from another device.
    await takeIn(store, said(4n, { guid: 5n, outgoing: true }))
    expect(await store.message(GROUP, 5n, true)).toMatchObject({ state: 'delivered', group: { messageId: 4n } })
    expect(await store.message(GROUP, 5n, false)).toBeUndefined()
  })

  test('a message without a guid goes by that of the mediator', async () => {
    const store = await inGroup()
    const received = await takeIn(store, said(1n, { guid: 0n, outerGuid: 5n }), said(2n, { guid: 0n, outerGuid: 5n }))
    expect(received.map(({ message }) => message.guid)).toEqual([5n, 6n])
    const [nothing] = await takeIn(store, said(3n, { guid: 0n, outerGuid: 0n }))
    expect(nothing?.message.guid).toBe(1n)
    expect(await takeIn(store, said(3n, { guid: 0n, outerGuid: 0n }))).toEqual([])
  })

  test('what the mediator says is told apart by its number alone', async () => {
    const store = await inGroup()
    const event = { system: true, messageType: 1_000, guid: 8n, author: BEN }
    const received = await takeIn(store, said(1n, event), said(2n, event), said(3n, { guid: 8n }))
    expect(received.map(({ message }) => [message.guid, message.state, message.group?.system])).toEqual([
      [8n, 'handled', true],
      [9n, 'handled', true],
      [10n, 'unhandled', false],
    ])
    expect((await store.conversations())[0]?.unread).toBe(1)
    // What has no number is known by its guid.
    const loose = { ...event, guid: 30n, outerGuid: 30n }
    expect(await takeIn(store, said(0n, loose))).toHaveLength(1)
    expect(await takeIn(store, said(0n, loose))).toEqual([])
    expect(await store.groupCopies(GROUP, 30n, false)).toEqual([])
  })

  test('no handler sees what is handled', async () => {
    const store = await inGroup()
    await takeIn(store, said(1n, { handled: true }))
    expect(await store.nextUnhandled(GROUP)).toBeUndefined()
  })

  test('a reaction sent twice by one author is one, by two it is two', async () => {
    const store = await inGroup()
    await takeIn(store, reaction(1n, '👍', SENT_MS))
    expect(await takeIn(store, reaction(2n, '👍', SENT_MS + 500))).toEqual([])
    expect(await takeIn(store, reaction(3n, '👍', SENT_MS + 500, { author: BEN }))).toHaveLength(1)
    // Ben's other reaction lies between nobody's but his own.
    await takeIn(store, reaction(4n, '👎', SENT_MS + 600, { author: BEN }))
    expect(await takeIn(store, reaction(5n, '👍', SENT_MS + 900))).toEqual([])
    expect(await takeIn(store, reaction(6n, '👍', SENT_MS + 900, { author: BEN }))).toHaveLength(1)
    expect(await takeIn(store, reaction(7n, '👍', SENT_MS + 2_001))).toHaveLength(1)
    expect(await takeIn(store, reaction(8n, '👍', SENT_MS, { replyTo: 78n }))).toHaveLength(1)
    // A double stays one when its page comes again, even without the first.
    await store.remove(GROUP, 1_001n, false)
    expect(await takeIn(store, reaction(2n, '👍', SENT_MS + 500))).toEqual([])
  })

  test('reactions of many do not make one of another twice, nor slow', async () => {
    const store = await inGroup()
    const flood = Array.from({ length: 1_200 }, (_, index) =>
      reaction(BigInt(index + 1), `${index % 300}`, SENT_MS, { author: index % 2 === 0 ? EVE : BEN }),
    )
    expect(await takeIn(store, ...flood)).toHaveLength(1_200)
    expect(await takeIn(store, reaction(5_000n, '👍', SENT_MS))).toHaveLength(1)
  })

  test('a deletion takes the message, before and after it', async () => {
    const store = await inGroup()
    const [first] = await takeIn(store, said(1n), said(2n))
    const batch = { messages: [said(3n), said(4n)], deleted: [1_001n, 1_004n, 1_009n], syncedTo: 9n }
    const received = await store.receiveGroup(GROUP, batch)
    expect(guids(received.map(({ message }) => message))).toEqual([1_003n])
    expect(await shown(store)).toEqual(['1002', '1003'])
    expect(await store.nextUnhandled(GROUP)).toMatchObject({ guid: 1_002n })
    // A page overtakes the push that it deletes.
    expect(await takeIn(store, said(9n))).toEqual([])
    expect(await store.removeByOuterGuid(GROUP, 1_001n)).toBeUndefined()
    expect(await store.removeByOuterGuid(GROUP, 1_003n)).toMatchObject({ guid: 1_003n, payload: bytes('1003') })
    expect(first?.message.guid).toBe(1_001n)
  })

  test('remembers the last thousand deletions of what has not come', async () => {
    const store = await inGroup()
    const deleted = Array.from({ length: 1_002 }, (_, index) => BigInt(index + 1))
    await store.receiveGroup(GROUP, { messages: [], deleted: [...deleted, 3n], syncedTo: 0n })
    const came = await takeIn(store, ...[1n, 2n, 3n, 1_002n].map((guid) => said(guid, { guid })))
    expect(guids(came.map(({ message }) => message))).toEqual([1n, 2n])
  })

  test('what cannot be read is kept as it came, and read in its place later', async () => {
    const store = await inGroup()
    const [received] = await takeIn(store, sealedUp(1n, 50n), said(2n), sealedUp(3n, 60n, { author: BEN }))
    expect(received?.message).toMatchObject({ guid: 50n, state: 'handled', group: { unreadable: true, author: ANN } })
    expect((await store.nextUnhandled(GROUP))?.guid).toBe(1_002n)
    const rows = await store.unreadable(GROUP, 9)
    expect(rows.map(({ guid, group }) => [guid, new TextDecoder().decode(group?.blob)])).toEqual([
      [50n, 'raw 1'],
      [60n, 'raw 3'],
    ])
    expect(guids(await store.unreadable(GROUP, 1))).toEqual([50n])
    expect(guids(await store.unreadable(GROUP, 9, rows[0]!.seq))).toEqual([60n])
    const clear = said(1n, { guid: 49n, outerGuid: 50n, payload: bytes('clear') })
    const read = await store.decrypted(GROUP, 50n, clear)
    expect(read).toMatchObject({ edited: false, message: { guid: 49n, seq: 1, state: 'unhandled', messageType: 0 } })
    expect(read?.message.group).toMatchObject({ unreadable: false, messageId: 1n, outerGuid: 50n, innerGuid: 49n })
    expect(await store.message(GROUP, 49n, false)).toEqual(read?.message)
    expect(await store.message(GROUP, 50n, false)).toBeUndefined()
    expect((await store.nextUnhandled(GROUP))?.guid).toBe(49n)
    expect(await shown(store)).toEqual(['clear', '1002', ''])
    expect(guids(await store.unreadable(GROUP, 9))).toEqual([60n])
    // Only once, and not with what cannot be read either.
    expect(await store.decrypted(GROUP, 50n, clear)).toBeUndefined()
    expect(await store.decrypted(GROUP, 49n, clear)).toBeUndefined()
    expect(await store.decrypted(GROUP, 60n, sealedUp(3n, 60n))).toBeUndefined()
    expect(await takeIn(store, clear, sealedUp(3n, 60n))).toEqual([])
    // Hers from now on, to edit.
    expect(await takeIn(store, said(4n, { guid: 49n, editTimeMs: 5 }))).toMatchObject([{ edited: true }])
  })

  test('what was removed unread stays so', async () => {
    const store = await inGroup()
    await takeIn(store, sealedUp(1n, 50n), sealedUp(2n, 60n))
    await store.remove(GROUP, 50n, false)
    await store.removeByOuterGuid(GROUP, 60n)
    expect(await store.unreadable(GROUP, 9)).toEqual([])
    expect(await store.decrypted(GROUP, 50n, said(1n, { guid: 50n }))).toBeUndefined()
    expect(await takeIn(store, sealedUp(1n, 50n), said(1n, { guid: 50n }))).toEqual([])
    expect(await shown(store)).toEqual([])
  })

  test('of what turns out to be there already, one is left', async () => {
    const store = await inGroup()
    await takeIn(store, sealedUp(1n, 50n), said(2n, { guid: 50n, payload: bytes('again') }))
    await takeIn(store, sealedUp(3n, 70n, { author: BEN }), sealedUp(4n, 80n))
    expect(await shown(store)).toEqual(['', 'again', '', ''])
    expect(await store.decrypted(GROUP, 50n, said(1n, { guid: 50n, payload: bytes('first') }))).toBeUndefined()
    expect(await shown(store)).toEqual(['again', '', ''])
    const row = (await store.history(GROUP, { limit: 9 })).at(-1)
    expect(await store.groupCopies(GROUP, row!.guid, false)).toEqual([
      { messageId: 1n, outerGuid: 50n },
      { messageId: 2n, outerGuid: 50n },
    ])
    // A later version is an edit.
    const edit = said(4n, { guid: 50n, outerGuid: 80n, editTimeMs: 5, payload: bytes('edited') })
    expect(await store.decrypted(GROUP, 80n, edit)).toMatchObject({ edited: true, message: { seq: row!.seq } })
    // Of another author it is another message.
    const bens = said(3n, { guid: 50n, outerGuid: 70n, author: BEN, payload: bytes('of Ben') })
    expect(await store.decrypted(GROUP, 70n, bens)).toMatchObject({
      edited: false,
      message: { payload: bytes('of Ben') },
    })
    expect(await shown(store)).toEqual(['edited', 'of Ben'])
    expect(await takeIn(store, said(1n), said(2n), said(3n), said(4n))).toEqual([])
  })

  test('a reaction that could not be read is one with its double', async () => {
    const store = await inGroup()
    await takeIn(store, sealedUp(1n, 50n), reaction(2n, '👍', SENT_MS), sealedUp(3n, 60n))
    expect(await store.decrypted(GROUP, 50n, reaction(1n, '👍', SENT_MS + 1, { guid: 50n }))).toBeUndefined()
    const other = reaction(3n, '👎', SENT_MS + 2, { guid: 60n })
    expect(await store.decrypted(GROUP, 60n, other)).toBeDefined()
    // And is one of those that are compared.
    expect(await takeIn(store, reaction(4n, '👎', SENT_MS + 3))).toEqual([])
    expect((await store.counts()).messages).toBe(2)
  })

  test('what we could not read of our own is ours', async () => {
    const store = await inGroup()
    const own = { outgoing: true, author: EVE }
    await takeIn(store, sealedUp(1n, 50n, own), sealedUp(2n, 60n, own))
    expect(await store.history(GROUP, { limit: 1 })).toMatchObject([{ outgoing: true, state: 'delivered' }])
    const read = await store.decrypted(GROUP, 50n, said(1n, { ...own, guid: 50n, payload: bytes('mine') }))
    expect(read).toMatchObject({
      edited: false,
      message: { outgoing: true, state: 'delivered', group: { author: '' } },
    })
    expect(read).not.toHaveProperty('delivered')
    // A later version that can be read.
    const later = said(3n, { ...own, guid: 60n, editTimeMs: 5, payload: bytes('mine, too') })
    expect(await takeIn(store, later)).toMatchObject([{ edited: false }])
    expect(await shown(store)).toEqual(['mine', 'mine, too'])
    expect(await store.unreadable(GROUP, 9)).toEqual([])
  })

  test('behind a page that cannot be stored none of that group is', async () => {
    const store = await inGroup()
    await store.putGroup(groupOf({ id: OTHER_GROUP }))
    const page = (messageId: bigint, change: Partial<NewGroupMessage> = {}) => ({
      messages: [said(messageId), said(messageId + 1n, change)],
      syncedTo: messageId + 1n,
    })
    const results = await Promise.allSettled([
      store.receiveGroup(GROUP, page(1n, { sendTimeMs: Number.NaN })),
      store.receiveGroup(GROUP, page(3n)),
      store.receiveGroup(OTHER_GROUP, page(3n)),
    ])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
    expect((await store.group(GROUP))?.syncedTo).toBe(0n)
    expect(await shown(store)).toEqual([])
    await store.receiveGroup(GROUP, page(1n))
    await store.receiveGroup(GROUP, page(3n))
    expect(await shown(store)).toEqual(['1001', '1002', '1003', '1004'])
  })

  test('owns its bytes', async () => {
    const store = await inGroup()
    const [clear, raw, key] = [bytes('clear'), bytes('raw'), new Uint8Array(32).fill(7)]
    await takeIn(store, said(1n, { payload: clear }), sealedUp(2n, 50n, { sealed: raw }))
    await store.changeGroup(GROUP, { key, formerKeys: [key] })
    for (const each of [clear, raw, key]) each.fill(0)
    expect(await shown(store)).toEqual(['clear', ''])
    expect((await store.unreadable(GROUP, 1))[0]?.group?.blob).toEqual(bytes('raw'))
    expect(await store.group(GROUP)).toMatchObject({
      key: new Uint8Array(32).fill(7),
      formerKeys: [new Uint8Array(32).fill(7)],
    })
  })
})
