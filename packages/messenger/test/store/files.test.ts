import { expect, test } from 'vitest'
import type { FileState } from '../../src/index.js'
import { ANN, BEN, describeStores, FILE, fileOf, guids, message } from './support.js'

describeStores((newStore) => {
  test('keeps a file by peer, direction and message', async () => {
    const store = newStore()
    const key = new Uint8Array(32).fill(7)
    const file = fileOf(1n, { key, server: 'cd'.repeat(32), sizeBytes: Number.MAX_SAFE_INTEGER })
    await store.putFile(file)
    expect(await store.file(ANN, false, 1n)).toEqual(file)
    expect(await store.file(ANN, true, 1n)).toBeUndefined()
    expect(await store.file(BEN, false, 1n)).toBeUndefined()
    const next = fileOf(1n, { name: 'other.bin', state: 'wanted' })
    await store.putFile(next)
    expect(await store.file(ANN, false, 1n)).toEqual(next)
  })

  test('changes only what is given', async () => {
    const store = newStore()
    const file = fileOf(1n, { key: new Uint8Array(32) })
    await store.putFile(file)
    expect(await store.changeFile(ANN, false, 1n, { state: 'wanted', partPath: '/part', doneBytes: 2 })).toBe(true)
    expect(await store.changeFile(ANN, false, 1n, {})).toBe(true)
    expect(await store.file(ANN, false, 1n)).toEqual({ ...file, state: 'wanted', partPath: '/part', doneBytes: 2 })
    await store.changeFile(ANN, false, 1n, { key: undefined })
    expect((await store.file(ANN, false, 1n))?.key).toBeUndefined()
    // What a caller carries along does not move the file to another message.
    await store.changeFile(ANN, false, 1n, { ...fileOf(2n, { peer: BEN, outgoing: true }), state: 'complete' })
    expect((await store.file(ANN, false, 1n))?.state).toBe('complete')
    expect(await store.file(BEN, true, 2n)).toBeUndefined()
    expect(await store.changeFile(ANN, true, 1n, { state: 'failed' })).toBe(false)
    expect(await store.changeFile(BEN, false, 1n, { state: 'failed' })).toBe(false)
    expect((await store.contacts()).map(({ peer }) => peer)).toEqual([ANN])
  })

  test('lists the files of a state in the order in which they came', async () => {
    const store = newStore()
    const states: FileState[] = ['known', 'wanted', 'known', 'complete', 'failed', 'wanted']
    for (const [index, state] of states.entries()) await store.putFile(fileOf(BigInt(index + 1), { state }))
    expect(guids(await store.files('known'))).toEqual([1n, 3n])
    expect(guids(await store.files('wanted'))).toEqual([2n, 6n])
    await store.changeFile(ANN, false, 1n, { state: 'wanted' })
    expect(guids(await store.files('wanted'))).toEqual([1n, 2n, 6n])
    expect(await store.files('offered')).toEqual([])
  })

  test('finds what was announced to a peer, and to nobody else', async () => {
    const store = newStore()
    await store.enqueue(message(1n), FILE)
    await store.enqueue(message(2n), { ...FILE, hash: 'ee'.repeat(32) })
    await store.enqueue({ ...message(3n), peer: BEN }, { ...FILE, name: 'bens' })
    await store.putFile(fileOf(4n, { name: 'incoming' }))
    expect((await store.announcedFile(ANN, FILE.name))?.guid).toBe(2n)
    expect(await store.announcedFile(ANN, 'bens')).toBeUndefined()
    expect(await store.announcedFile(ANN, 'incoming')).toBeUndefined()
    await store.remove(ANN, 2n, true)
    expect((await store.announcedFile(ANN, FILE.name))?.guid).toBe(1n)
  })

  test('a file of a message before takes the place of none', async () => {
    const store = newStore()
    await store.enqueue(message(1n), FILE)
    await expect(store.enqueue(message(1n), { ...FILE, name: 'other' })).rejects.toMatchObject({ code: 'store' })
    expect((await store.file(ANN, true, 1n))?.name).toBe(FILE.name)
  })
})
