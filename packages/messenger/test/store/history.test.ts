import { equalBytes } from '@mimirjs/wire'
import { expect, test } from 'vitest'
import { ANN, BEN, bytes, describeStores, EVE, FILE, fileOf, guids, incoming, message, take, texts } from './support.js'

describeStores((newStore) => {
  test('a removed message is nowhere to be seen, and a repetition of it is still one', async () => {
    const store = newStore()
    const seq = await take(store, incoming(1n))
    await store.handled(seq)
    await store.putFile(fileOf(1n))
    await store.putFile(fileOf(1n, { outgoing: true }))
    await store.enqueue(message(2n))
    expect(await store.remove(ANN, 1n, false)).toBe(true)
    expect(await store.remove(ANN, 1n, false)).toBe(false)
    expect(await store.message(ANN, 1n, false)).toBeUndefined()
    expect(guids(await store.history(ANN, { limit: 10 }))).toEqual([2n])
    expect(await store.search('1', { limit: 10 })).toEqual([])
    expect(await store.file(ANN, false, 1n)).toBeUndefined()
    expect(await store.file(ANN, true, 1n)).toBeDefined()
    expect((await store.counts()).messages).toBe(1)
    expect(await store.receive(incoming(1n))).toBeUndefined()
    expect(await store.receive(incoming(1n, { editTimeMs: 5 }))).toBeUndefined()
    expect(await store.message(ANN, 1n, false)).toBeUndefined()
  })

  test('a removed message has its place still', async () => {
    const store = newStore()
    const seq = await take(store, incoming(1n))
    await store.enqueue(message(1n))
    await store.remove(ANN, 1n, false)
    expect(await store.placeOf(ANN, 1n, false)).toBe(seq)
    expect(await store.placeOf(ANN, 1n, true)).toBe(seq + 1)
    expect(await store.placeOf(ANN, 2n, true)).toBeUndefined()
    expect(await store.placeOf(BEN, 1n, true)).toBeUndefined()
  })

  test('nothing is removed of what is not there', async () => {
    const store = newStore()
    await store.enqueue(message(1n))
    expect(await store.remove(ANN, 1n, false)).toBe(false)
    expect(await store.remove(ANN, 2n, true)).toBe(false)
    expect(await store.remove(BEN, 1n, true)).toBe(false)
    expect(guids(await store.pending(ANN, 10))).toEqual([1n])
    expect((await store.contacts()).map(({ peer }) => peer)).toEqual([ANN])
  })

  test('a removed message is not sent any more, and its id stays taken', async () => {
    const store = newStore()
    await store.enqueue(message(1n))
    await store.enqueue({ ...message(2n), state: 'preparing' }, FILE)
    await store.markRefused(ANN, 1n, 5)
    for (const guid of [1n, 2n]) expect(await store.remove(ANN, guid, true)).toBe(true)
    await store.acceptedBy(ANN)
    expect(await store.pending(ANN, 10)).toEqual([])
    expect(await store.pendingPeers()).toEqual([])
    expect(await store.counts()).toEqual({ undelivered: 0, unhandled: 0, messages: 0 })
    expect(await store.files('preparing')).toEqual([])
    expect(await store.markDelivered(ANN, 1n, 5, 0)).toBe(false)
    await expect(store.enqueue(message(1n))).rejects.toMatchObject({ code: 'store' })
  })

  test('a removed message that was held back is not forgotten with the others', async () => {
    const store = newStore()
    const seq = await take(store, incoming(1n))
    for (const guid of [10n, 11n]) await store.enqueue({ ...message(guid), heldBy: seq })
    await store.remove(ANN, 10n, true)
    await store.discardHeld()
    await expect(store.enqueue({ ...message(10n), heldBy: seq })).rejects.toMatchObject({ code: 'store' })
    await store.enqueue({ ...message(11n), heldBy: seq })
    await store.handled(seq)
    expect(guids(await store.pending(ANN, 10))).toEqual([11n])
  })

  test('a removed unhandled message counts as handled', async () => {
    const store = newStore()
    const first = await take(store, incoming(1n))
    await take(store, incoming(2n))
    await store.enqueue({ ...message(10n), heldBy: first })
    await store.remove(ANN, 1n, false)
    expect((await store.nextUnhandled(ANN))?.guid).toBe(2n)
    expect(guids(await store.pending(ANN, 10))).toEqual([10n])
    await store.enqueue({ ...message(11n), heldBy: first })
    await store.handled(first)
    expect(guids(await store.pending(ANN, 10))).toEqual([10n, 11n])
    expect(await store.counts()).toEqual({ undelivered: 2, unhandled: 1, messages: 3 })
  })

  test('lists conversations, newest first, and counts what is unread', async () => {
    const store = newStore()
    const carl = 'c'.repeat(64)
    await store.putContact(carl, { kind: 'contact', name: 'Carl' })
    await store.putContact(EVE, { nickname: 'a stranger without a word' })
    await store.receive(incoming(1n, { peer: BEN, payload: bytes('from a stranger') }))
    await store.putContact(ANN, { kind: 'contact', name: 'Ann' })
    const first = await take(store, incoming(1n))
    await store.receive(incoming(2n))
    await store.receive(incoming(3n, { messageType: 10, replyTo: 1n }))
    await store.enqueue(message(4n, 'ours'))
    const list = async () =>
      (await store.conversations()).map(({ contact, unread, last }) => [contact.peer, unread, last && texts([last])[0]])
    expect(await list()).toEqual([
      [ANN, 2, 'ours'],
      [BEN, 1, 'from a stranger'],
      [carl, 0, undefined],
    ])
    expect((await store.conversations())[2]?.contact).toEqual(await store.contact(carl))
    await store.markRead(ANN, first)
    expect((await list())[0]).toEqual([ANN, 1, 'ours'])
    await store.remove(ANN, 2n, false)
    await store.remove(ANN, 4n, true)
    expect((await list())[0]).toEqual([ANN, 0, '3'])
    await store.receive(incoming(5n, { peer: BEN }))
    expect((await list()).slice(0, 2)).toEqual([
      [BEN, 2, '5'],
      [ANN, 0, '3'],
    ])
  })

  test('what a handler holds back is not the newest message', async () => {
    const store = newStore()
    const seq = await take(store, incoming(1n))
    await store.enqueue({ ...message(2n), heldBy: seq })
    expect((await store.conversations())[0]?.last?.guid).toBe(1n)
    await store.handled(seq)
    expect((await store.conversations())[0]?.last?.guid).toBe(2n)
  })

  test('read stays read, and what is to come is unread', async () => {
    const store = newStore()
    const seqs = []
    for (const guid of [1n, 2n, 3n]) seqs.push(await take(store, incoming(guid)))
    const unread = async () => (await store.conversations()).map((conversation) => conversation.unread)
    await store.markRead(ANN, seqs[1]!)
    await store.markRead(ANN, seqs[0]!)
    expect(await unread()).toEqual([1])
    await store.markRead(ANN, Number.MAX_SAFE_INTEGER)
    await store.markRead(BEN, 5)
    expect(await unread()).toEqual([0])
    await store.receive(incoming(4n))
    expect(await unread()).toEqual([1])
    expect((await store.contacts()).map(({ peer }) => peer)).toEqual([ANN])
  })

  test('a list of conversations holds no whole files', async () => {
    const store = newStore()
    const payload = new Uint8Array(200_000).fill(65)
    await store.receive(incoming(1n, { messageType: 3, payload }))
    const [conversation] = await store.conversations()
    expect(equalBytes(payload.subarray(0, 65_540), conversation!.last!.payload)).toBe(true)
    expect(equalBytes(payload, (await store.message(ANN, 1n, false))!.payload)).toBe(true)
  })

  test('history and numbers are right in the middle of held and removed messages', async () => {
    const store = newStore()
    const seq = await take(store, incoming(1n))
    for (let guid = 2n; guid <= 9n; guid++) {
      await store.enqueue(guid % 2n === 0n ? { ...message(guid), heldBy: seq } : message(guid))
    }
    await store.remove(ANN, 5n, true)
    const page = await store.history(ANN, { limit: 2 })
    expect(guids(page)).toEqual([9n, 7n])
    expect(guids(await store.history(ANN, { limit: 2, beforeSeq: page[1]!.seq }))).toEqual([3n, 1n])
    expect(await store.counts()).toEqual({ undelivered: 7, unhandled: 1, messages: 4 })
  })
})
