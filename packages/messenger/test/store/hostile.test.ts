import { equalBytes } from '@mimirjs/wire'
import { expect, test } from 'vitest'
import { ANN, bytes, describeStores, FILE, fileOf, guids, incoming, message, take } from './support.js'

const MIN = -(2n ** 63n)
const MAX = 2n ** 63n - 1n

describeStores((newStore) => {
  test.each([
    ['a\0b', 'a\ufffdb'],
    ['\ud800x', '\ufffdx'],
    ['x\udfff', 'x\ufffd'],
    ["'; DROP TABLE message; --", "'; DROP TABLE message; --"],
    ['../../etc/passwd', '../../etc/passwd'],
    ['', ''],
    ['😀'.repeat(20_000), '😀'.repeat(20_000)],
  ])('a name is a name, case %#', async (name, kept) => {
    const store = newStore()
    await store.enqueue(message(1n), { ...FILE, name, path: name })
    expect(await store.announcedFile(ANN, name)).toMatchObject({ name: kept, path: kept })
    await store.putContactNote({
      peer: ANN,
      kind: 'request-in',
      message: name,
      nickname: name,
      info: name,
      accepted: true,
      atMs: 1,
      attempts: 1,
    })
    expect(await store.contactNotes()).toMatchObject([{ message: kept, nickname: kept, info: kept }])
    expect(await store.putContact(ANN, { nickname: name })).toMatchObject({ nickname: kept })
    await store.setSetting(name, name)
    expect(await store.setting(name)).toBe(kept)
  })

  test.each([MIN, MAX, -1n])('ids are any 64 bits: %d', async (guid) => {
    const store = newStore()
    await store.receive(incoming(guid, { replyTo: guid, sendTimeMs: 2 ** 53 - 1, messageType: -(2 ** 31) }))
    expect(await store.message(ANN, guid, false)).toMatchObject({ guid, replyTo: guid, sendTimeMs: 2 ** 53 - 1 })
    await store.receive(incoming(guid, { editTimeMs: 2 ** 53 - 1, messageType: -(2 ** 31) }))
    await store.putFile(fileOf(guid))
    expect(await store.changeFile(ANN, false, guid, { state: 'wanted' })).toBe(true)
    expect(guids(await store.files('wanted'))).toEqual([guid])
    expect(await store.remove(ANN, guid, false)).toBe(true)
  })

  test.each([
    { guid: 0n },
    { guid: MAX + 1n },
    { replyTo: MIN - 1n },
    { sendTimeMs: 1e300 },
    { sendTimeMs: Number.NaN },
    { editTimeMs: Number.POSITIVE_INFINITY },
    { messageType: 2 ** 60 },
  ])('refuses a number that it could not give back: $guid $replyTo $sendTimeMs $editTimeMs', async (change) => {
    const store = newStore()
    await expect(store.receive(incoming(1n, change))).rejects.toMatchObject({ code: 'store' })
    await expect(store.enqueue({ ...message(1n), ...change }, FILE)).rejects.toMatchObject({ code: 'store' })
    expect(await store.contacts()).toEqual([])
    expect(await store.files('preparing')).toEqual([])
    expect(await store.nextUnhandled(ANN)).toBeUndefined()
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, 1e300, -1e300])(
    'refuses %d wherever a number belongs',
    async (bad) => {
      const store = newStore()
      const refused = { code: 'store' }
      await store.enqueue({ ...message(1n), state: 'preparing' }, FILE)
      await store.enqueue(message(2n))
      await expect(store.enqueue(message(3n), { ...FILE, sizeBytes: bad })).rejects.toMatchObject(refused)
      await expect(store.prepared(ANN, 1n, bytes('x'), { doneBytes: bad })).rejects.toMatchObject(refused)
      await expect(store.edit(ANN, 2n, bytes('x'), bad)).rejects.toMatchObject(refused)
      await expect(store.markDelivered(ANN, 2n, bad, 0)).rejects.toMatchObject(refused)
      await expect(store.markRefused(ANN, 2n, bad)).rejects.toMatchObject(refused)
      await expect(store.receive(incoming(1n, { receivedMs: bad }))).rejects.toMatchObject(refused)
      await expect(store.putFile(fileOf(9n, { sizeBytes: bad }))).rejects.toMatchObject(refused)
      await expect(store.changeFile(ANN, true, 1n, { doneBytes: bad })).rejects.toMatchObject(refused)
      await expect(store.markRead(ANN, bad)).rejects.toMatchObject(refused)
      const note = { message: '', nickname: '', info: '', accepted: false, attempts: 0 }
      await expect(store.putContactNote({ ...note, peer: ANN, kind: 'request-in', atMs: bad })).rejects.toMatchObject(
        refused,
      )
      expect(guids(await store.history(ANN, { limit: 10 }))).toEqual([2n, 1n])
      expect(await store.message(ANN, 2n, true)).toMatchObject({ state: 'stored', editTimeMs: 0, refusedMs: 0 })
      expect(await store.file(ANN, true, 1n)).toMatchObject(FILE)
      expect(await store.contactNotes()).toEqual([])
    },
  )

  test('fractions of clocks are times', async () => {
    const store = newStore()
    await store.receive(incoming(1n, { receivedMs: 1.25 }))
    await store.enqueue(message(2n))
    await store.markRefused(ANN, 2n, 1_000.75)
    expect(await store.pending(ANN, 1, { refusedBeforeMs: 1_000.5 })).toEqual([])
    expect(await store.pending(ANN, 1, { refusedBeforeMs: 1_000.75 })).toHaveLength(1)
    await store.markDelivered(ANN, 2n, 1_001.5, 0)
    expect((await store.history(ANN, { limit: 2 })).map(({ settledMs }) => settledMs)).toEqual([1_001.5, 1.25])
  })

  test('a payload may be empty or large, and is the bytes that were given', async () => {
    const store = newStore()
    const large = new Uint8Array(3_000_000).map((_, index) => index * 31)
    const whole = new Uint8Array(40).fill(9)
    await store.receive(incoming(1n, { payload: new Uint8Array(0) }))
    await store.receive(incoming(2n, { payload: large }))
    await store.receive(incoming(3n, { payload: whole.subarray(8, 12) }))
    const sizes = (await store.history(ANN, { limit: 9 })).map(({ payload }) => payload.length)
    expect(sizes).toEqual([4, 3_000_000, 0])
    expect(equalBytes(large, (await store.message(ANN, 2n, false))!.payload)).toBe(true)
    expect(await store.edit(ANN, 1n, new Uint8Array(0), 1)).toBeUndefined()
    await store.enqueue(message(4n))
    expect((await store.edit(ANN, 4n, new Uint8Array(0), 1))?.payload).toEqual(new Uint8Array(0))
  })

  test('nobody outside changes what is kept', async () => {
    const store = newStore()
    const avatar = Uint8Array.of(1)
    const key = new Uint8Array(32)
    await store.putContact(ANN, { avatar })
    await store.putFile(fileOf(1n, { key }))
    const payload = bytes('edit')
    await take(store, incoming(1n))
    await store.receive(incoming(1n, { payload, editTimeMs: 1 }))
    for (const each of [avatar, key, payload]) each.fill(0xff)
    expect((await store.contact(ANN))?.avatar).toEqual(Uint8Array.of(1))
    expect((await store.file(ANN, false, 1n))?.key).toEqual(new Uint8Array(32))
    expect((await store.message(ANN, 1n, false))?.payload).toEqual(bytes('edit'))
  })
})
