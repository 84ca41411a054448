import { TransportError, Transports } from '@mimirjs/transport'
import { describe, expect, test } from 'vitest'
import { createMemoryStore, type MessengerError, type MessengerOptions } from '../src/index.js'
import { collect, createWorld, keepOpen } from './support/world.js'

describe('who may write', () => {
  test('a blocked person gets nothing through, in either direction', async () => {
    const world = createWorld()
    const [ann, ben] = [await world.person(), await world.person()]
    const waiting = new Promise<void>((resolve) =>
      ann.messenger.on('state', ({ state }) => state === 'waiting' && resolve()),
    )
    await ben.messenger.block(ann.messenger.publicKey)
    ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
    await ann.messenger.send(ben.messenger.publicKey, 'hello')
    await waiting
    expect(await ben.messenger.history(ann.messenger.publicKey)).toEqual([])
    expect((await ann.messenger.health()).undelivered).toBe(1)
  })

  test('who is blocked is not sent to and not dialled, until that is undone', async () => {
    const world = createWorld()
    const [ann, ben] = [await world.person(), await world.person()]
    const to = ben.messenger.publicKey
    const states: string[] = []
    ann.messenger.on('state', ({ state }) => states.push(state))
    const waiting = new Promise<void>((resolve) => {
      ann.messenger.on('state', ({ state }) => state === 'waiting' && resolve())
    })
    const sent = await ann.messenger.send(to, 'hello')
    await waiting
    await ann.messenger.block(to)
    await expect(ann.messenger.send(to, 'again')).rejects.toMatchObject({ code: 'blocked', blame: 'local' })
    states.length = 0
    ann.messenger.addAddress(to, await ben.messenger.listen(ben.address))
    ann.messenger.retryNow()
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(states).toEqual([])
    await ann.messenger.addContact(to)
    await ann.messenger.whenDelivered(sent)
  })

  test('what waits for a blocked person waits across a restart', async () => {
    const world = createWorld()
    const [ann, ben] = [await world.person({ store: keepOpen(createMemoryStore()) }), await world.person()]
    const sent = await ann.messenger.send(ben.messenger.publicKey, 'hello')
    await ann.messenger.block(ben.messenger.publicKey)
    await ann.messenger.close()
    const again = await world.person(ann.parts)
    const states: string[] = []
    again.messenger.on('state', ({ state }) => states.push(state))
    again.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(states).toEqual([])
    await again.messenger.addContact(ben.messenger.publicKey)
    await again.messenger.whenDelivered(sent)
  })

  test('with contacts only, a stranger waits until they are written down', async () => {
    const world = createWorld()
    const [ann, ben] = [await world.person(), await world.person({ acceptFrom: 'contacts' })]
    const waiting = new Promise<void>((resolve) =>
      ann.messenger.on('state', ({ state }) => state === 'waiting' && resolve()),
    )
    ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
    const sent = await ann.messenger.send(ben.messenger.publicKey, 'hello')
    await waiting
    await ben.messenger.addContact(ann.messenger.publicKey)
    await ann.messenger.whenDelivered(sent)
  })

  test('with contacts only, whom we write to ourselves may answer on that connection', async () => {
    const world = createWorld()
    const [ann, ben] = [await world.person({ acceptFrom: 'contacts' }), await world.person()]
    ben.messenger.on('message', (message) => message.reply('yes'))
    ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
    const answer = collect(ann.messenger, 1)
    await ann.messenger.send(ben.messenger.publicKey, 'are you there?')
    expect(await answer).toMatchObject([{ text: 'yes' }])
  })

  test('a policy that throws refuses, and ends nothing', async () => {
    const world = createWorld()
    let asked = 0
    const acceptFrom: MessengerOptions['acceptFrom'] = () => {
      asked++
      if (asked < 3) throw new Error('the list is not loaded yet')
      return true
    }
    const [ann, ben] = [await world.person(), await world.person({ acceptFrom })]
    ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
    await ann.messenger.whenDelivered(await ann.messenger.send(ben.messenger.publicKey, 'hello'))
    expect(asked).toBe(3)
  })

  test('what a person sent before they were blocked stays unhandled until that is undone', async () => {
    const world = createWorld()
    const [ann, ben] = [await world.person(), await world.person()]
    ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
    for (const text of ['1', '2', '3']) {
      await ann.messenger.whenDelivered(await ann.messenger.send(ben.messenger.publicKey, text))
    }
    const seen: string[] = []
    ben.messenger.on('message', async ({ from, text }) => {
      seen.push(text)
      await ben.messenger.block(from)
    })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(seen).toEqual(['1'])
    await ben.messenger.addContact(ann.messenger.publicKey)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(seen).toEqual(['1', '2'])
  })

  test('strangers are not kept with their pictures; contacts are', async () => {
    const world = createWorld()
    const [ann, ben] = [await world.person({ name: 'Ann' }), await world.person()]
    const told = () => new Promise((resolve) => ben.messenger.on('contact', resolve))
    ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
    const asStranger = told()
    await ann.messenger.send(ben.messenger.publicKey, 'hello')
    expect(await asStranger).toMatchObject({ kind: 'stranger', nickname: 'Ann', infoTimeSeconds: 0n })
  })
})

describe('the failure of a listener', () => {
  test('is told, and it is listened no more', async () => {
    const world = createWorld()
    const { streams } = world.network
    let fail: ((error: Error) => void) | undefined
    const { messenger } = await world.person({
      transports: new Transports([
        {
          scheme: 'memory',
          dial: (address, options) => streams.dial(address, options),
          listen: (address, options) => {
            fail = (error) => options.onError?.(new TransportError('io', error.message, { cause: error }))
            return streams.listen(address, options)
          },
        },
      ]),
    })
    const told = new Promise<MessengerError>((resolve) => messenger.on('error', resolve))
    await messenger.listen('memory://here')
    expect((await messenger.health()).listening).toEqual(['memory://here'])
    fail!(new Error('the interface is gone'))
    expect(await told).toMatchObject({ code: 'listen', message: expect.stringMatching(/memory:\/\/here/) })
    expect((await messenger.health()).listening).toEqual([])
  })
})
