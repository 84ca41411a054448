import { createRandom, type Random } from '@mimirjs/transport/testing'
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, describe, expect, test } from 'vitest'
import type { MessengerError } from '../../src/error.js'
import { done } from '../../src/platform/browser/database.js'
import type { Store } from '../../src/store.js'
import { openIndexedDbStore } from '../../src/store-indexeddb.js'
import { ANN, BEN, bytes, guids, incoming, message, take } from './support.js'

const open: Store[] = []
afterEach(() => Promise.all(open.splice(0).map((store) => store.close())))

/** A disk that can be full, and a browser that can take the database away. */
class Disk {
  readonly indexedDB = new IDBFactory()
  isFull = false
  /** Not even deleting works. */
  isStuck = false
  /** Databases that are open. */
  connections = 0
  hasRoomForSnapshots = true
  /** Transactions that wrote one. */
  snapshots = 0
  readonly errors: MessengerError[] = []
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
      onError: (error) => this.errors.push(error),
      ...(snapshotCalls === undefined ? {} : { snapshotCalls }),
    })
    open.push(store)
    return store
  }

  /** The calls that are kept, together as they were made. */
  async batches(): Promise<unknown[]> {
    const entries = ((await this.everything()).calls ?? []) as { calls: unknown[] }[]
    return entries.map(({ calls }) => calls).filter((calls) => calls.length > 0)
  }

  /** Change by hand what is kept of the calls. */
  async change(work: (calls: IDBObjectStore) => void): Promise<void> {
    const database = await done(this.indexedDB.open('test'))
    const transaction = database.transaction('calls', 'readwrite')
    work(transaction.objectStore('calls'))
    await new Promise((resolve) => transaction.addEventListener('complete', resolve))
    database.close()
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
    this.connections++
    const close = database.close.bind(database)
    database.close = () => {
      this.connections--
      close()
    }
    const transaction = database.transaction.bind(database)
    database.transaction = (names, mode, options) => {
      const isSnapshot = mode === 'readwrite' && [...names].includes('snapshot')
      if (isSnapshot) this.snapshots++
      const begun = transaction(names, mode, options)
      const storeOf = begun.objectStore.bind(begun)
      begun.objectStore = (name) => {
        const store = storeOf(name)
        for (const method of ['add', 'put'] as const) {
          const write = store[method].bind(store)
          store[method] = (...values) => {
            if (this.isFull || (isSnapshot && !this.hasRoomForSnapshots)) throw full()
            return write(...values)
          }
        }
        const remove = store.delete.bind(store)
        store.delete = (key) => {
          if (this.isStuck) throw full()
          return remove(key)
        }
        return store
      }
      return begun
    }
  }
}

const full = (): DOMException => new DOMException('the quota is used up', 'QuotaExceededError')

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

  test('what a handler held back is gone at the start also where there is no room, and stays so', async () => {
    const disk = new Disk()
    const first = disk.open()
    const seq = await take(first, incoming(1n))
    await first.enqueue({ ...message(10n), heldBy: seq })
    await first.close()
    disk.isFull = true
    const store = disk.open()
    await store.discardHeld()
    expect(guids(await store.history(ANN, { limit: 9 }))).toEqual([1n])
    await expect(store.handled(seq)).rejects.toMatchObject({ code: 'store' })
    disk.isFull = false
    await store.handled(seq)
    expect(await store.pending(ANN, 9)).toEqual([])
    await store.close()
    expect(await disk.open().pending(ANN, 9)).toEqual([])
  })

  test('no value of a snapshot is larger than browsers take', async () => {
    const disk = new Disk()
    const store = disk.open(10)
    const payload = new Uint8Array(1_048_576)
    for (let guid = 1n; guid <= 12n; guid++) await store.enqueue({ ...message(guid), payload })
    await store.setSetting('a', 'b')
    await store.close()
    const packets = (await disk.everything()).rows as unknown[][]
    expect(packets.map((rows) => rows.length)).toEqual([8, 4])
    expect(guids(await disk.open().history(ANN, { limit: 2 }))).toEqual([12n, 11n])
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
    expect(disk.errors).toEqual([
      expect.objectContaining({ code: 'store', message: expect.stringMatching(/no snapshot.*no room left/) }),
    ])
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

/** One of what a messenger may ask for, of few messages, so that much of it fails. */
function anyChange(store: Store, random: Random): Promise<unknown> {
  const guid = BigInt(random.integer(30))
  const peer = random.integer(2) === 0 ? ANN : BEN
  const changes = [
    () => store.enqueue({ ...message(guid), peer }),
    () => store.enqueue({ ...message(guid), peer, heldBy: random.integer(40) }),
    () => store.receive(incoming(guid, { peer, editTimeMs: random.integer(3), messageType: random.integer(6) })),
    () => store.handled(random.integer(60)),
    () => store.remove(peer, guid, random.integer(2) === 0),
    () => store.markDelivered(peer, guid, 5, 0),
    () => store.discardHeld(),
    () => store.edit(peer, guid, bytes(`edited ${guid}`), 7),
  ]
  return changes[random.integer(changes.length)]!()
}

async function all(store: Store): Promise<unknown[]> {
  const ofPeers = [ANN, BEN].map((peer) =>
    Promise.all([store.history(peer, { limit: 999 }), store.pending(peer, 999), store.nextUnhandled(peer)]),
  )
  return [await store.counts(), ...(await Promise.all(ofPeers))]
}

test.each([1, 2, 3, 4, 5])('whatever was done, together or not, it opens as it was (seed %i)', async (seed) => {
  const random = createRandom(seed)
  const disk = new Disk()
  for (let start = 0; start < 12; start++) {
    disk.isFull = random.integer(4) === 0
    const store = disk.open(random.integer(60))
    await store.discardHeld()
    for (let step = 0; step < 10; step++) {
      await Promise.allSettled(Array.from({ length: random.integer(6) }, () => anyChange(store, random)))
      if (random.integer(8) === 0) disk.isFull = !disk.isFull
    }
    disk.isFull = false
    await store.discardHeld()
    const before = await all(store)
    await store.close()
    const again = disk.open()
    expect(await all(again)).toEqual(before)
    await again.close()
  }
})

/** A store that has kept something. */
async function begun(disk: Disk): Promise<Store> {
  const store = disk.open()
  await store.enqueue(message(1n))
  return store
}

describe('two pages that no lock keeps apart', () => {
  test('do not mix: the one that opened it last goes on, the other is told', async () => {
    const disk = new Disk()
    const one = disk.open(10)
    const seq = await take(one, incoming(1n))
    const two = disk.open(10)
    await two.counts()
    await expect(one.receive(incoming(2n))).rejects.toMatchObject({
      code: 'in-use',
      message: expect.stringContaining('another page'),
    })
    await expect(one.handled(seq)).rejects.toMatchObject({ code: 'in-use' })
    await expect(one.counts()).rejects.toMatchObject({ code: 'in-use' })
    expect((await two.nextUnhandled(ANN))?.guid).toBe(1n)
    for (let guid = 101n; guid <= 111n; guid++) await two.enqueue(message(guid))
    await two.close()
    expect(await disk.open().counts()).toMatchObject({ messages: 12, unhandled: 1 })
  })

  test('and the other takes no snapshot in its place', async () => {
    const disk = new Disk()
    const one = disk.open(0)
    await one.setSetting('a', 'first')
    const two = disk.open()
    await two.setSetting('a', 'second')
    const kept = await disk.everything()
    await expect(one.setSetting('a', 'third')).rejects.toMatchObject({ code: 'in-use' })
    expect(await disk.everything()).toEqual(kept)
  })

  test('do not mix where there is no room to say which was the last', async () => {
    const disk = new Disk()
    const one = disk.open()
    await one.enqueue(message(1n))
    disk.isFull = true
    const two = disk.open()
    expect(await two.counts()).toMatchObject({ messages: 1 })
    disk.isFull = false
    await two.enqueue(message(2n))
    await expect(one.enqueue(message(3n))).rejects.toMatchObject({ message: expect.stringContaining('another page') })
  })

  test('do not mix where there was no room for either to say so: the first that changes something goes on', async () => {
    const disk = new Disk()
    await (await begun(disk)).close()
    disk.isFull = true
    const [one, two] = [disk.open(), disk.open()]
    await Promise.all([one.counts(), two.counts()])
    disk.isFull = false
    await one.enqueue(message(2n))
    await expect(two.enqueue(message(3n))).rejects.toMatchObject({ code: 'in-use' })
    await one.enqueue(message(4n))
    await one.close()
    expect(guids(await disk.open().history(ANN, { limit: 9 }))).toEqual([4n, 2n, 1n])
  })

  test('are not mistaken for two where there is only one, and nothing can be written', async () => {
    const disk = new Disk()
    await (await begun(disk)).close()
    disk.isFull = disk.isStuck = true
    const store = disk.open()
    await store.discardHeld()
    await expect(store.enqueue(message(2n))).rejects.toMatchObject({ message: expect.stringContaining('no room left') })
    expect(guids(await store.history(ANN, { limit: 9 }))).toEqual([1n])
    disk.isFull = disk.isStuck = false
    await store.enqueue(message(2n))
    const next = disk.open()
    expect(guids(await next.history(ANN, { limit: 9 }))).toEqual([2n, 1n])
    await expect(store.enqueue(message(3n))).rejects.toMatchObject({ code: 'in-use' })
  })

  test('close the database in the end, each its own', async () => {
    const disk = new Disk()
    const one = await begun(disk)
    const two = disk.open()
    await two.counts()
    await expect(one.enqueue(message(2n))).rejects.toMatchObject({ code: 'in-use' })
    expect(disk.connections).toBe(2)
    await Promise.all([one.close(), one.close(), two.close()])
    expect(disk.connections).toBe(0)
  })
})

describe('what another version of the program wrote', () => {
  const refused = { code: 'store', message: expect.stringContaining('another version') }

  /** Two that succeeded, one that failed, and one that succeeded, each by itself. */
  async function written(): Promise<Disk> {
    const disk = new Disk()
    const store = disk.open()
    await store.enqueue(message(1n))
    await store.enqueue(message(2n))
    await expect(store.enqueue(message(2n))).rejects.toMatchObject({ code: 'store' })
    await store.enqueue(message(3n))
    await store.close()
    return disk
  }

  /** Put another message into the call of this number, which stands for another rule for the same one. */
  async function replaceCall(disk: Disk, number: number, guid: bigint): Promise<void> {
    await disk.change((calls) => {
      const cursor = calls.openCursor()
      let left = number
      cursor.onsuccess = () => {
        const found = cursor.result
        if (!found) return
        const entry = found.value as { calls: unknown[] }
        if (entry.calls.length > 0 && left-- === 0)
          found.update({ ...entry, calls: [{ method: 'enqueue', args: [message(guid)] }] })
        found.continue()
      }
    })
  }

  test.each([
    ['one that succeeded fails', 0, 2n ** 70n],
    ['one that failed succeeds', 2, 4n],
    ['the last one fails', 3, 2n ** 70n],
  ])('is refused when this one takes it otherwise, and stays: %s', async (_, number, guid) => {
    const disk = await written()
    await replaceCall(disk, number, guid)
    const { calls } = await disk.everything()
    const store = disk.open(0)
    await expect(store.counts()).rejects.toMatchObject(refused)
    await expect(store.setSetting('a', 'b')).rejects.toMatchObject(refused)
    await store.close()
    expect((await disk.everything()).calls).toEqual(calls)
  })

  test('is refused when there is a call that this one does not know, and stays', async () => {
    const disk = await written()
    await disk.change((calls) => calls.add({ calls: [{ method: 'enqueueAll', args: [] }] }))
    const { calls } = await disk.everything()
    await expect(disk.open(0).counts()).rejects.toMatchObject(refused)
    expect((await disk.everything()).calls).toEqual(calls)
  })

  test('is read when it ended before it wrote down what came of the last call', async () => {
    const disk = await written()
    await disk.change((calls) => {
      const last = calls.openCursor(null, 'prev')
      last.onsuccess = () => last.result?.delete()
    })
    expect(await disk.batches()).toHaveLength(4)
    const store = disk.open()
    await store.enqueue(message(4n))
    await store.close()
    expect(guids(await disk.open().history(ANN, { limit: 9 }))).toEqual([4n, 3n, 2n, 1n])
  })

  test('is read when it is of the first version, and goes on', async () => {
    const disk = new Disk()
    const opening = disk.indexedDB.open('test', 1)
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore('calls', { autoIncrement: true })
      opening.result.createObjectStore('snapshot')
      opening.result.createObjectStore('rows')
    }
    ;(await done(opening)).close()
    const call = (guid: bigint): unknown => ({ method: 'enqueue', args: [message(guid)] })
    await disk.change((calls) => {
      calls.add([call(1n), call(1n)])
      calls.add([call(2n)])
    })
    const store = disk.open()
    expect((await store.enqueue(message(3n))).seq).toBe(3)
    await store.close()
    expect(guids(await disk.open().history(ANN, { limit: 9 }))).toEqual([3n, 2n, 1n])
  })

  test('is refused when it is of a version to come, and stays', async () => {
    const disk = await written()
    ;(await done(disk.indexedDB.open('test', 99))).close()
    const kept = await disk.everything()
    const store = disk.open(0)
    await expect(store.counts()).rejects.toMatchObject({ code: 'store', message: expect.stringContaining('newer') })
    expect(await disk.everything()).toEqual(kept)
  })
})
