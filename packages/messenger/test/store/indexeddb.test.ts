import { IDBFactory } from 'fake-indexeddb'
import { afterEach, describe, expect, test } from 'vitest'
import type { Store } from '../../src/store.js'
import { openIndexedDbStore } from '../../src/store-indexeddb.js'
import { ANN, BEN, bytes, guids, incoming, message } from './support.js'

const open: Store[] = []
afterEach(() => Promise.all(open.splice(0).map((store) => store.close())))

/** A disk that can be full, and a browser that can take the database away. */
class Disk {
  readonly indexedDB = new IDBFactory()
  isFull = false
  #database: IDBDatabase | undefined

  open(snapshotCalls?: number): Store {
    const { indexedDB } = this
    const factory = Object.create(indexedDB, {
      open: {
        value: (...args: Parameters<IDBFactory['open']>) => {
          const request = indexedDB.open(...args)
          request.addEventListener('success', () => this.#break(request.result))
          return request
        },
      },
    }) as IDBFactory
    const store = openIndexedDbStore('test', {
      indexedDB: factory,
      ...(snapshotCalls === undefined ? {} : { snapshotCalls }),
    })
    open.push(store)
    return store
  }

  takeAway(): void {
    this.#database?.onclose?.(new Event('close'))
  }

  #break(database: IDBDatabase): void {
    this.#database = database
    const transaction = database.transaction.bind(database)
    database.transaction = (names, mode, options) => {
      if (this.isFull && mode === 'readwrite') throw new DOMException('the quota is used up', 'QuotaExceededError')
      return transaction(names, mode, options)
    }
  }
}

describe('the store in IndexedDB', () => {
  test('a full disk is told, nothing of the step is there, and it goes on when there is room', async () => {
    const disk = new Disk()
    const store = disk.open()
    await store.enqueue(message(1n))
    disk.isFull = true
    await expect(store.enqueue(message(2n))).rejects.toMatchObject({
      code: 'store',
      message: expect.stringContaining('no room left'),
    })
    expect(guids(await store.history(ANN, { limit: 10 }))).toEqual([1n])
    disk.isFull = false
    await store.enqueue(message(2n))
    await store.close()
    expect(guids(await disk.open().history(ANN, { limit: 10 }))).toEqual([2n, 1n])
  })

  test('what was handed over behind a step that failed is not kept either', async () => {
    const disk = new Disk()
    const store = disk.open()
    await store.counts()
    disk.isFull = true
    const results = Promise.allSettled([
      store.receive(incoming(1n)),
      store.receive(incoming(2n)),
      store.receive(incoming(3n, { peer: BEN })),
    ])
    expect((await results).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    disk.isFull = false
    expect(await store.counts()).toMatchObject({ messages: 0 })
  })

  test('bytes are those of the moment of the call', async () => {
    const disk = new Disk()
    const store = disk.open()
    const payload = bytes('before')
    const kept = store.enqueue({ ...message(1n), payload })
    payload.fill(0)
    await kept
    await store.close()
    const [row] = await disk.open().history(ANN, { limit: 1 })
    expect(row?.payload).toEqual(bytes('before'))
  })

  test('a view of a large buffer keeps its own bytes only', async () => {
    const store = new Disk().open()
    const large = new Uint8Array(1_000_000).subarray(10, 20)
    const { payload } = await store.enqueue({ ...message(1n), payload: large })
    expect(payload.buffer.byteLength).toBe(10)
  })

  test('many calls become a snapshot at the next start, and numbers go on behind them', async () => {
    const disk = new Disk()
    const first = disk.open()
    for (let guid = 1n; guid <= 20n; guid++) await first.enqueue(message(guid))
    for (let guid = 1n; guid <= 20n; guid++) await first.markDelivered(ANN, guid, 5, 0)
    await first.remove(ANN, 20n, true)
    await first.close()
    for (let start = 0; start < 3; start++) {
      const store = disk.open(10)
      expect(guids(await store.history(ANN, { limit: 3 }))).toEqual([19n, 18n, 17n])
      await expect(store.enqueue(message(20n))).rejects.toMatchObject({ code: 'store' })
      await store.close()
    }
    const store = disk.open(10)
    expect((await store.enqueue(message(99n))).seq).toBe(21)
  })

  test('when the browser takes the database away, everything asked of it says so', async () => {
    const disk = new Disk()
    const store = disk.open()
    await store.enqueue(message(1n))
    disk.takeAway()
    await expect(store.enqueue(message(2n))).rejects.toMatchObject({
      code: 'store',
      message: expect.stringContaining('load the page again'),
    })
    await expect(store.counts()).rejects.toMatchObject({ code: 'store' })
  })

  test('what was handed over before it is closed is kept, and nothing afterwards', async () => {
    const disk = new Disk()
    const store = disk.open()
    const kept = store.enqueue(message(1n))
    await store.close()
    await kept
    await expect(store.enqueue(message(2n))).rejects.toMatchObject({ code: 'store' })
    expect(guids(await disk.open().history(ANN, { limit: 10 }))).toEqual([1n])
  })

  test('a database that cannot be opened is told by everything', async () => {
    const indexedDB = {
      open: () => {
        throw new DOMException('denied', 'SecurityError')
      },
    } as unknown as IDBFactory
    const store = openIndexedDbStore('test', { indexedDB })
    await expect(store.counts()).rejects.toMatchObject({ code: 'store', message: expect.stringContaining('denied') })
    await expect(store.enqueue(message(1n))).rejects.toMatchObject({ code: 'store' })
    await store.close()
  })
})
