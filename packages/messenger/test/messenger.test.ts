import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createSigner, generateSeed } from '@mimirjs/crypto'
import { Transports } from '@mimirjs/transport'
import { tcp } from '@mimirjs/transport/tcp'
import { createClock, faultyStreams } from '@mimirjs/transport/testing'
import { describe, expect, test } from 'vitest'
import { createMemoryStore, type IncomingMessage, Messenger } from '../src/index.js'
import { collect, createWorld, keepOpen, newFolder, open } from './support/world.js'

describe('two people', () => {
  test('a message arrives with its sender, text and id, and is acknowledged', async () => {
    const world = createWorld()
    const [ann, ben] = [await world.person({ name: 'Ann' }), await world.person({ name: 'Ben' })]
    ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
    const arrived = collect(ben.messenger, 1)
    const sent = await ann.messenger.send(ben.messenger.link, 'hello')
    const [message] = await arrived
    expect(message).toMatchObject({
      id: sent.id,
      from: ann.messenger.publicKey,
      kind: 'text',
      text: 'hello',
      replyTo: undefined,
    })
    await ann.messenger.whenDelivered(sent)
    const [entry] = await ann.messenger.history(ben.messenger.publicKey)
    expect(entry).toMatchObject({ id: sent.id, outgoing: true, state: 'delivered', text: 'hello' })
  })

  test('who comes often is let in every time', async () => {
    const world = createWorld()
    // Over TCP everybody on this machine comes from one address.
    const transports = new Transports([tcp()])
    const ben = await world.person({ transports })
    const listening = await ben.messenger.listen('tcp://127.0.0.1:0')
    const store = keepOpen(createMemoryStore())
    const signer = createSigner(generateSeed())
    for (let round = 0; round < 25; round++) {
      const ann = await Messenger.open('unused', { transports, store, signer, retry: { minMs: 60_000 } })
      ann.addAddress(ben.messenger.publicKey, listening)
      await ann.whenDelivered(await ann.send(ben.messenger.publicKey, `login ${round}`))
      await ann.close()
    }
    expect(await ben.messenger.history(signer.publicKey, { limit: 100 })).toHaveLength(25)
  })

  test('answers come back on the same connection, quoting the message', async () => {
    const world = createWorld()
    const [ann, ben] = [await world.person(), await world.person()]
    ben.messenger.on('message', (message) => message.reply(`you said ${message.text}`))
    ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
    const answers = collect(ann.messenger, 3)
    const ids: string[] = []
    for (const text of ['one', 'two', 'three']) ids.push((await ann.messenger.send(ben.messenger.publicKey, text)).id)
    expect((await answers).map(({ text, replyTo }) => [text, replyTo])).toEqual(
      ['one', 'two', 'three'].map((text, index) => [`you said ${text}`, ids[index]]),
    )
  })

  test('names travel, and a name we gave wins', async () => {
    const world = createWorld()
    const [ann, ben] = [await world.person({ name: 'Ann' }), await world.person({ name: 'Ben' })]
    const told = new Promise((resolve) => ben.messenger.on('contact', resolve))
    ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
    await ann.messenger.send(ben.messenger.publicKey, 'hello')
    expect(await told).toMatchObject({ peer: ann.messenger.publicKey, nickname: 'Ann', name: '', kind: 'stranger' })
    await ben.messenger.addContact(ann.messenger.link, { name: 'Annie' })
    const arrived = collect(ben.messenger, 2)
    await ann.messenger.send(ben.messenger.publicKey, 'again')
    expect((await arrived)[1]!.fromName).toBe('Annie')
  })

  test('five hundred messages both ways at once arrive once and in order', async () => {
    const world = createWorld()
    const [ann, ben] = [await world.person(), await world.person()]
    ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
    ben.messenger.addAddress(ann.messenger.publicKey, await ann.messenger.listen(ann.address))
    const texts = Array.from({ length: 500 }, (_, index) => `message ${index}`)
    const [toBen, toAnn] = [collect(ben.messenger, 500), collect(ann.messenger, 500)]
    await Promise.all([
      ...texts.map((text) => ann.messenger.send(ben.messenger.publicKey, text)),
      ...texts.map((text) => ben.messenger.send(ann.messenger.publicKey, text)),
    ])
    expect((await toBen).map(({ text }) => text)).toEqual(texts)
    expect((await toAnn).map(({ text }) => text)).toEqual(texts)
  })

  test('a picture of 5 MiB arrives whole', async () => {
    const world = createWorld()
    const [ann, ben] = [await world.person(), await world.person()]
    ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
    const bytes = new Uint8Array(5_242_880).map((_, index) => index * 31)
    const arrived = collect(ben.messenger, 1)
    await ann.messenger.send(ben.messenger.publicKey, { image: { bytes, name: 'big.png' }, text: 'big' })
    const [message] = await arrived
    expect(message!.file).toMatchObject({ name: 'big.png', damaged: false })
    expect(Buffer.compare(message!.file!.bytes!, bytes)).toBe(0)
  })
})

describe('nothing is lost', () => {
  test('what is sent while the other is away arrives when they come back, in order, once', async () => {
    const world = createWorld()
    const [ann, first] = [await world.person(), await world.person()]
    const store = keepOpen(first.parts.store)
    const ben = first.messenger.publicKey
    ann.messenger.addAddress(ben, first.address)
    const sent = []
    for (let i = 0; i < 20; i++) sent.push(await ann.messenger.send(ben, `early ${i}`))
    await first.messenger.close()
    for (let i = 0; i < 20; i++) sent.push(await ann.messenger.send(ben, `late ${i}`))
    const second = await world.person({ ...first.parts, store })
    const arrived = collect(second.messenger, 40)
    await second.messenger.listen(first.address)
    expect((await arrived).map(({ id }) => id)).toEqual(sent.map(({ id }) => id))
    await Promise.all(sent.map((one) => ann.messenger.whenDelivered(one)))
    expect(await ann.messenger.health()).toMatchObject({ undelivered: 0 })
  })

  test('through a link that cuts every connection after a few messages', async () => {
    const world = createWorld()
    const transports = new Transports([
      faultyStreams(world.network.streams, { splitBytes: 40, cutAfterBytes: 6_000 }, { seed: 7 }),
    ])
    const limits = { signaturesPerMinute: 100_000 }
    const [ann, ben] = [await world.person({ transports, limits }), await world.person({ transports, limits })]
    ben.messenger.on('message', (message) => message.reply(`re ${message.text}`))
    ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
    ben.messenger.addAddress(ann.messenger.publicKey, await ann.messenger.listen(ann.address))
    const answers = collect(ann.messenger, 100)
    for (let i = 0; i < 100; i++) await ann.messenger.send(ben.messenger.publicKey, `message ${i}`)
    expect((await answers).map(({ text }) => text)).toEqual(Array.from({ length: 100 }, (_, i) => `re message ${i}`))
    const [toBen, toAnn] = [
      await ben.messenger.history(ann.messenger.publicKey, { limit: 1000 }),
      await ann.messenger.history(ben.messenger.publicKey, { limit: 1000 }),
    ]
    expect(toBen.filter(({ outgoing }) => !outgoing)).toHaveLength(100)
    expect(toAnn.filter(({ outgoing }) => !outgoing)).toHaveLength(100)
  })

  test('a message without a handler waits for one, across a restart', async () => {
    const world = createWorld()
    const [ann, first] = [await world.person(), await world.person()]
    const store = keepOpen(first.parts.store)
    ann.messenger.addAddress(first.messenger.publicKey, await first.messenger.listen(first.address))
    await ann.messenger.whenDelivered(await ann.messenger.send(first.messenger.publicKey, 'anybody there?'))
    await first.messenger.close()
    const second = await world.person({ ...first.parts, store })
    expect((await collect(second.messenger, 1))[0]!.text).toBe('anybody there?')
  })

  test('an acknowledgement is given only after the store has the message', async () => {
    const world = createWorld()
    const store = createMemoryStore()
    const receive = store.receive.bind(store)
    let refusals = 3
    store.receive = (message) => (refusals-- > 0 ? Promise.reject(new Error('disk full')) : receive(message))
    const [ann, ben] = [await world.person(), await world.person({ store })]
    const errors: string[] = []
    ben.messenger.on('error', ({ code }) => errors.push(code))
    ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
    await ann.messenger.whenDelivered(await ann.messenger.send(ben.messenger.publicKey, 'hello'))
    expect(errors).toEqual(['store', 'store', 'store'])
    expect(await ben.messenger.history(ann.messenger.publicKey)).toHaveLength(1)
  })
})

describe('handlers', () => {
  test('what a handler sends goes out when it has finished, under ids that a second run repeats', async () => {
    const world = createWorld()
    const [ann, first] = [await world.person(), await world.person()]
    const store = keepOpen(first.parts.store)
    const ids: string[] = []
    let started = (): void => {}
    const running = new Promise<void>((resolve) => {
      started = resolve
    })
    first.messenger.on('message', async (message) => {
      ids.push((await message.reply('first try')).id)
      started()
      await new Promise(() => {}) // the process dies in here
    })
    const annAddress = await ann.messenger.listen(ann.address)
    ann.messenger.addAddress(first.messenger.publicKey, await first.messenger.listen(first.address))
    await ann.messenger.whenDelivered(await ann.messenger.send(first.messenger.publicKey, 'hello'))
    await running
    await first.messenger.close({ timeoutMs: 1 })
    expect(await ann.messenger.history(first.messenger.publicKey)).toHaveLength(1)

    const second = await world.person({ ...first.parts, store })
    second.messenger.addAddress(ann.messenger.publicKey, annAddress)
    const answers = collect(ann.messenger, 1)
    second.messenger.on('message', async (message) => ids.push((await message.reply('second try')).id))
    expect((await answers).map(({ text }) => text)).toEqual(['second try'])
    expect(new Set(ids).size).toBe(1)
  })

  test('a reply that comes after its handler has finished goes out all the same', async () => {
    const world = createWorld()
    const [ann, ben] = [await world.person(), await world.person()]
    let late: IncomingMessage | undefined
    ben.messenger.on('message', (message) => {
      late = message
    })
    ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
    const answers = collect(ann.messenger, 1)
    await ann.messenger.whenDelivered(await ann.messenger.send(ben.messenger.publicKey, 'hello'))
    while (late === undefined || (await ben.messenger.health()).unhandled > 0)
      await new Promise((resolve) => setImmediate(resolve))
    await late.reply('better late')
    expect((await answers)[0]!.text).toBe('better late')
  })

  test('a handler that runs while the messenger closes still answers', async () => {
    const world = createWorld()
    const [ann, ben] = [await world.person(), await world.person()]
    const store = keepOpen(ben.parts.store)
    let started = (): void => {}
    const running = new Promise<void>((resolve) => {
      started = resolve
    })
    let finish = (): void => {}
    const closing = new Promise<void>((resolve) => {
      finish = resolve
    })
    ben.messenger.on('message', async (message) => {
      started()
      await closing
      await message.reply('goodbye')
    })
    ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
    await ann.messenger.send(ben.messenger.publicKey, 'hello')
    await running
    const closed = ben.messenger.close()
    finish()
    await closed
    const [reply] = await store.history(ann.messenger.publicKey, { limit: 1 })
    expect(new TextDecoder().decode(reply!.payload)).toBe('goodbye')
    expect((await store.counts()).unhandled).toBe(0)
  })

  test('a listener of errors that throws ends nothing', async () => {
    const world = createWorld()
    const [ann, ben] = [await world.person(), await world.person()]
    ben.messenger.on('error', () => {
      throw new Error('worse')
    })
    ben.messenger.on('message', async (message) => {
      await message.reply('I tried')
      throw new Error('boom')
    })
    ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
    const answers = collect(ann.messenger, 2)
    await ann.messenger.send(ben.messenger.publicKey, 'one')
    await ann.messenger.send(ben.messenger.publicKey, 'two')
    expect(await answers).toHaveLength(2)
  })

  test('a handler that throws is reported, its message is handled and what it sent goes out', async () => {
    const world = createWorld()
    const [ann, ben] = [await world.person(), await world.person()]
    const failed = new Promise<{ code: string }>((resolve) => ben.messenger.on('error', resolve))
    ben.messenger.on('message', async (message) => {
      await message.reply('I tried')
      throw new Error('boom')
    })
    ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
    const answers = collect(ann.messenger, 1)
    await ann.messenger.send(ben.messenger.publicKey, 'hello')
    expect((await answers)[0]!.text).toBe('I tried')
    expect((await failed).code).toBe('handler')
    expect((await ben.messenger.health()).unhandled).toBe(0)
  })

  test('messages as an iterator: the current one is handled when the next is asked for', async () => {
    const world = createWorld()
    const [ann, ben] = [await world.person(), await world.person()]
    ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
    for (const text of ['one', 'two', 'three']) await ann.messenger.send(ben.messenger.publicKey, text)
    const texts: string[] = []
    for await (const message of ben.messenger.messages()) {
      texts.push(message.text)
      if (texts.length === 2) break
    }
    expect(texts).toEqual(['one', 'two'])
    const [last] = await collect(ben.messenger, 1)
    expect(last!.text).toBe('three')
  })

  test('what an iterator never looked at goes to the next handler, from every sender', async () => {
    const world = createWorld()
    const [ann, ben, cat] = [await world.person(), await world.person(), await world.person()]
    const place = await ben.messenger.listen(ben.address)
    const sent = []
    for (const { messenger } of [ann, cat]) {
      messenger.addAddress(ben.messenger.publicKey, place)
      for (let i = 0; i < 3; i++)
        sent.push(messenger.whenDelivered(await messenger.send(ben.messenger.publicKey, `${i}`)))
    }
    await Promise.all(sent)
    const seen: string[] = []
    for await (const { id } of ben.messenger.messages()) {
      seen.push(id)
      break
    }
    await new Promise((resolve) => setImmediate(resolve))
    expect((await ben.messenger.health()).unhandled).toBe(5)
    const rest = await collect(ben.messenger, 5)
    expect(new Set([...seen, ...rest.map(({ id }) => id)]).size).toBe(6)
  })

  test('the iterator ends with its messenger', async () => {
    const { messenger } = await createWorld().person()
    setImmediate(() => void messenger.close())
    for await (const message of messenger.messages()) expect(message).toBeUndefined()
  })

  test('the iterator ends with its signal', async () => {
    const world = createWorld()
    const ben = await world.person()
    const controller = new AbortController()
    setImmediate(() => controller.abort())
    for await (const message of ben.messenger.messages({ signal: controller.signal })) expect(message).toBeUndefined()
  })
})

test('a store that fails for a while delays delivery and loses nothing', async () => {
  const world = createWorld()
  const clock = createClock(1_700_000_000_000)
  const store = createMemoryStore()
  const failing = { pending: 2, markDelivered: 1 }
  const gone = (method: keyof typeof failing): boolean => failing[method]-- > 0
  const [pending, markDelivered] = [store.pending.bind(store), store.markDelivered.bind(store)]
  store.pending = (...args) => (gone('pending') ? Promise.reject(new Error('disk gone')) : pending(...args))
  store.markDelivered = (...args) =>
    gone('markDelivered') ? Promise.reject(new Error('disk gone')) : markDelivered(...args)
  const [ann, ben] = [await world.person({ clock, store }), await world.person()]
  ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
  const sent = await ann.messenger.send(ben.messenger.publicKey, 'hello')
  let delivered = false
  const delivery = ann.messenger.whenDelivered(sent).then(() => {
    delivered = true
  })
  while (!delivered) {
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(250)
  }
  await delivery
  expect(Math.max(failing.pending, failing.markDelivered)).toBeLessThan(0)
  expect(await ben.messenger.history(ann.messenger.publicKey)).toHaveLength(1)
})

test('a message that could not be written for want of memory is no bad message', async () => {
  const world = createWorld()
  const store = createMemoryStore()
  const [ann, ben] = [await world.person({ store }), await world.person()]
  const errors: string[] = []
  ann.messenger.on('error', ({ code }) => errors.push(code))
  const { pending } = store
  let short = true
  store.pending = async (peer, limit) => {
    const rows = await pending.call(store, peer, limit)
    if (!short || limit === 1) return rows
    short = false
    const payload = new Proxy(new Uint8Array(1), {
      get() {
        throw new RangeError('Array buffer allocation failed')
      },
    })
    return rows.map((row) => ({ ...row, payload }))
  }
  ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
  await ann.messenger.whenDelivered(await ann.messenger.send(ben.messenger.publicKey, 'hello'))
  expect(errors).toEqual(['unreachable'])
})

test('close ends with the last acknowledgement, not with its timeout', async () => {
  const world = createWorld()
  // Nobody turns this clock, so no timeout ever comes.
  const clock = createClock(1_700_000_000_000)
  const [ann, ben] = [await world.person({ clock }), await world.person({ clock })]
  ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
  ben.messenger.addAddress(ann.messenger.publicKey, await ann.messenger.listen(ann.address))
  const arrived = [collect(ann.messenger, 40), collect(ben.messenger, 40)]
  for (let i = 0; i < 40; i++) {
    await ann.messenger.send(ben.messenger.publicKey, `to ben ${i}`)
    await ben.messenger.send(ann.messenger.publicKey, `to ann ${i}`)
  }
  await Promise.all(arrived)
  await Promise.all([ann.messenger.close(), ben.messenger.close()])
  expect(await ann.parts.store.counts()).toMatchObject({ undelivered: 0, unhandled: 0 })
})

describe('the caller', () => {
  test.each([['nonsense'], ['00'.repeat(31)], ['ff'.repeat(32)], ['https://example.org/u/x/y']])(
    'learns that %j is nobody',
    async (person) => {
      const { messenger } = await createWorld().person()
      await expect(messenger.send(person, 'hello')).rejects.toMatchObject({ code: 'bad-key' })
    },
  )

  test('learns that their own key is nobody to write to', async () => {
    const { messenger } = await createWorld().person()
    for (const self of [messenger.publicKey, messenger.link]) {
      await expect(messenger.send(self, 'hello')).rejects.toMatchObject({ code: 'bad-key' })
      await expect(messenger.addContact(self)).rejects.toMatchObject({ code: 'bad-key' })
    }
  })

  test('learns that a closed messenger takes nothing', async () => {
    const { messenger } = await createWorld().person()
    const sent = await messenger.send('8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c', 'hello')
    const waiting = expect(messenger.whenDelivered(sent)).rejects.toMatchObject({ code: 'closed' })
    await messenger.close()
    await waiting
    await expect(messenger.send(messenger.publicKey, 'hello')).rejects.toMatchObject({ code: 'closed' })
    await expect(messenger.listen('memory://x')).rejects.toMatchObject({ code: 'closed' })
    const calls = [
      messenger.contacts(),
      messenger.history(sent.to),
      messenger.health(),
      messenger.addContact(sent.to),
      messenger.block(sent.to),
      messenger.whenDelivered(sent),
    ]
    for (const { reason } of (await Promise.allSettled(calls)) as PromiseRejectedResult[]) {
      expect(reason).toMatchObject({ name: 'MessengerError', code: 'closed' })
    }
  })

  test('can stop waiting for a delivery, and ask for one that never was', async () => {
    const { messenger } = await createWorld().person()
    const to = '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c'
    const sent = await messenger.send(to, 'hello')
    const signal = AbortSignal.abort()
    await expect(messenger.whenDelivered(sent, { signal })).rejects.toMatchObject({ code: 'aborted' })
    await expect(messenger.whenDelivered({ id: '7', to })).rejects.toMatchObject({ code: 'unknown-message' })
  })

  test('learns at once when what it cannot announce is not listened on', async () => {
    const world = createWorld()
    const { messenger } = await world.person({
      transports: new Transports([tcp()]),
      trackers: ['udp://127.0.0.1:9'],
      hostAddresses: () => [],
    })
    await expect(messenger.listen('tcp://0.0.0.0:0')).rejects.toMatchObject({ code: 'listen' })
    expect((await messenger.health()).listening).toEqual([])
  })

  test('a message accepted while the messenger closes starts nothing', async () => {
    const { messenger } = await createWorld().person()
    const errors: unknown[] = []
    messenger.on('error', (error) => errors.push(error))
    const accepted = messenger.send('8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c', 'hello')
    await messenger.close()
    await accepted
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(errors).toEqual([])
  })

  test('learns that an address is taken', async () => {
    const world = createWorld()
    const [ann, ben] = [await world.person(), await world.person()]
    await ann.messenger.listen(ann.address)
    await expect(ben.messenger.listen(ann.address)).rejects.toMatchObject({ code: 'listen' })
  })
})

describe('a folder', () => {
  test('is made with those above it, or refused in our own words', async () => {
    const folder = newFolder()
    const deep = await Messenger.open(join(folder, 'a', 'b', 'c'))
    open.push(deep)
    const belowAFile = join(folder, 'a', 'b', 'c', 'identity.key', 'd')
    // Where the system has this place, it makes no folders there.
    for (const nowhere of [belowAFile, existsSync('/proc/self') ? '/proc/no folder' : belowAFile]) {
      await expect(Messenger.open(nowhere)).rejects.toMatchObject({ name: 'MessengerError', code: 'store' })
    }
  })

  test('holds identity, history and settings, for one process at a time', async () => {
    const folder = newFolder()
    const first = await Messenger.open(folder, { name: 'Ann' })
    open.push(first)
    await first.addContact('8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c', { name: 'Ben' })
    await expect(Messenger.open(folder)).rejects.toMatchObject({ code: 'in-use' })
    const { link } = first
    await first.close()
    const second = await Messenger.open(folder)
    open.push(second)
    expect(second.link).toBe(link)
    expect(await second.contacts()).toMatchObject([{ name: 'Ben', kind: 'contact' }])
  })
})
