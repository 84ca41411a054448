import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createMemoryStore, Messenger, openSqliteStore } from '../src/index.js'
import { createWorld, newFolder, open } from './support/world.js'

const SOMEBODY = '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c'

async function spentMs(work: Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  await work
  return performance.now() - startMs
}

test('a handler may close its messenger: its message is handled, and its answer on the way', async () => {
  const world = createWorld()
  const [ann, ben] = [await world.person(), await world.person()]
  ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
  await ann.messenger.listen(ann.address)
  ben.messenger.addAddress(ann.messenger.publicKey, ann.address)
  const closed = new Promise<number>((resolve) => {
    ben.messenger.on('message', async (message) => {
      await message.reply('bye')
      resolve(await spentMs(ben.messenger.close({ timeoutMs: 5_000 })))
    })
  })
  await ann.messenger.send(ben.messenger.publicKey, '/stop')
  expect(await closed).toBeLessThan(2_000)
  const { store } = ben.parts
  expect(await store.counts()).toMatchObject({ unhandled: 0, messages: 2 })
})

describe('close ends in time', () => {
  test('with a handler that does not, and connections that owe something', async () => {
    const world = createWorld()
    const [ann, ben] = [await world.person(), await world.person()]
    ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
    const running = new Promise<void>((resolve) => {
      ben.messenger.on('message', () => {
        resolve()
        return new Promise(() => {})
      })
    })
    await ann.messenger.send(ben.messenger.publicKey, 'hello')
    await running
    const ms = await spentMs(ben.messenger.close({ timeoutMs: 300 }))
    expect(ms).toBeGreaterThan(250)
    expect(ms).toBeLessThan(2_000)
    expect((await ben.parts.store.counts()).unhandled).toBe(1)
  })

  test('with a store that never answers', async () => {
    const store = createMemoryStore()
    const { messenger } = await createWorld().person({ store })
    store.enqueue = () => new Promise(() => {})
    void messenger.send(SOMEBODY, 'hello').catch(() => {})
    expect(await spentMs(messenger.close({ timeoutMs: 50 }))).toBeLessThan(2_000)
  })

  test('and not before, however long it is given', async () => {
    const world = createWorld()
    const [ann, ben] = [await world.person(), await world.person()]
    ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
    let finished = false
    const running = new Promise<void>((resolve) => {
      ben.messenger.on('message', async () => {
        resolve()
        await new Promise((done) => setTimeout(done, 100))
        finished = true
      })
    })
    await ann.messenger.send(ben.messenger.publicKey, 'hello')
    await running
    await ben.messenger.close({ timeoutMs: Number.POSITIVE_INFINITY })
    expect(finished).toBe(true)
  })

  test('with a cursor that cannot be stored, and nothing goes on afterwards', async () => {
    const world = createWorld()
    const store = createMemoryStore()
    const [ann, ben] = [await world.person(), await world.person({ store })]
    store.handled = () => Promise.reject(new Error('disk full'))
    const errors: unknown[] = []
    ben.messenger.on('error', (error) => errors.push(error))
    ben.messenger.on('message', () => {})
    ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
    await ann.messenger.whenDelivered(await ann.messenger.send(ben.messenger.publicKey, 'hello'))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await spentMs(ben.messenger.close({ timeoutMs: 3_000 }))).toBeLessThan(2_000)
    const told = errors.length
    expect(told).toBeGreaterThan(0)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(errors).toHaveLength(told)
  })
})

test('what a handler sent before the process died is not sent besides what it sends when it runs again', async () => {
  const folder = newFolder()
  const file = join(folder, 'messenger.sqlite')
  const store = openSqliteStore(file)
  const incoming = { peer: SOMEBODY, guid: 5n, replyTo: 0n, sendTimeMs: 1, editTimeMs: 0, messageType: 0 }
  const received = await store.receive({ ...incoming, payload: Uint8Array.of(65), receivedMs: 1 })
  for (const guid of [100n, 101n]) {
    await store.enqueue({ ...incoming, guid, payload: Uint8Array.of(66), heldBy: received!.message.seq })
  }
  await store.close()
  const bot = await Messenger.open(folder)
  open.push(bot)
  const handled = new Promise<void>((resolve) => {
    bot.on('message', async (message) => {
      await message.reply('the only answer')
      setImmediate(resolve)
    })
  })
  await handled
  await bot.close()
  const after = openSqliteStore(file)
  const rows = await after.history(SOMEBODY, { limit: 10 })
  await after.close()
  expect(rows.filter(({ outgoing }) => outgoing).map(({ payload }) => new TextDecoder().decode(payload))).toEqual([
    'the only answer',
  ])
})

test("errors of the database are this package's own", async () => {
  const folder = newFolder()
  const store = openSqliteStore(join(folder, 'messenger.sqlite'))
  store.pendingPeers = () => Promise.reject(Object.assign(new Error('io'), { name: 'StoreError', code: 'io' }))
  await expect(Messenger.open(folder, { store })).rejects.toMatchObject({ name: 'MessengerError', code: 'store' })
  await expect(Messenger.open(folder, { name: 'x'.repeat(5_000) })).rejects.toMatchObject({ code: 'too-large' })
})
