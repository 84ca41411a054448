import { IDBFactory } from 'fake-indexeddb'
import { afterEach, describe, expect, test } from 'vitest'
import { done } from '../../src/platform/browser/database.js'
import type { Store } from '../../src/store.js'
import { openIndexedDbStore } from '../../src/store-indexeddb.js'
import { ANN, BEN, bytes, guids, incoming, message } from './support.js'

const open: Store[] = []
afterEach(() => Promise.all(open.splice(0).map((store) => store.close())))

/** A disk that can be full, and a browser that can take the database away. */
class Disk {
  readonly indexedDB = new IDBFactory()
  isFull = false
  hasRoomForSnapshots = true
  /** Transactions that wrote one. */
  snapshots = 0
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

  /** The calls that are kept, together as they were made. */
  async batches(): Promise<unknown[]> {
    return (await this.everything()).calls ?? []
  }

  /** By object store. */
  async everything(): Promise<Record<string, unknown[]>> {
    const database = await done(this.indexedDB.open('test'))
    const content = Object.fromEntries(
      await Promise.all(
        [...database.objectStoreNames].map(async (name) => [
          name,
          await done(database.transaction(name).objectStore(name).getAll()),
        ]),
      ),
    )
    database.close()
    return content
  }

  takeAway(): void {
    this.#database?.onclose?.(new Event('close'))
  }

  #break(database: IDBDatabase): void {
    this.#database = database
    const transaction = database.transaction.bind(database)
    database.transaction = (names, mode, options) => {
      const isSnapshot = mode === 'readwrite' && [...names].includes('snapshot')
      if (isSnapshot) this.snapshots++
      const isFull = this.isFull || (isSnapshot && !this.hasRoomForSnapshots)
      if (isFull && mode === 'readwrite') throw new DOMException('the quota is used up', 'QuotaExceededError')
      return transaction(names, mode, options)
    }
  }
}

/** Bytes as the text that they are. */
const asText = (_: string, value: unknown): unknown => {
  if (value instanceof Uint8Array) return new TextDecoder().decode(value)
  return typeof value === 'bigint' ? String(value) : value
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

  test('a disk that is full at the start leaves everything readable', async () => {
    const disk = new Disk()
    const first = disk.open()
    for (let guid = 1n; guid <= 20n; guid++) await first.enqueue(message(guid))
    for (let guid = 1n; guid <= 20n; guid++) await first.markDelivered(ANN, guid, 5, 0)
    await first.close()
    disk.isFull = true
    const store = disk.open(10)
    expect(guids(await store.history(ANN, { limit: 2 }))).toEqual([20n, 19n])
    await expect(store.remove(ANN, 1n, true)).rejects.toMatchObject({ code: 'store' })
    disk.isFull = false
    await store.remove(ANN, 1n, true)
    expect(await store.counts()).toMatchObject({ messages: 19 })
  })

  test('what is kept does not grow with what is done while it is open', async () => {
    const disk = new Disk()
    const store = disk.open(100)
    for (let time = 0; time < 1_000; time++) await store.setSetting('epoch', String(time))
    await store.close()
    expect((await disk.batches()).length).toBeLessThanOrEqual(101)
    expect(disk.snapshots).toBeLessThanOrEqual(10)
    expect(await disk.open().setting('epoch')).toBe('999')
  })

  test('what was deleted leaves the disk with the next snapshot, taken by itself', async () => {
    const disk = new Disk()
    const store = disk.open(4)
    await store.enqueue({ ...message(1n), payload: bytes('a secret') })
    await store.remove(ANN, 1n, true)
    expect(JSON.stringify(await disk.batches(), asText)).toContain('a secret')
    for (let time = 0; time < 3; time++) await store.setSetting('epoch', String(time))
    await store.close()
    expect(JSON.stringify(await disk.everything(), asText)).not.toContain('a secret')
  })

  test('a failed snapshot is tried again later, and loses nothing', async () => {
    const disk = new Disk()
    const store = disk.open(4)
    disk.hasRoomForSnapshots = false
    for (let time = 0; time < 8; time++) await store.setSetting('epoch', String(time))
    expect(await disk.batches()).toHaveLength(8)
    disk.hasRoomForSnapshots = true
    for (let time = 8; time < 10; time++) await store.setSetting('epoch', String(time))
    await store.close()
    expect(await disk.batches()).toHaveLength(0)
    expect(await disk.open().setting('epoch')).toBe('9')
  })

  test('who deletes the database does not wait for us, and we say that it is gone', async () => {
    const disk = new Disk()
    const store = disk.open()
    await store.enqueue(message(1n))
    await new Promise<void>((resolve, reject) => {
      const request = disk.indexedDB.deleteDatabase('test')
      request.onsuccess = () => resolve()
      request.onblocked = () => reject(new Error('blocked'))
    })
    await expect(store.enqueue(message(2n))).rejects.toMatchObject({
      code: 'store',
      message: expect.stringContaining('load the page again'),
    })
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
