import { describe, expect, it } from 'vitest'
import { YggdrasilError } from '../../src/error.js'
import type { PeerState } from '../../src/links/types.js'
import { closeAll, MemoryWorld, pair, type ScriptedDriver } from './memory.js'
import { errorOf, type LinkNode } from './support.js'

function dialler(world: MemoryWorld): { node: LinkNode; driver: ScriptedDriver } {
  const driver = world.scripted()
  return { driver, node: world.node('dialler', { drivers: () => [driver] }) }
}

function onlyPeer(node: LinkNode): PeerState {
  const [state, ...more] = node.links.peers()
  if (state === undefined || more.length > 0) throw new Error('expected one peer')
  return state
}

const refused = new YggdrasilError('refused', 'nobody listens there')

describe('a configured peer', () => {
  it('is dialled again after pauses that double up to maxbackoff, each told beforehand', async () => {
    const world = new MemoryWorld()
    const { node, driver } = dialler(world)
    node.links.addPeer('tcp://192.0.2.1:1?maxbackoff=10s')
    const pauses: number[] = []
    for (let attempt = 1; attempt <= 6; attempt++) {
      expect(driver.attempts.length).toBe(attempt)
      expect(onlyPeer(node).state).toBe('connecting')
      driver.attempts.at(-1)?.fail(refused)
      await world.advance(1)
      const { state, error, failures, retryAtMs } = onlyPeer(node)
      expect({ state, error, failures }).toEqual({ state: 'waiting', error: refused, failures: attempt })
      const pauseMs = (retryAtMs ?? 0) - world.clock.nowMs()
      pauses.push(pauseMs)
      await world.advance(pauseMs - 1, pauseMs - 1)
      expect(driver.attempts.length).toBe(attempt)
      await world.advance(1)
    }
    // The chance of 128 of 255 is a little above the middle.
    expect(pauses).toEqual([2002, 4003, 8006, 10_008, 10_008, 10_008])
    await closeAll(world, node)
    expect(world.clock.nextDueMs).toBeUndefined()
  })

  it('is dialled 2 s after a link that was up has ended', async () => {
    const world = new MemoryWorld()
    const { a, b } = await pair(world)
    world.network.cut('a', 'b')
    await world.advance(100)
    const { state, failures, retryAtMs, error } = onlyPeer(b)
    expect({ state, failures, code: error?.code }).toEqual({ state: 'waiting', failures: 1, code: 'link' })
    expect((retryAtMs ?? 0) - world.clock.nowMs()).toBeLessThan(2001)
    expect(b.downs()[0]?.reason?.code).toBe('link')
    await world.advance(10_000, 100)
    expect(onlyPeer(b).failures).toBeGreaterThan(1)
    world.network.restore('a', 'b')
    b.links.retryNow()
    await world.advance(100)
    expect(onlyPeer(b)).toMatchObject({ state: 'up', failures: 0 })
    expect(onlyPeer(b)).not.toHaveProperty('error')
    expect(onlyPeer(b)).not.toHaveProperty('retryAtMs')
    await closeAll(world, a, b)
  })

  it('says so when the other side ends the link in order', async () => {
    const world = new MemoryWorld()
    const { a, b } = await pair(world)
    await closeAll(world, a)
    expect(b.states.find(({ state }) => state === 'waiting')?.error?.message).toMatch(/other side ended/)
    expect(b.downs().map(({ reason }) => reason)).toEqual([undefined])
    await closeAll(world, b)
  })

  it('is dialled at once on demand, one or all, and only when it waits', async () => {
    const world = new MemoryWorld()
    const { node, driver } = dialler(world)
    const first = node.links.addPeer('tcp://192.0.2.1:1')
    node.links.addPeer('tcp://192.0.2.2:1')
    node.links.retryNow()
    expect(driver.attempts.length).toBe(2)
    for (const attempt of driver.attempts) attempt.fail(refused)
    await world.advance(10)
    first.retryNow()
    expect(driver.attempts.length).toBe(3)
    node.links.retryNow('tcp://192.0.2.2:1?priority=3')
    expect(driver.attempts.length).toBe(4)
    node.links.retryNow('tcp://192.0.2.3:1')
    // The pause that was cut short does not end later, too.
    await world.advance(5000, 100)
    expect(driver.attempts.length).toBe(4)
    await closeAll(world, node)
  })

  it('can be removed at any time, and is gone at once', async () => {
    const world = new MemoryWorld()
    const { node, driver } = dialler(world)
    // While it is dialled.
    const handle = node.links.addPeer('tcp://192.0.2.1:1')
    expect(node.links.removePeer('tcp://192.0.2.1:1?maxbackoff=30s')).toBe(true)
    expect(driver.attempts[0]?.signal.aborted).toBe(true)
    expect(handle.state).toMatchObject({ state: 'stopped', error: { code: 'closed' } })
    expect(node.links.peers()).toEqual([])
    expect(node.links.removePeer('tcp://192.0.2.1:1')).toBe(false)
    // While it waits.
    node.links.addPeer('tcp://192.0.2.1:1')
    driver.attempts[1]?.fail(refused)
    await world.advance(10)
    expect(onlyPeer(node).state).toBe('waiting')
    node.links.removePeer('tcp://192.0.2.1:1')
    await world.advance(10)
    expect(world.clock.nextDueMs).toBeUndefined()
    expect(node.states.at(-1)?.state).toBe('stopped')
    // While it is up.
    const { a, b } = await pair(world)
    expect(b.links.removePeer('memory://a')).toBe(true)
    await world.advance(100)
    expect(b.downs().map(({ reason }) => reason?.code)).toEqual(['closed'])
    expect(b.history()).toBe('connecting handshaking unproven up stopped')
    expect(a.up()).toEqual([])
    await closeAll(world, node, a, b)
  })

  it('that connects after it was removed is closed', async () => {
    const world = new MemoryWorld()
    const a = world.node('a')
    await a.links.listen('memory://a')
    const { node } = dialler(world)
    let give: () => void = () => {}
    const late = world.node('late', {
      drivers: () => [
        {
          schemes: ['memory'],
          // A driver that does not hear the signal.
          dial: async (uri, signal, timeoutMs) => {
            await new Promise<void>((resolve) => (give = resolve))
            const dialled = world.network.driver('late').dial(uri, new AbortController().signal, timeoutMs)
            expect(signal.aborted).toBe(true)
            return await dialled
          },
        },
      ],
    })
    const handle = late.links.addPeer('memory://a')
    handle.remove()
    give()
    await world.advance(100)
    expect(a.told).toEqual([])
    expect(late.links.peers()).toEqual([])
    expect(handle.state.state).toBe('stopped')
    await closeAll(world, a, node, late)
  })

  it('is refused the second time, whatever its options', () => {
    const world = new MemoryWorld()
    const { node, driver } = dialler(world)
    node.links.addPeer('tcp://192.0.2.1:1')
    for (const again of ['tcp://192.0.2.1:1', 'TCP://192.0.2.1:1?priority=1']) {
      expect(() => node.links.addPeer(again)).toThrow(expect.objectContaining({ code: 'duplicate' }))
    }
    expect(driver.attempts.length).toBe(1)
    return closeAll(world, node)
  })

  it('takes whatever a driver fails with', async () => {
    const world = new MemoryWorld()
    const { node, driver } = dialler(world)
    node.links.addPeer('tcp://192.0.2.1:1')
    driver.attempts[0]?.fail(new TypeError('a mistake'))
    await world.advance(10)
    expect(onlyPeer(node).error).toMatchObject({ code: 'link', cause: expect.any(TypeError) })
    await closeAll(world, node)
  })
})

describe('Links', () => {
  it('says what is wrong with a URI, and which schemes there are', async () => {
    const world = new MemoryWorld()
    const node = world.node('a')
    expect((await errorOf(() => node.links.addPeer('nonsense'))).code).toBe('bad-uri')
    const unsupported = await errorOf(() => node.links.addPeer('tcp://192.0.2.1:1'))
    expect(unsupported).toMatchObject({ code: 'unsupported', message: expect.stringMatching(/memory:\/\/ only/) })
    const deaf = world.node('deaf', { drivers: () => [world.scripted()] })
    expect(await errorOf(() => deaf.links.listen('tcp://0.0.0.0:0'))).toMatchObject({
      code: 'unsupported',
      message: expect.stringMatching(/browsers can only dial/),
    })
    await closeAll(world, node, deaf)
  })

  it('listens on what is free, and says what is taken', async () => {
    const world = new MemoryWorld()
    const node = world.node('a')
    expect(await node.links.listen('memory://a')).toBe('memory://a')
    expect((await errorOf(() => node.links.listen('memory://a'))).code).toBe('address-in-use')
    expect(node.links.listening).toEqual(['memory://a'])
    await closeAll(world, node)
    expect(node.links.listening).toEqual([])
  })

  it('does nothing more after it was closed', async () => {
    const world = new MemoryWorld()
    const { a, b } = await pair(world)
    await closeAll(world, a, b)
    expect(a.downs().map(({ reason }) => reason)).toEqual([undefined])
    expect(b.history()).toBe('connecting handshaking unproven up stopped')
    expect((await errorOf(() => a.links.listen('memory://a'))).code).toBe('closed')
    expect((await errorOf(() => a.links.addPeer('memory://b'))).code).toBe('closed')
    expect(a.links.close()).toBe(a.links.close())
    expect(a.links.peers()).toEqual([])
    expect(world.clock.nextDueMs).toBeUndefined()
  })

  it('closes while a peer is dialled, and while a listener opens', async () => {
    const world = new MemoryWorld()
    const { node, driver } = dialler(world)
    node.links.addPeer('tcp://192.0.2.1:1')
    await node.links.close()
    expect(driver.attempts[0]?.signal.aborted).toBe(true)
    let closedListeners = 0
    const opening = world.node('opening', {
      drivers: () => [
        {
          schemes: ['tcp'],
          dial: () => Promise.reject(refused),
          listen: async () => ({ uri: 'tcp://[::]:1', close: async () => void closedListeners++ }),
        },
      ],
    })
    const listening = opening.links.listen('tcp://:1')
    const closed = opening.links.close()
    expect((await errorOf(() => listening)).code).toBe('closed')
    await closed
    expect(closedListeners).toBe(1)
  })

  it('tells of a listener that fails later, once', async () => {
    const world = new MemoryWorld()
    let fail: (error: YggdrasilError) => void = () => {}
    const node = world.node('a', {
      drivers: () => [
        {
          schemes: ['tcp'],
          dial: () => Promise.reject(refused),
          listen: async (_uri, { failed }) => {
            fail = failed
            return { uri: 'tcp://[::]:1', close: async () => {} }
          },
        },
      ],
    })
    await node.links.listen('tcp://:1')
    const error = new YggdrasilError('link', 'the interface is gone')
    fail(error)
    fail(error)
    expect(node.failedListeners).toEqual([{ uri: 'tcp://[::]:1', error }])
    expect(node.links.listening).toEqual([])
    await closeAll(world, node)
  })
})
