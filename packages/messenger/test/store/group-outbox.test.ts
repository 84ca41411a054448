import { expect, test } from 'vitest'
import type { Store } from '../../src/store.js'
import {
  ANN,
  bytes,
  describeStores,
  FILE,
  GROUP,
  groupOf,
  guids,
  message,
  said,
  takeIn,
  texts,
  toGroup,
} from './support.js'

const OK = { messageId: 40n, outerGuid: 1n }

describeStores((newStore) => {
  async function inGroup(): Promise<Store> {
    const store = newStore()
    await store.putGroup(groupOf())
    return store
  }

  const ours = (messageId: bigint, guid: bigint, change: object = {}) =>
    said(messageId, { guid, outerGuid: guid, outgoing: true, receivedMs: 60, ...change })

  async function blobs(store: Store): Promise<(string | undefined)[]> {
    const rows = await store.pending(GROUP, 9)
    return rows.map(({ group }) => group?.blob && new TextDecoder().decode(group.blob))
  }

  test('a message is there with what goes to the mediator, until it has it', async () => {
    const store = await inGroup()
    const sent = await store.enqueue(toGroup(1n))
    const group = {
      ...{ author: '', system: false, unreadable: false, messageId: 0n, outerGuid: 1n, innerGuid: 1n },
      ...{ timestampSeconds: 77n, blob: bytes('sealed 1') },
    }
    expect(sent).toMatchObject({ state: 'stored', outgoing: true, peer: GROUP, group })
    expect(await store.pending(GROUP, 9)).toEqual([sent])
    // What is only shown comes without.
    const shown = { ...sent, group: { ...group, blob: undefined } }
    expect(await store.history(GROUP, { limit: 9 })).toEqual([shown])
    expect(await store.message(GROUP, 1n, true)).toEqual(shown)
    expect(await store.markSent(GROUP, 1n, 50, { messageId: 40n, outerGuid: 3n }, 0)).toBe(true)
    expect(await store.markSent(GROUP, 1n, 51, { messageId: 40n, outerGuid: 3n }, 0)).toBe(false)
    const delivered = { state: 'delivered', settledMs: 50, group: { messageId: 40n, outerGuid: 3n, innerGuid: 1n } }
    expect(await store.message(GROUP, 1n, true)).toMatchObject(delivered)
    expect(await store.pending(GROUP, 9)).toEqual([])
    expect(await store.pendingGroups()).toEqual([])
    expect(await store.groupCopies(GROUP, 1n, true)).toEqual([{ messageId: 40n, outerGuid: 3n }])
  })

  test('what the mediator is to delete is remembered when it is gone here', async () => {
    const store = await inGroup()
    for (const guid of [1n, 2n, 3n]) await store.enqueue(toGroup(guid))
    await takeIn(store, said(9n, { guid: 8n }))
    for (const guid of [2n, 1n, 8n, 99n]) await store.retract(GROUP, guid, true)
    await store.remove(GROUP, 2n, true)
    expect(await store.retracted(GROUP)).toEqual([1n, 2n])
    expect(await store.retracted(ANN)).toEqual([])
    expect(await store.markSent(GROUP, 2n, 50, { messageId: 41n, outerGuid: 2n }, 0)).toBe(false)
    expect(await store.groupCopies(GROUP, 2n, true)).toEqual([{ messageId: 41n, outerGuid: 2n }])
    await store.retract(GROUP, 2n, false)
    expect(await store.retracted(GROUP)).toEqual([1n])
    expect((await store.message(GROUP, 1n, true))?.group).not.toHaveProperty('retracted')
  })

  test('a message is sealed once', async () => {
    const store = await inGroup()
    await store.enqueue({ ...message(1n), peer: GROUP })
    expect(await blobs(store)).toEqual([undefined])
    const sealed = { blob: bytes('first'), timestampSeconds: 5n, outerGuid: 9n }
    await store.sealed(GROUP, 1n, sealed, 0)
    sealed.blob.fill(0)
    await expect(store.sealed(GROUP, 1n, { ...sealed, blob: bytes('second') }, 0)).rejects.toMatchObject({
      code: 'store',
    })
    expect(await blobs(store)).toEqual(['first'])
    expect((await store.pending(GROUP, 1))[0]?.group).toMatchObject({ timestampSeconds: 5n, outerGuid: 9n })
    // Nothing to be sealed: another version, an unknown message, one that is at the mediator.
    await store.sealed(GROUP, 1n, sealed, 8)
    await store.sealed(GROUP, 2n, sealed, 0)
    await store.markSent(GROUP, 1n, 50, OK, 0)
    await store.sealed(GROUP, 1n, sealed, 0)
    expect(await store.pending(GROUP, 9)).toEqual([])
  })

  test('a file is made ready before its message is sealed', async () => {
    const store = await inGroup()
    await store.enqueue({ ...message(1n), peer: GROUP, state: 'preparing' }, FILE)
    const sealed = { blob: bytes('x'), timestampSeconds: 5n }
    await store.sealed(GROUP, 1n, sealed, 0)
    await store.prepared(GROUP, 1n, bytes('ready'), { state: 'offered' })
    expect(await blobs(store)).toEqual([undefined])
    await store.sealed(GROUP, 1n, sealed, 0)
    expect(await blobs(store)).toEqual(['x'])
  })

  test('a handler holds a sealed message back', async () => {
    const store = await inGroup()
    const [first, second] = await takeIn(store, said(1n), said(2n))
    await store.enqueue(toGroup(1n, { heldBy: first!.message.seq }))
    await store.enqueue(toGroup(2n, { heldBy: second!.message.seq }))
    expect(await store.pendingGroups()).toEqual([])
    await store.handled(first!.message.seq)
    expect(await blobs(store)).toEqual(['sealed 1'])
    await store.discardHeld()
    expect((await store.counts()).undelivered).toBe(1)
    // It runs again, and says the same.
    await store.enqueue(toGroup(2n, { heldBy: second!.message.seq }))
    await store.handled(second!.message.seq)
    expect(await blobs(store)).toEqual(['sealed 1', 'sealed 2'])
  })

  test('an edit is a new message for the mediator, and the same one here', async () => {
    const store = await inGroup()
    await store.enqueue(toGroup(1n))
    await store.markSent(GROUP, 1n, 50, OK, 0)
    const sealed = { blob: bytes('edit'), timestampSeconds: 80n, outerGuid: 11n }
    const edited = await store.edit(GROUP, 1n, bytes('better'), 7, sealed)
    expect(edited).toMatchObject({ state: 'stored', editTimeMs: 7, group: { messageId: 40n, ...sealed } })
    expect(await store.pending(GROUP, 9)).toEqual([edited])
    expect(await store.markSent(GROUP, 1n, 60, { messageId: 45n, outerGuid: 12n }, 7)).toBe(true)
    expect(await store.message(GROUP, 1n, true)).toMatchObject({
      state: 'delivered',
      group: { messageId: 40n, outerGuid: 1n },
    })
    expect(await store.groupCopies(GROUP, 1n, true)).toEqual([OK, { messageId: 45n, outerGuid: 12n }])
    // Neither comes in again.
    expect(await takeIn(store, ours(40n, 1n), ours(45n, 1n, { editTimeMs: 7, outerGuid: 12n }))).toEqual([])
  })

  test('what is edited before the answer comes is sent as it is now, and only that', async () => {
    const store = await inGroup()
    await store.enqueue(toGroup(1n))
    await store.edit(GROUP, 1n, bytes('better'), 7)
    expect(await blobs(store)).toEqual([undefined])
    await store.sealed(GROUP, 1n, { blob: bytes('too late'), timestampSeconds: 80n }, 0)
    expect(await blobs(store)).toEqual([undefined])
    await store.sealed(GROUP, 1n, { blob: bytes('edit'), timestampSeconds: 80n, outerGuid: 11n }, 7)
    // The answer to the first version.
    expect(await store.markSent(GROUP, 1n, 60, OK, 0)).toBe(false)
    expect(await blobs(store)).toEqual(['edit'])
    expect((await store.pending(GROUP, 9))[0]?.group).toMatchObject({ messageId: 40n, outerGuid: 11n })
    expect(await store.markSent(GROUP, 1n, 60, { messageId: 41n, outerGuid: 11n }, 7)).toBe(true)
    expect(await store.groupCopies(GROUP, 1n, true)).toEqual([OK, { messageId: 41n, outerGuid: 11n }])
  })

  test('our own message that comes back is the answer that was lost', async () => {
    const store = await inGroup()
    const { seq } = await store.enqueue(toGroup(1n))
    await store.enqueue(toGroup(2n))
    const [received] = await takeIn(store, ours(40n, 1n, { outerGuid: 2n }))
    expect(received).toMatchObject({
      edited: false,
      delivered: true,
      message: { seq, state: 'delivered', settledMs: 60 },
    })
    expect(received?.message.group).toMatchObject({ author: '', messageId: 40n, outerGuid: 2n })
    expect(guids(await store.pending(GROUP, 9))).toEqual([2n])
    expect(await store.markSent(GROUP, 1n, 70, { messageId: 40n, outerGuid: 2n }, 0)).toBe(false)
    expect(await store.groupCopies(GROUP, 1n, true)).toEqual([{ messageId: 40n, outerGuid: 2n }])
    // An answer that comes first makes the page a repetition.
    await store.markSent(GROUP, 2n, 70, { messageId: 41n, outerGuid: 3n }, 0)
    expect(await takeIn(store, ours(41n, 2n, { outerGuid: 3n }))).toEqual([])
    expect((await store.counts()).messages).toBe(2)
  })

  test.each(['failed', 'refused', 'held'] as const)('so is one that was %s', async (state) => {
    const store = await inGroup()
    const [cause] = await takeIn(store, said(1n))
    const { seq } = await store.enqueue(toGroup(1n, state === 'held' ? { heldBy: cause!.message.seq } : {}))
    if (state === 'failed') await store.markFailed(seq)
    if (state === 'refused') await store.markRefused(GROUP, 1n, 5)
    expect(await takeIn(store, ours(40n, 1n))).toMatchObject([{ delivered: true, message: { seq, refusedMs: 0 } }])
    await store.discardHeld()
    await store.handled(cause!.message.seq)
    expect(await store.message(GROUP, 1n, true)).toMatchObject({ state: 'delivered' })
    expect(await store.counts()).toEqual({ undelivered: 0, unhandled: 0, messages: 2 })
  })

  test('of two versions only the one that came back is known to be there', async () => {
    const store = await inGroup()
    await store.enqueue(toGroup(1n))
    await store.edit(GROUP, 1n, bytes('better'), 7, { blob: bytes('edit'), timestampSeconds: 80n, outerGuid: 11n })
    expect(await takeIn(store, ours(40n, 1n))).toEqual([])
    expect(await blobs(store)).toEqual(['edit'])
    const [edited] = await takeIn(store, ours(41n, 1n, { editTimeMs: 7, outerGuid: 11n, payload: bytes('better') }))
    expect(edited).toMatchObject({ edited: false, delivered: true })
    expect(await store.pending(GROUP, 9)).toEqual([])
    expect(texts(await store.history(GROUP, { limit: 9 }))).toEqual(['better'])
  })

  test('what we said on another device is ours, and no handler sees it', async () => {
    const store = await inGroup()
    const [said] = await takeIn(store, ours(40n, 1n))
    expect(said).toMatchObject({
      edited: false,
      message: { outgoing: true, state: 'delivered', group: { author: '' } },
    })
    expect(said).not.toHaveProperty('delivered')
    expect(await store.unhandledPeers()).toEqual([])
    const [edited] = await takeIn(store, ours(41n, 1n, { editTimeMs: 5, payload: bytes('edited there') }))
    expect(edited).toMatchObject({ edited: true, message: { editTimeMs: 5, state: 'delivered' } })
    expect(texts(await store.history(GROUP, { limit: 9 }))).toEqual(['edited there'])
    // An edit there of what waits here takes its place.
    await store.enqueue(toGroup(2n))
    const [both] = await takeIn(store, ours(42n, 2n, { editTimeMs: 5, payload: bytes('there, too') }))
    expect(both).toMatchObject({ edited: true, delivered: true })
    expect(await store.pending(GROUP, 9)).toEqual([])
    // The same number of somebody else is another message.
    expect(await takeIn(store, said43())).toHaveLength(1)
    function said43() {
      return { ...ours(43n, 1n), outgoing: false }
    }
  })

  test('what was removed is not sent, and stays so', async () => {
    const store = await inGroup()
    await store.enqueue(toGroup(1n))
    await store.enqueue(toGroup(2n))
    expect(await store.remove(GROUP, 1n, true)).toBe(true)
    expect(await store.pendingGroups()).toEqual([GROUP])
    expect(guids(await store.pending(GROUP, 9))).toEqual([2n])
    expect(await store.markSent(GROUP, 1n, 60, OK, 0)).toBe(false)
    expect(await takeIn(store, ours(40n, 1n), ours(41n, 1n, { editTimeMs: 9 }))).toEqual([])
    // Somebody deletes what has not been answered yet.
    expect(await store.removeByOuterGuid(GROUP, 2n)).toMatchObject({ guid: 2n, outgoing: true })
    expect(await store.pendingGroups()).toEqual([])
    expect(await store.history(GROUP, { limit: 9 })).toEqual([])
  })

  test('what was deleted before its answer came is gone when that comes', async () => {
    const store = await inGroup()
    for (const guid of [1n, 2n]) await store.enqueue(toGroup(guid))
    await store.receiveGroup(GROUP, { messages: [], deleted: [3n], syncedTo: 9n })
    expect(await store.markSent(GROUP, 1n, 60, { messageId: 8n, outerGuid: 3n }, 0)).toBe(true)
    expect(guids(await store.history(GROUP, { limit: 9 }))).toEqual([2n])
    expect(guids(await store.pending(GROUP, 9))).toEqual([2n])
  })

  test('any version of ours that is deleted takes the message along', async () => {
    const store = await inGroup()
    for (const guid of [1n, 2n, 3n]) {
      await store.enqueue(toGroup(guid))
      await store.markSent(GROUP, guid, 50, { messageId: guid, outerGuid: guid }, 0)
      const sealed = { blob: bytes('edit'), timestampSeconds: 80n, outerGuid: guid + 10n }
      await store.edit(GROUP, guid, bytes('better'), 7, sealed)
    }
    await store.markSent(GROUP, 2n, 60, { messageId: 12n, outerGuid: 12n }, 7)
    for (const outerGuid of [1n, 12n, 13n]) expect(await store.removeByOuterGuid(GROUP, outerGuid)).toBeDefined()
    expect(await store.history(GROUP, { limit: 9 })).toEqual([])
    expect(await store.pending(GROUP, 9)).toEqual([])
  })

  test('an id that is taken in the group is refused, with everything that came with it', async () => {
    const store = await inGroup()
    await store.enqueue(toGroup(1n))
    await expect(store.enqueue(toGroup(1n), FILE)).rejects.toMatchObject({ code: 'store' })
    expect(await store.file(GROUP, true, 1n)).toBeUndefined()
    expect(await blobs(store)).toEqual(['sealed 1'])
  })
})
