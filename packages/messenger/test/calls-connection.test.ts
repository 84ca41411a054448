import { describe, expect, test } from 'vitest'
import type { Call } from '../src/index.js'
import { createMemoryStore } from '../src/index.js'
import { CALL_GENERATIONS, createCallWorld, exchange, isPending, ringing, talking, until } from './support/calls.js'
import { keepOpen } from './support/world.js'

describe.each(CALL_GENERATIONS)('the connection ends, %s', (generation) => {
  test('while they talk: the caller comes back and the talk goes on', async () => {
    const world = await createCallWorld(generation)
    const { ben, proxy, outgoing, incoming } = await talking(world, { through: true })
    proxy?.cut()
    await world.pass(1_000)
    expect([outgoing.state, incoming.state]).toEqual(['talking', 'talking'])
    expect(await exchange(outgoing, incoming)).toBe(true)
    expect(ben.incoming).toHaveLength(1)
    await world.pass(70_000)
    expect([outgoing.state, incoming.state]).toEqual(['talking', 'talking'])
    incoming.hangUp()
    expect(await outgoing.ended).toEqual({ reason: 'hung-up' })
  })

  test('while it rings: it rings on', async () => {
    const world = await createCallWorld(generation)
    const { ben, proxy, outgoing, incoming } = await ringing(world, { through: true })
    proxy?.cut()
    await world.pass(6_000)
    expect([outgoing.state, incoming.state]).toEqual(['ringing', 'ringing'])
    expect(ben.incoming).toHaveLength(1)
    incoming.accept()
    expect(await outgoing.answered).toBe(true)
    expect(await exchange(outgoing, incoming)).toBe(true)
  })

  test('and another of the two is there: the call moves to it', async () => {
    const world = await createCallWorld(generation)
    const { ann, ben, proxy, outgoing, incoming } = await talking(world, { through: true })
    await proxy?.close()
    ben.messenger.addAddress(ann.key, ann.address)
    await ben.messenger.send(ann.key, 'a connection the other way')
    await world.pass(4_000)
    expect([outgoing.state, incoming.state]).toEqual(['talking', 'talking'])
    expect(await exchange(outgoing, incoming)).toBe(true)
  })

  test('and nothing takes its place within 5 s: lost', async () => {
    const world = await createCallWorld(generation)
    const { proxy, outgoing, incoming } = await talking(world, { through: true })
    await proxy?.close()
    await world.pass(4_900)
    expect([outgoing.state, incoming.state]).toEqual(['talking', 'talking'])
    expect([outgoing.send(new Uint8Array(1)), outgoing.stats.droppedOut]).toEqual([false, 1])
    await world.pass(100)
    expect(await Promise.all([outgoing.ended, incoming.ended])).toEqual([{ reason: 'lost' }, { reason: 'lost' }])
  })

  test('and nothing takes its place while it rings: lost, and missed', async () => {
    const world = await createCallWorld(generation)
    const { ben, proxy, outgoing, incoming } = await ringing(world, { through: true })
    const missed = new Promise((resolve) => ben.messenger.on('missedCall', resolve))
    await proxy?.close()
    await world.pass(5_000)
    expect(await Promise.all([outgoing.ended, incoming.ended])).toEqual([{ reason: 'lost' }, { reason: 'lost' }])
    expect(await missed).toMatchObject({ peer: outgoing.peer === ben.key ? incoming.peer : '' })
  })

  test('accepted in between: they talk when the caller is back', async () => {
    const world = await createCallWorld(generation)
    const { proxy, outgoing, incoming } = await ringing(world, { through: true })
    proxy?.cut()
    await until(() => proxy?.streams === 0)
    incoming.accept()
    await world.pass(1_000)
    expect(await outgoing.answered).toBe(true)
    expect(await exchange(outgoing, incoming)).toBe(true)
  })

  test.each([
    ['hung up', (call: Call) => call.hangUp(), 'talking'],
    ['declined', (call: Call) => call.decline(), 'ringing'],
  ] as const)('%s in between: the caller learns it when it is back', async (_, end, state) => {
    const world = await createCallWorld(generation)
    const { ben, proxy, outgoing, incoming } = await (state === 'talking' ? talking : ringing)(world, { through: true })
    proxy?.cut()
    await until(() => proxy?.streams === 0)
    end(incoming)
    await world.pass(2_000)
    expect(await outgoing.ended).toEqual({ reason: state === 'talking' ? 'hung-up' : 'declined' })
    expect(ben.incoming).toHaveLength(1)
  })
})

describe('a link that is silent', () => {
  test('while they talk, for 3.5 s: the connection is given up, and the call after 5 s more', async () => {
    const world = await createCallWorld()
    const { proxy, outgoing, incoming } = await talking(world, { through: true })
    proxy?.freeze()
    await world.pass(3_500)
    expect([outgoing.state, incoming.state]).toEqual(['talking', 'talking'])
    await world.pass(6_000)
    expect(await Promise.all([outgoing.ended, incoming.ended])).toEqual([{ reason: 'lost' }, { reason: 'lost' }])
  })

  test('for 4 s: the call outlives the connection', async () => {
    const world = await createCallWorld()
    const { proxy, outgoing, incoming } = await talking(world, { through: true })
    proxy?.freeze()
    await world.pass(4_000)
    proxy?.thaw()
    await world.pass(3_000)
    expect([outgoing.state, incoming.state]).toEqual(['talking', 'talking'])
    expect(await exchange(outgoing, incoming)).toBe(true)
  })

  test('before the call, unknown to us: it is found out, and the offer goes out on a new connection', async () => {
    const world = await createCallWorld()
    const [ann, ben] = [await world.person(), await world.person()]
    const [dead, alive] = [await world.proxyTo(ben), await world.proxyTo(ben)]
    ann.messenger.addAddress(ben.key, dead.address)
    await ann.messenger.whenDelivered(await ann.messenger.send(ben.key, 'hello'))
    dead.freeze()
    ann.messenger.addAddress(ben.key, alive.address)
    const calling = ann.messenger.call(ben.key)
    await world.pass(6_900)
    expect(await isPending(calling)).toBe(true)
    await world.pass(10_000)
    expect(await (await calling).ringing).toBe(true)
    expect(ben.incoming).toHaveLength(1)
  })

  test('after the offer: it does not count as ringing', async () => {
    const world = await createCallWorld()
    const [ann, ben] = [await world.person(), await world.person()]
    const proxy = await world.proxyTo(ben)
    ann.messenger.addAddress(ben.key, proxy.address)
    const outgoing = await ann.messenger.call(ben.key)
    proxy.freeze()
    await world.pass(1_000)
    expect(await isPending(outgoing.ringing)).toBe(true)
    await proxy.close()
    await world.pass(14_000)
    expect([await outgoing.ringing, await outgoing.ended]).toEqual([false, { reason: 'lost' }])
  })
})

describe('a messenger closes', () => {
  test('while they talk: the other side learns it', async () => {
    const world = await createCallWorld()
    const { ben, outgoing } = await talking(world)
    await ben.messenger.close()
    expect(await outgoing.ended).toEqual({ reason: 'hung-up' })
  })

  test('while it rings: the call is missed, and in the history', async () => {
    const world = await createCallWorld()
    const [ann, store] = [await world.person(), keepOpen(createMemoryStore())]
    const ben = await world.person({ store })
    ann.messenger.addAddress(ben.key, ben.address)
    const outgoing = await ann.messenger.call(ben.key)
    await until(() => ben.incoming.length === 1)
    await ben.messenger.close()
    expect(await outgoing.ended).toEqual({ reason: 'hung-up' })
    expect(await store.history(ann.key, { limit: 10 })).toMatchObject([{ messageType: 2, outgoing: false }])
  })

  test('blocked while they talk: the call is over', async () => {
    const world = await createCallWorld()
    const { ann, ben, outgoing, incoming } = await talking(world)
    await ben.messenger.block(ann.key)
    expect(await Promise.all([outgoing.ended, incoming.ended])).toEqual([{ reason: 'hung-up' }, { reason: 'hung-up' }])
  })
})
