import { expect, test } from 'vitest'
import { ANN, BEN, bytes, describeStores, guids, incoming, message, take, texts } from './support.js'

const SENT_MS = 1_700_000_000_000
const target = 77n

function reaction(guid: bigint, emoji: string, sendTimeMs: number, change: object = {}) {
  const payload = bytes(`{"emoji":"${emoji}","replyTo":77}`)
  return incoming(guid, { messageType: 10, replyTo: target, payload, sendTimeMs, ...change })
}

describeStores((newStore) => {
  test('a later edit replaces the text, whatever was done with the message', async () => {
    const store = newStore()
    const seq = await take(store, incoming(1n, { payload: bytes('first') }))
    await store.handled(seq)
    const edited = await store.receive(incoming(1n, { payload: bytes('second'), editTimeMs: 5, receivedMs: 9 }))
    expect(edited).toMatchObject({ edited: true, message: { seq, state: 'handled', editTimeMs: 5, settledMs: 1 } })
    expect(await store.message(ANN, 1n, false)).toEqual(edited?.message)
    // Neither a repetition of it, nor an older one, nor the message itself changes anything.
    for (const editTimeMs of [5, 4, 0]) {
      expect(await store.receive(incoming(1n, { payload: bytes('third'), editTimeMs }))).toBeUndefined()
    }
    expect(texts(await store.history(ANN, { limit: 10 }))).toEqual(['second'])
    expect(await store.nextUnhandled(ANN)).toBeUndefined()
  })

  test('an edit that comes before its message is the message', async () => {
    const store = newStore()
    const received = await store.receive(incoming(1n, { payload: bytes('edited'), editTimeMs: 5 }))
    expect(received).toMatchObject({ edited: false, message: { editTimeMs: 5, state: 'unhandled' } })
    expect(await store.receive(incoming(1n))).toBeUndefined()
    expect(texts(await store.history(ANN, { limit: 10 }))).toEqual(['edited'])
  })

  test('nobody edits the messages of others, nor makes another kind of message of his own', async () => {
    const store = newStore()
    await store.receive(incoming(1n))
    await store.enqueue(message(2n))
    await store.receive(incoming(1n, { peer: BEN, editTimeMs: 5, payload: bytes('from Ben') }))
    await store.receive(incoming(2n, { editTimeMs: 5, payload: bytes('as ours') }))
    expect(await store.receive(incoming(1n, { editTimeMs: 5, messageType: 3 }))).toBeUndefined()
    expect(texts(await store.history(ANN, { limit: 10 }))).toEqual(['as ours', '2', '1'])
    expect(texts(await store.history(BEN, { limit: 10 }))).toEqual(['from Ben'])
  })

  test.each([0, 1, 1_999, 2_000, -2_000])('a reaction sent again %d ms later is one', async (laterMs) => {
    const store = newStore()
    await store.receive(reaction(1n, '👍', SENT_MS))
    expect(await store.receive(reaction(2n, '👍', SENT_MS + laterMs))).toBeUndefined()
    expect(guids(await store.history(ANN, { limit: 10 }))).toEqual([1n])
    // It is repeated when the acknowledgement was lost.
    expect(await store.receive(reaction(2n, '👍', SENT_MS + laterMs))).toBeUndefined()
    expect((await store.counts()).messages).toBe(1)
  })

  test('reactions that differ in time, emoji, target or sender stay apart; so do equal texts', async () => {
    const store = newStore()
    await store.receive(reaction(1n, '👍', SENT_MS))
    await take(store, reaction(2n, '👍', SENT_MS + 2_001))
    await take(store, reaction(3n, '👎', SENT_MS))
    await take(store, reaction(4n, '👍', SENT_MS, { replyTo: 78n }))
    await take(store, reaction(5n, '👍', SENT_MS, { peer: BEN }))
    await take(store, incoming(6n, { payload: bytes('yes') }))
    await take(store, incoming(7n, { payload: bytes('yes') }))
    await store.enqueue({ ...message(8n), messageType: 10, replyTo: target, payload: reaction(8n, '👏', 0).payload })
    await take(store, reaction(8n, '👏', message(8n).sendTimeMs))
  })

  test('a reaction that was taken back in between counts again', async () => {
    const store = newStore()
    await take(store, reaction(1n, '👍', SENT_MS))
    await take(store, reaction(2n, '', SENT_MS + 400))
    await take(store, reaction(3n, '👍', SENT_MS + 800))
    expect(await store.receive(reaction(4n, '👍', SENT_MS + 900))).toBeUndefined()
  })

  test('a flood of reactions is kept as it is, in time', async () => {
    const store = newStore()
    const flood = Array.from({ length: 3_000 }, (_, index) => reaction(BigInt(index + 1), `${index % 150}`, SENT_MS))
    const results = await Promise.all(flood.map((message) => store.receive(message)))
    // The first hundred and one are compared with all before them; none of these is a double.
    expect(results.filter((received) => received === undefined)).toEqual([])
  })

  test('behind a message that cannot be stored none of that sender is', async () => {
    const store = newStore()
    const results = await Promise.allSettled([
      store.receive(incoming(1n, { sendTimeMs: Number.NaN })),
      store.receive(incoming(2n)),
      store.receive(incoming(3n, { peer: BEN })),
    ])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
    await take(store, incoming(1n))
    await take(store, incoming(2n))
    expect(guids(await store.history(ANN, { limit: 10 }))).toEqual([2n, 1n])
  })
})
