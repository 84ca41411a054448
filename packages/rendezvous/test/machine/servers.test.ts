import { encodeLinkFrame } from '@mimirjs/wire/rendezvous'
import { describe, expect, test } from 'vitest'
import { codeOf } from './support/failure.js'
import { a, b } from './support/identity.js'
import { Party } from './support/party.js'
import { pair, party, scene } from './support/scene.js'
import { FakeServer } from './support/server.js'

const CHALLENGE = encodeLinkFrame({ type: 'prove-auth', nonce: new Uint8Array(32), name: 'wss://s0.example.org' })

/** Somebody whose server says nothing by itself. */
function silent(options = {}): { one: Party; nowMs: number } {
  const { world } = scene()
  const one = new Party(world, a, options)
  one.machine.addServer('wss://s0.example.org', world.nowMs)
  return { one, nowMs: world.nowMs }
}

describe('a login', () => {
  test('goes through its states, each of which is told', () => {
    const one = party(scene(), a)
    expect(one.statuses.map(({ state }) => state)).toEqual(['connecting', 'ready'])
    expect(one.machine.servers()).toMatchObject([{ url: 'wss://s0.example.org', state: 'ready', reason: undefined }])
  })

  test.each([
    ['another subprotocol', 'subprotocol', (one: Party, nowMs: number) => one.machine.socketOpened(1, '', nowMs)],
    [
      'another name than was dialled',
      'name-mismatch',
      (one: Party, nowMs: number) => {
        one.machine.socketOpened(1, 'rendezvous.1', nowMs)
        const frame = { type: 'prove-auth', nonce: new Uint8Array(32), name: 'wss://other.example.org' } as const
        one.machine.socketText(1, encodeLinkFrame(frame), nowMs)
      },
    ],
    [
      'a second challenge',
      'malformed',
      (one: Party, nowMs: number) => {
        one.machine.socketOpened(1, 'rendezvous.1', nowMs)
        one.machine.socketText(1, CHALLENGE, nowMs)
        one.machine.socketText(1, CHALLENGE, nowMs)
      },
    ],
    [
      'an envelope before the login',
      'malformed',
      (one: Party, nowMs: number) => {
        one.machine.socketOpened(1, 'rendezvous.1', nowMs)
        one.machine.socketText(1, `{"type":"relayed-msg","e":"${'A'.repeat(227)}"}`, nowMs)
      },
    ],
    ['authenticated without a proof', 'malformed', says('{"type":"authenticated"}')],
    ['what only clients say', 'malformed', says('{"type":"relay-msg","e":""}')],
    ['no JSON', 'malformed', says('{"type":')],
    ['nothing but null', 'malformed', says('null')],
    ['a known type with wrong members', 'malformed', says('{"type":"ping","n":-1}')],
    [
      'binary data',
      'malformed',
      (one: Party, nowMs: number) => {
        one.machine.socketOpened(1, 'rendezvous.1', nowMs)
        one.machine.socketBinary(1, nowMs)
      },
    ],
  ])('%s: the server is left, and shown as such', (_, reason, work) => {
    const { one, nowMs } = silent()
    work(one, nowMs)
    expect(one.machine.servers()).toMatchObject([{ state: 'left', reason, retryAtMs: nowMs + 3_600_000 }])
    expect(one.closedSockets).toMatchObject([{ socket: 1 }])
    one.machine.refresh(nowMs)
    expect(one.dialled).toHaveLength(1)
    one.machine.retryServer('wss://s0.example.org', nowMs)
    expect(one.dialled).toHaveLength(2)
  })

  test('a proof is made for one challenge only, and never for another socket', () => {
    const { one, nowMs } = silent({ isSignerSlow: true })
    one.machine.socketOpened(1, 'rendezvous.1', nowMs)
    one.machine.socketText(1, CHALLENGE, nowMs)
    one.machine.socketClosed(1, 1006, nowMs)
    one.machine.refresh(nowMs)
    one.machine.socketOpened(2, 'rendezvous.1', nowMs)
    one.signAll()
    expect(one.sent.map(({ socket, text }) => [socket, text.slice(0, 14)])).toEqual([
      [1, '{"type":"auth"'],
      [2, '{"type":"auth"'],
    ])
  })

  test('a signer that does not sign leaves a server that is tried again', () => {
    const one = new Party(scene().world, a)
    const { nowMs } = one.world
    one.isSignerBroken = true
    one.machine.addServer('wss://s0.example.org', nowMs)
    one.machine.socketOpened(1, 'rendezvous.1', nowMs)
    one.machine.socketText(1, CHALLENGE, nowMs)
    expect(one.machine.servers()).toMatchObject([{ state: 'waiting', reason: 'login' }])
  })
})

describe('time', () => {
  test.each([
    ['a server that is not reached', 'unreachable', 20_000, 1000, () => {}],
    [
      'a server that never asks for a proof',
      'timeout',
      10_000,
      4408,
      (one: Party, nowMs: number) => one.machine.socketOpened(1, 'rendezvous.1', nowMs),
    ],
    [
      'a server that never says what it thinks of the proof',
      'timeout',
      10_000,
      4408,
      (one: Party, nowMs: number) => {
        one.machine.socketOpened(1, 'rendezvous.1', nowMs)
        one.machine.socketText(1, CHALLENGE, nowMs)
      },
    ],
  ])('%s is given up', (_, reason, afterMs, code, work) => {
    const { one, nowMs } = silent()
    work(one, nowMs)
    one.machine.tick(nowMs + afterMs - 1)
    expect(one.closedSockets).toEqual([])
    expect(one.machine.nextDeadlineMs).toBe(nowMs + afterMs)
    one.machine.tick(nowMs + afterMs)
    expect(one.closedSockets).toEqual([{ socket: 1, code }])
    expect(one.machine.servers()).toMatchObject([{ state: 'waiting', reason }])
  })

  test('a server that broke the rules is dialled again after an hour', () => {
    const all = scene()
    const one = party(all, a)
    all.server.say(one, 'null')
    all.world.wait(3_599_999)
    expect(one.machine.servers()).toMatchObject([{ state: 'left', reason: 'malformed' }])
    all.world.wait(1)
    expect(one.machine.servers()).toMatchObject([{ state: 'ready' }])
  })

  test('a silent server is asked after 30 s, and given up 30 s later', () => {
    const all = scene()
    const one = party(all, a)
    const from = one.sent.length
    all.server.receive = () => {}
    all.world.wait(29_999)
    expect(one.sent).toHaveLength(from)
    all.world.wait(1)
    expect(one.sent.at(-1)?.text).toBe('{"type":"ping","n":1}')
    all.world.wait(29_999)
    expect(one.closedSockets).toEqual([])
    all.world.wait(1)
    expect(one.closedSockets).toEqual([{ socket: 1, code: 4408 }])
    expect(one.statuses.at(-1)).toMatchObject({ state: 'waiting', reason: 'timeout' })
  })

  test('a server that answers is kept, whatever its number', () => {
    const all = scene()
    const one = party(all, a)
    all.world.wait(600_000)
    expect(one.machine.servers()).toMatchObject([{ state: 'ready' }])
    expect(one.closedSockets).toEqual([])
  })

  test('pings are answered with their number, before and after the login', () => {
    const { one, nowMs } = silent()
    one.machine.socketOpened(1, 'rendezvous.1', nowMs)
    one.machine.socketText(1, '{"type":"ping","n":77}', nowMs)
    expect(one.sent.at(-1)?.text).toBe('{"type":"pong","n":77}')
  })
})

describe('dialling again', () => {
  test('the pauses grow with the failures up to 300 s, and are random below', () => {
    const { one } = silent()
    let nowMs = one.world.nowMs
    const pauses: number[] = []
    for (let socket = 1; socket <= 40; socket++) {
      one.machine.socketClosed(socket, undefined, nowMs)
      const { retryAtMs = 0 } = one.machine.servers()[0] ?? {}
      pauses.push(retryAtMs - nowMs)
      nowMs = retryAtMs
      one.machine.tick(nowMs)
    }
    expect(one.dialled).toHaveLength(41)
    for (const [failures, pauseMs] of pauses.entries())
      expect(pauseMs).toBeLessThanOrEqual(Math.min(300_000, 2 ** failures * 1000))
    expect(Math.max(...pauses)).toBeGreaterThan(150_000)
    expect(new Set(pauses).size).toBeGreaterThan(30)
  })

  test('they begin anew only after a login that lasted', () => {
    const all = scene()
    const one = party(all, a)
    const { world, server } = all
    for (let round = 0; round < 8; round++) {
      server.stop(1001)
      server.isUp = true
      one.machine.refresh(world.nowMs)
      world.settle()
    }
    server.stop(1001)
    const { retryAtMs: far = 0 } = one.machine.servers()[0] ?? {}
    expect(far - world.nowMs).toBeGreaterThan(1000)
    server.isUp = true
    one.machine.refresh(world.nowMs)
    world.wait(60_000)
    server.stop(1001)
    const { retryAtMs: near = 0 } = one.machine.servers()[0] ?? {}
    expect(near - world.nowMs).toBeLessThanOrEqual(1000)
  })

  test('after a newer instance took our place only the user can say so, and not before a minute', () => {
    const all = scene()
    const one = party(all, a)
    const newer = party(all, a, { label: 'newer' })
    expect(one.machine.servers()).toMatchObject([{ state: 'waiting', reason: 'replaced', retryAtMs: Infinity }])
    all.world.wait(3_600_000)
    expect(one.dialled).toHaveLength(1)
    one.machine.refresh(all.world.nowMs)
    expect(one.dialled).toHaveLength(2)
    all.world.settle()
    expect(newer.machine.servers()).toMatchObject([{ reason: 'replaced' }])
    newer.machine.refresh(all.world.nowMs)
    expect(newer.dialled).toHaveLength(1)
    all.world.wait(60_000)
    expect(newer.dialled).toHaveLength(2)
  })

  test.each([
    [4401, 'login'],
    [4408, 'timeout'],
    [4429, 'rate'],
    [4400, 'closed'],
    [undefined, 'closed'],
  ])('close code %s is told as %s', (code, reason) => {
    const all = scene()
    const one = party(all, a)
    all.server.stop(code)
    expect(one.statuses.at(-1)).toMatchObject({ state: 'waiting', reason })
  })

  test('what an old socket still says changes nothing', () => {
    const all = scene()
    const one = party(all, a)
    all.server.stop(1001)
    one.machine.socketText(1, 'null', all.world.nowMs)
    one.machine.socketBinary(1, all.world.nowMs)
    one.machine.socketClosed(1, 4409, all.world.nowMs)
    expect(one.statuses.at(-1)).toMatchObject({ state: 'waiting', reason: 'closed' })
  })
})

describe('the list of servers', () => {
  test('has each once, is bounded, and takes only what may be dialled', () => {
    const { world } = scene()
    const one = new Party(world, a)
    for (let at = 0; at < 8; at++) one.machine.addServer(`wss://s${at}.example.org`, world.nowMs)
    one.machine.addServer('WSS://S1.example.org/', world.nowMs)
    expect(one.machine.servers()).toHaveLength(8)
    expect(codeOf(() => one.machine.addServer('wss://more.example.org', world.nowMs))).toBe('limit')
    expect(codeOf(() => one.machine.addServer('ws://more.example.org', world.nowMs))).toBe('bad-server')
    expect(one.machine.removeServer('wss://s3.example.org')).toBe(true)
    expect(one.machine.removeServer('wss://s3.example.org')).toBe(false)
    expect(one.closedSockets).toEqual([{ socket: 4, code: 1000 }])
    one.machine.addServer('wss://more.example.org', world.nowMs)
  })

  test('one that says that our clock is wrong is not believed, most of them are', () => {
    const all = scene(3)
    for (const server of all.servers.slice(0, 1)) server.offsetMs = 90_000
    const one = party(all, a)
    expect(one.clocks).toEqual([])
    const [, second] = all.servers
    if (second === undefined) throw new Error('expected a second server')
    second.stop(1001)
    second.isUp = true
    second.offsetMs = 61_000
    one.machine.refresh(all.world.nowMs)
    all.world.settle()
    expect(one.clocks).toEqual([61_000])
    one.machine.removeServer(second.url)
    expect(one.clocks).toEqual([61_000, undefined])
  })

  test('whoever logs in late gets what others wait for', () => {
    const all = pair()
    const late = new FakeServer(all.world, 'wss://late.example.org')
    all.server.stop(1001)
    const attempt = all.bob.connect(all.alice)
    all.bob.join(late)
    all.world.settle()
    expect(late.seen).toHaveLength(1)
    all.alice.join(late)
    all.world.settle()
    expect(attempt.state).toBe('knocking')
    // Alice logged in after the knock was relayed to nobody: the repeat finds her.
    all.world.wait(5000)
    expect(attempt.state).toBe('open')
  })
})

test('errors of servers are counted, and change nothing', () => {
  const all = scene()
  const one = party(all, b)
  for (const code of ['from', 'expired', 'envelope', 'rate', 'something new'])
    all.server.say(one, `{"type":"error","code":"${code}"}`)
  expect(one.machine.counters['server-error']).toBe(5)
  expect(one.machine.servers()).toMatchObject([{ state: 'ready' }])
})

function says(text: string): (one: Party, nowMs: number) => void {
  return (one, nowMs) => {
    one.machine.socketOpened(1, 'rendezvous.1', nowMs)
    one.machine.socketText(1, text, nowMs)
  }
}
