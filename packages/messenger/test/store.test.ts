import { expect, test } from 'vitest'
import { ANN, BEN, describeStores, guids, message } from './store/support.js'

describeStores((newStore) => {
  test('keeps settings', async () => {
    const store = newStore()
    expect(await store.setting('clientId')).toBeUndefined()
    await store.setSetting('clientId', '7')
    await store.setSetting('clientId', '8')
    expect(await store.setting('clientId')).toBe('8')
  })

  test('keeps contacts and changes only the fields given', async () => {
    const store = newStore()
    await store.putContact(ANN, { name: 'Ann', kind: 'contact' })
    const avatar = new Uint8Array([0xff, 0xd8, 0xff])
    const contact = await store.putContact(ANN, { nickname: 'anna', avatar, infoTimeSeconds: 2n ** 62n })
    expect(contact).toEqual({
      peer: ANN,
      name: 'Ann',
      kind: 'contact',
      nickname: 'anna',
      info: '',
      avatar,
      infoTimeSeconds: 2n ** 62n,
    })
    expect(await store.contact(ANN)).toEqual(contact)
    expect(await store.contacts()).toEqual([contact])
    expect(await store.contact(BEN)).toBeUndefined()
    expect((await store.putContact(ANN, { avatar: undefined })).avatar).toBeUndefined()
  })

  test('gives the outbox back in order of acceptance, until delivered', async () => {
    const store = newStore()
    const sent = [5n, -9_223_372_036_854_775_808n, 9_223_372_036_854_775_807n, 1n]
    await Promise.all(sent.map((guid) => store.enqueue(message(guid))))
    expect(guids(await store.pending(ANN, 10))).toEqual(sent)
    expect(guids(await store.pending(ANN, 2))).toEqual(sent.slice(0, 2))
    expect(await store.pendingPeers()).toEqual([ANN])
    expect(await store.markDelivered(ANN, sent[1]!, 99, 0)).toBe(true)
    expect(await store.markDelivered(ANN, sent[1]!, 100, 0)).toBe(false)
    expect(await store.markDelivered(BEN, sent[0]!, 100, 0)).toBe(false)
    expect(guids(await store.pending(ANN, 10))).toEqual([5n, 9_223_372_036_854_775_807n, 1n])
    const delivered = await store.message(ANN, sent[1]!, true)
    expect(delivered).toMatchObject({ state: 'delivered', settledMs: 99, outgoing: true, peer: ANN })
    expect(await store.counts()).toEqual({ undelivered: 3, unhandled: 0, messages: 4 })
  })

  test('takes a failed message out of the outbox and keeps it in the history', async () => {
    const store = newStore()
    const { seq } = await store.enqueue(message(1n))
    await store.markFailed(seq)
    expect(await store.pending(ANN, 10)).toEqual([])
    expect((await store.history(ANN, { limit: 10 }))[0]).toMatchObject({ guid: 1n, state: 'failed' })
  })

  test('takes each guid of a sender once, whatever it says the second time', async () => {
    const store = newStore()
    const first = await store.receive({ ...message(1n, 'first'), receivedMs: 5 })
    expect(first?.message).toMatchObject({ guid: 1n, state: 'unhandled', outgoing: false, settledMs: 5 })
    expect(first?.edited).toBe(false)
    expect(await store.receive({ ...message(1n, 'second'), receivedMs: 6 })).toBeUndefined()
    expect(await store.receive({ ...message(1n), peer: BEN, receivedMs: 7 })).toBeDefined()
    // The same number in the other direction is another message.
    await store.enqueue(message(1n, 'ours'))
    const texts = (await store.history(ANN, { limit: 9 })).map(({ payload }) => new TextDecoder().decode(payload))
    expect(texts).toEqual(['ours', 'first'])
  })

  test('hands over unhandled messages in order, across restarts of the handler', async () => {
    const store = newStore()
    await store.receive({ ...message(1n), receivedMs: 1 })
    await store.receive({ ...message(2n), receivedMs: 2 })
    const first = (await store.nextUnhandled(ANN))!
    expect(first.guid).toBe(1n)
    expect((await store.nextUnhandled(ANN))!.guid).toBe(1n)
    await store.handled(first.seq)
    const second = (await store.nextUnhandled(ANN))!
    expect(second.guid).toBe(2n)
    expect(await store.unhandledPeers()).toEqual([ANN])
    await store.handled(second.seq)
    expect(await store.nextUnhandled(ANN)).toBeUndefined()
    expect(await store.unhandledPeers()).toEqual([])
  })

  test('holds what a handler sends until the handler has finished', async () => {
    const store = newStore()
    const incoming = (await store.receive({ ...message(1n), receivedMs: 1 }))!.message
    await store.enqueue({ ...message(10n, 'before the crash'), heldBy: incoming.seq })
    expect(await store.pending(ANN, 10)).toEqual([])
    expect(await store.pendingPeers()).toEqual([])
    expect(guids(await store.history(ANN, { limit: 10 }))).toEqual([1n])
    expect((await store.counts()).undelivered).toBe(1)
    // The handler runs again: the same id, perhaps other words, perhaps less of them.
    await store.enqueue({ ...message(12n, 'once is enough'), heldBy: incoming.seq })
    await store.discardHeld()
    expect(await store.counts()).toEqual({ undelivered: 0, unhandled: 1, messages: 1 })
    await store.enqueue({ ...message(10n, 'after the crash'), heldBy: incoming.seq })
    await store.enqueue({ ...message(11n), peer: BEN, heldBy: incoming.seq })
    await store.handled(incoming.seq)
    const [reply] = await store.pending(ANN, 10)
    expect(reply).toMatchObject({ guid: 10n, state: 'stored' })
    expect(new TextDecoder().decode(reply!.payload)).toBe('after the crash')
    expect(await store.pending(ANN, 10)).toHaveLength(1)
    expect(guids(await store.pending(BEN, 10))).toEqual([11n])
  })

  test('holds nothing for a handler that has finished', async () => {
    const store = newStore()
    const incoming = (await store.receive({ ...message(1n), receivedMs: 1 }))!.message
    await store.handled(incoming.seq)
    expect(await store.enqueue({ ...message(10n), heldBy: incoming.seq })).toMatchObject({ state: 'stored' })
    expect(guids(await store.pending(ANN, 10))).toEqual([10n])
  })

  test('refuses a guid that is taken, and what came before and after it stands', async () => {
    const store = newStore()
    const results = await Promise.allSettled([1n, 1n, 2n].map((guid) => store.enqueue(message(guid))))
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect((results[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'store' })
    expect(guids(await store.pending(ANN, 10))).toEqual([1n, 2n])
  })

  test('tells contacts and the blocked from strangers', async () => {
    const store = newStore()
    await store.putContact(ANN, { kind: 'blocked' })
    await store.receive({ ...message(1n), peer: BEN, receivedMs: 1 })
    expect([...(await store.contactKinds())]).toEqual([[ANN, 'blocked']])
    await store.putContact(BEN, { kind: 'contact' })
    await store.putContact(ANN, { kind: 'stranger' })
    expect([...(await store.contactKinds())]).toEqual([[BEN, 'contact']])
  })

  test('pages through the history, newest first', async () => {
    const store = newStore()
    for (let guid = 1n; guid <= 5n; guid++) await store.enqueue(message(guid))
    const page = await store.history(ANN, { limit: 2 })
    expect(guids(page)).toEqual([5n, 4n])
    expect(guids(await store.history(ANN, { limit: 9, beforeSeq: page[1]!.seq }))).toEqual([3n, 2n, 1n])
    expect(await store.history(BEN, { limit: 9 })).toEqual([])
  })

  test('owns its bytes', async () => {
    const store = newStore()
    const outgoing = message(1n, 'unchanged')
    await store.enqueue(outgoing)
    outgoing.payload.fill(0)
    expect(new TextDecoder().decode((await store.pending(ANN, 1))[0]!.payload)).toBe('unchanged')
  })
})
