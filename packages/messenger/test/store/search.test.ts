import { encodeAttachmentMetadata } from '@mimirjs/wire/content'
import { joinAttachment } from '@mimirjs/wire/peer'
import { expect, test } from 'vitest'
import { ANN, BEN, bytes, describeStores, guids, incoming, message, take, texts } from './support.js'

describeStores((newStore) => {
  test.each([
    ['straße', 'STRASSE 5'],
    ['ÉCOLE', 'à l’école'],
    ['e\u0301cole', 'École'],
    ['ПРИВЕТ', 'привет, мир'],
    ['οδοσ', 'ΟΔΟΣ'],
    ['οδός', 'ΟΔΌΣ'],
    ['k', '5 \u212a'],
    ['100%_', 'all of it: 100%_'],
    ['😀', 'well 😀'],
    ['ﬁle', 'FILE'],
  ])('finds %s in %s', async (wanted, text) => {
    const store = newStore()
    await store.enqueue(message(1n, text))
    await store.enqueue(message(2n, 'something else'))
    expect(guids(await store.search(wanted, { limit: 10 }))).toEqual([1n])
  })

  test('is newest first, of everybody or of one, and goes on where it stopped', async () => {
    const store = newStore()
    for (let guid = 1n; guid <= 200n; guid++) {
      const text = guid % 20n === 0n ? `needle ${guid}` : 'hay'
      if (guid % 40n === 0n) await store.receive(incoming(guid, { peer: BEN, payload: bytes(text) }))
      else await store.enqueue(message(guid, text))
    }
    const first = await store.search('NEEDLE', { limit: 3 })
    expect(guids(first)).toEqual([200n, 180n, 160n])
    expect(first[0]).toEqual(await store.message(BEN, 200n, false))
    const next = await store.search('needle', { limit: 3, beforeSeq: first[2]!.seq })
    expect(guids(next)).toEqual([140n, 120n, 100n])
    expect(guids(await store.search('needle', { peer: BEN, limit: 9 }))).toEqual([200n, 160n, 120n, 80n, 40n])
    expect(guids(await store.search('needle', { peer: ANN, limit: 9 }))).toEqual([180n, 140n, 100n, 60n, 20n])
    expect(await store.search('nothing', { limit: 9 })).toEqual([])
    expect(await store.search('', { limit: 9 })).toEqual([])
    expect(await store.search('needle', { limit: 0 })).toEqual([])
    expect(await store.search('needle', { peer: 'f'.repeat(64), limit: 9 })).toEqual([])
  })

  test('finds captions, in either form, and nothing else of a file or a reaction', async () => {
    const store = newStore()
    const about = { name: 'needle.png', sizeBytes: 6, hash: 'ab'.repeat(32), originalName: 'needle.png' }
    const inline = joinAttachment({ metadata: { ...about, text: 'A Needle' }, file: bytes('needle') })
    const announced = encodeAttachmentMetadata({ ...about, text: 'a needle' })
    const silent = joinAttachment({ metadata: about, file: bytes('needle') })
    await store.receive(incoming(1n, { messageType: 1, payload: inline }))
    await store.receive(incoming(2n, { messageType: 3, payload: announced }))
    await store.receive(incoming(3n, { messageType: 3, payload: silent }))
    await store.receive(incoming(4n, { messageType: 1, payload: encodeAttachmentMetadata(about) }))
    await store.receive(incoming(5n, { messageType: 10, payload: bytes('{"emoji":"needle","replyTo":1}') }))
    await store.receive(incoming(6n, { messageType: 3, payload: bytes('needle') }))
    await store.receive(incoming(7n, { messageType: 9_999, payload: bytes('needle') }))
    const found = await store.search('needle', { limit: 10 })
    expect(guids(found)).toEqual([2n, 1n])
    expect(found[1]?.payload).toEqual(inline)
  })

  test('finds nothing that is held back, and the end of a very long text', async () => {
    const store = newStore()
    const seq = await take(store, incoming(1n, { payload: bytes(`${'ä'.repeat(500_000)} the END`) }))
    await store.enqueue({ ...message(2n, 'the end'), heldBy: seq })
    expect(guids(await store.search('The End', { limit: 10 }))).toEqual([1n])
  })

  test('takes bytes that are no text for what they are', async () => {
    const store = newStore()
    await store.receive(incoming(1n, { payload: Uint8Array.of(0xff, 0xfe, 0x41, 0, 0x80, 0x42) }))
    await store.receive(incoming(2n, { payload: new Uint8Array(0) }))
    expect(guids(await store.search('a\0', { limit: 10 }))).toEqual([1n])
    expect(texts(await store.search('nothing', { limit: 10 }))).toEqual([])
  })
})
