import { expect, test } from 'vitest'
import {
  ANN,
  BEN,
  bytes,
  describeStores,
  FILE,
  fileOf,
  GROUP,
  groupOf,
  guids,
  incoming,
  message,
  take,
  texts,
  toGroup,
} from './support.js'

describeStores((newStore) => {
  test('a message and its file are added together, and wait until the file is ready', async () => {
    const store = newStore()
    const { state } = await store.enqueue({ ...message(1n, ''), state: 'preparing' }, FILE)
    await store.enqueue(message(2n))
    expect(state).toBe('preparing')
    expect(guids(await store.pending(ANN, 10))).toEqual([2n])
    expect(guids(await store.history(ANN, { limit: 10 }))).toEqual([2n, 1n])
    expect(await store.counts()).toEqual({ undelivered: 2, unhandled: 0, messages: 2 })
    expect(await store.file(ANN, true, 1n)).toEqual({ peer: ANN, outgoing: true, guid: 1n, ...FILE })
    await store.prepared(ANN, 1n, bytes('metadata'), { state: 'offered', hash: 'ab'.repeat(32) })
    expect(texts(await store.pending(ANN, 10))).toEqual(['metadata', '2'])
    expect(await store.file(ANN, true, 1n)).toMatchObject({ state: 'offered', hash: 'ab'.repeat(32), sizeBytes: 3 })
  })

  test('a message is made ready once, and only if it is there', async () => {
    const store = newStore()
    await store.prepared(ANN, 1n, bytes('nobody'), { state: 'offered' })
    expect(await store.contacts()).toEqual([])
    await store.enqueue({ ...message(1n), state: 'preparing' }, FILE)
    await store.prepared(ANN, 1n, bytes('first'), { state: 'offered' })
    await store.prepared(ANN, 1n, bytes('second'), { state: 'failed' })
    expect(texts(await store.pending(ANN, 1))).toEqual(['first'])
    expect((await store.file(ANN, true, 1n))?.state).toBe('offered')
    await store.enqueue({ ...message(2n), state: 'preparing' }, FILE)
    await store.remove(ANN, 2n, true)
    await store.prepared(ANN, 2n, bytes('late'), { state: 'offered' })
    expect(await store.file(ANN, true, 2n)).toBeUndefined()
    expect(guids(await store.pending(ANN, 10))).toEqual([1n])
  })

  test('a handler holds a message back also while its file is made ready', async () => {
    const store = newStore()
    const first = await take(store, incoming(1n))
    await store.enqueue({ ...message(10n), state: 'preparing', heldBy: first }, FILE)
    expect(guids(await store.history(ANN, { limit: 10 }))).toEqual([1n])
    await store.prepared(ANN, 10n, bytes('ready'), { state: 'offered' })
    expect(await store.pending(ANN, 10)).toEqual([])
    expect((await store.message(ANN, 10n, true))?.state).toBe('held')
    await store.handled(first)
    expect(texts(await store.pending(ANN, 10))).toEqual(['ready'])

    const second = await take(store, incoming(2n))
    await store.enqueue({ ...message(20n), state: 'preparing', heldBy: second }, FILE)
    await store.handled(second)
    expect(guids(await store.pending(ANN, 10))).toEqual([10n])
    await store.prepared(ANN, 20n, bytes('ready later'), { state: 'offered' })
    expect(texts(await store.pending(ANN, 10))).toEqual(['ready', 'ready later'])
  })

  test('what a cut off handler prepared is forgotten, with its file; what the user prepares stays', async () => {
    const store = newStore()
    const seq = await take(store, incoming(1n))
    await store.enqueue({ ...message(10n), state: 'preparing', heldBy: seq }, FILE)
    await store.enqueue({ ...message(11n), state: 'preparing' }, FILE)
    await store.discardHeld()
    expect(guids(await store.files('preparing'))).toEqual([11n])
    expect(await store.message(ANN, 10n, true)).toBeUndefined()
    await store.enqueue({ ...message(10n), state: 'preparing', heldBy: seq }, FILE)
    await store.handled(seq)
    expect(guids(await store.history(ANN, { limit: 10 }))).toEqual([10n, 11n, 1n])
  })

  test('an edit goes out again under the same id, in the place of the message', async () => {
    const store = newStore()
    for (const guid of [1n, 2n]) await store.enqueue(message(guid))
    await store.markDelivered(ANN, 1n, 50, 0)
    const edited = await store.edit(ANN, 1n, bytes('better'), 7)
    expect(edited).toMatchObject({ guid: 1n, state: 'stored', editTimeMs: 7, settledMs: 0 })
    expect(texts(await store.pending(ANN, 10))).toEqual(['better', '2'])
    expect(await store.message(ANN, 1n, true)).toEqual(edited)
    // The OK of what was written before the edit.
    expect(await store.markDelivered(ANN, 1n, 60, 0)).toBe(false)
    expect(await store.markDelivered(ANN, 1n, 60, 8)).toBe(false)
    expect(await store.markDelivered(ANN, 1n, 60, 7)).toBe(true)
    expect(guids(await store.pending(ANN, 10))).toEqual([2n])
  })

  test('an edit has to be newer, and needs a message that can be sent', async () => {
    const store = newStore()
    const { seq } = await store.enqueue(message(1n))
    expect(await store.edit(ANN, 1n, bytes('a'), 5)).toBeDefined()
    expect(await store.edit(ANN, 1n, bytes('b'), 5)).toBeUndefined()
    expect(await store.edit(ANN, 1n, bytes('c'), 4)).toBeUndefined()
    expect(texts(await store.pending(ANN, 1))).toEqual(['a'])
    await store.markFailed(seq)
    await store.enqueue({ ...message(2n), state: 'preparing' })
    await store.enqueue(message(3n))
    await store.remove(ANN, 3n, true)
    await store.receive(incoming(4n))
    for (const guid of [1n, 2n, 3n, 4n, 5n]) expect(await store.edit(ANN, guid, bytes('d'), 9)).toBeUndefined()
    expect(await store.edit(BEN, 1n, bytes('e'), 9)).toBeUndefined()
  })

  test('an edited message stays held', async () => {
    const store = newStore()
    const seq = await take(store, incoming(1n))
    await store.enqueue({ ...message(10n), heldBy: seq })
    expect(await store.edit(ANN, 10n, bytes('held'), 5)).toMatchObject({ state: 'held', editTimeMs: 5 })
    expect(await store.pending(ANN, 10)).toEqual([])
    await store.handled(seq)
    expect(texts(await store.pending(ANN, 10))).toEqual(['held'])
  })

  test('what is sent next is read within bounds', async () => {
    const store = newStore()
    await store.putGroup(groupOf())
    for (const guid of [1n, 2n, 3n, -4n, 5n]) await store.enqueue(message(guid, 'ten bytes.'))
    const read = async (range: object, limit = 10) => guids(await store.pending(ANN, limit, range))
    expect(await read({ maxBytes: 30 })).toEqual([1n, 2n, 3n])
    expect(await read({ maxBytes: 29 })).toEqual([1n, 2n])
    expect(await read({ maxBytes: 0 })).toEqual([1n])
    expect(await read({ except: [2n, -4n, 9n] })).toEqual([1n, 3n, 5n])
    expect(await read({ except: [1n, 2n], maxBytes: 20 })).toEqual([3n, -4n])
    expect(await read({ except: [1n] }, 2)).toEqual([2n, 3n])
    await store.markRefused(ANN, 3n, 300)
    expect(await read({ except: [1n], refusedBeforeMs: 200 }, 2)).toEqual([2n, -4n])
    expect(await read({ maxBytes: 20, refusedBeforeMs: 300 }, 3)).toEqual([1n, 2n])
    // With the bytes for the mediator.
    for (const guid of [1n, 2n]) await store.enqueue(toGroup(guid))
    const [first] = await store.pending(GROUP, 9, { maxBytes: 17 })
    expect(first?.group?.blob).toEqual(bytes('sealed 1'))
    expect(guids(await store.pending(GROUP, 9, { maxBytes: 17 }))).toEqual([1n])
    expect(guids(await store.pending(GROUP, 9, { maxBytes: 18 }))).toEqual([1n, 2n])
  })

  test('what the peer is silent about is left out for a while, in its place afterwards', async () => {
    const store = newStore()
    for (const guid of [1n, 2n, 3n, 4n]) await store.enqueue(message(guid))
    await store.markRefused(ANN, 3n, 300)
    await store.markRefused(ANN, 1n, 500)
    await store.markRefused(BEN, 2n, 500)
    const due = async (refusedBeforeMs: number) => guids(await store.pending(ANN, 10, { refusedBeforeMs }))
    expect(await due(-600_000)).toEqual([2n, 4n])
    expect(await due(299.5)).toEqual([2n, 4n])
    expect(await due(300)).toEqual([2n, 3n, 4n])
    expect(await due(500)).toEqual([1n, 2n, 3n, 4n])
    expect(guids(await store.pending(ANN, 3))).toEqual([1n, 2n, 3n])
    expect(guids(await store.pending(ANN, 2, { refusedBeforeMs: 300 }))).toEqual([2n, 3n])
    expect((await store.message(ANN, 1n, true))?.refusedMs).toBe(500)
    expect(await store.pendingPeers()).toEqual([ANN])
  })

  test('acceptance, a delivery and an edit end the silence', async () => {
    const store = newStore()
    for (const guid of [1n, 2n, 3n]) {
      await store.enqueue(message(guid))
      await store.markRefused(ANN, guid, 0)
    }
    expect(await store.pending(ANN, 10, { refusedBeforeMs: 0 })).toEqual([])
    await store.edit(ANN, 1n, bytes('new'), 5)
    await store.markDelivered(ANN, 2n, 9, 0)
    expect((await store.message(ANN, 2n, true))?.refusedMs).toBe(0)
    expect(guids(await store.pending(ANN, 10, { refusedBeforeMs: 0 }))).toEqual([1n])
    await store.acceptedBy(BEN)
    expect(guids(await store.pending(ANN, 10, { refusedBeforeMs: 0 }))).toEqual([1n])
    await store.acceptedBy(ANN)
    expect(guids(await store.pending(ANN, 10, { refusedBeforeMs: 0 }))).toEqual([1n, 3n])
  })

  test('what was delivered neither fails nor is refused any more', async () => {
    const store = newStore()
    const { seq } = await store.enqueue(message(1n))
    await store.markDelivered(ANN, 1n, 5, 0)
    await store.markFailed(seq)
    await store.markRefused(ANN, 1n, 6)
    expect(await store.message(ANN, 1n, true)).toMatchObject({ state: 'delivered', refusedMs: 0 })
  })

  test('a message that failed waits for no handler any more', async () => {
    const store = newStore()
    const seq = await take(store, incoming(1n))
    const held = await store.enqueue({ ...message(10n), heldBy: seq })
    await store.markFailed(held.seq)
    await store.discardHeld()
    await store.handled(seq)
    expect((await store.history(ANN, { limit: 10 })).map(({ state }) => state)).toEqual(['failed', 'handled'])
  })

  test('peers are named whom a word or a file is wanted from, too', async () => {
    const store = newStore()
    const note = { message: '', nickname: '', info: '', accepted: false, atMs: 1, attempts: 0 }
    const [asked, asking, answered, sender, server] = ['1', '2', '3', '4', '5'].map((digit) => digit.repeat(64))
    await store.putContactNote({ ...note, peer: asked!, kind: 'request-out' })
    await store.putContactNote({ ...note, peer: asking!, kind: 'request-in' })
    await store.putContactNote({ ...note, peer: answered!, kind: 'response-out', accepted: true })
    // A refusal, and a yes that was heard, are worth no connection.
    await store.putContactNote({ ...note, peer: '6'.repeat(64), kind: 'response-out' })
    await store.putContactNote({ ...note, peer: '7'.repeat(64), kind: 'response-out', accepted: true, attempts: 1 })
    await store.putFile(fileOf(1n, { peer: sender!, state: 'wanted' }))
    await store.putFile(fileOf(2n, { peer: sender!, state: 'wanted' }))
    await store.putFile(fileOf(3n, { peer: BEN, state: 'known' }))
    await store.putFile(fileOf(4n, { peer: server!, state: 'wanted', server: 'ab'.repeat(32) }))
    await store.enqueue(message(1n))
    await store.enqueue({ ...message(1n), peer: asked! })
    await store.enqueue({ ...message(2n), peer: BEN, state: 'preparing' })
    expect((await store.pendingPeers()).sort()).toEqual([asked, answered, sender, ANN].sort())
  })
})
