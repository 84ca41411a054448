// What is waited for does not depend on what the wall clock shows; only dates do.
import { createRandom, type Random } from '@mimirjs/transport/testing'
import { decodeB64u, decodeEnvelope, encodeLinkFrame } from '@mimirjs/wire/rendezvous'
import { describe, expect, test } from 'vitest'
import type { PolicyAnswer } from '../../src/machine/index.js'
import { a } from './support/identity.js'
import type { Party } from './support/party.js'
import { linked, type Pair, pair, party, scene } from './support/scene.js'
import type { FakeServer } from './support/server.js'

const HOUR_MS = 3_600_000
/** The longest way from a call to its end: knock, offer, ICE, and bind. */
const ATTEMPT_MS = 120_000 + 30_000 + 30_000 + 10_000

const asks = { policy: (): PolicyAnswer => 'ask' }

/** What the wall clock of somebody shows. */
function wallOf(one: Party): number {
  return one.wallMs(one.world.nowMs)
}

/** The server, and the path to the peer, are gone without a word. */
function cutOff({ server, alice, bob }: Pair): void {
  server.clients.splice(0)
  server.isUp = false
  for (const one of [alice, bob]) one.rtc.text = () => {}
}

describe.each([
  ['back by an hour', -HOUR_MS],
  ['ahead by an hour', HOUR_MS],
  ['to 1970', -1_750_000_000_000],
])('the clock is set %s', (_, jumpMs) => {
  test('while a server waits: it is dialled when it would have been, and the time shown is right', () => {
    const all = scene()
    const one = party(all, a)
    all.server.stop(1001)
    one.wallOffsetMs += jumpMs
    const { retryAtMs = 0 } = one.machine.servers()[0] ?? {}
    expect(retryAtMs - wallOf(one)).toBeGreaterThanOrEqual(0)
    expect(retryAtMs - wallOf(one)).toBeLessThanOrEqual(1000)
    all.server.isUp = true
    all.world.wait(retryAtMs - wallOf(one))
    expect(one.machine.servers()).toMatchObject([{ state: 'ready' }])
  })

  test('while a server is in use: it is asked after 30 s of silence, given up 30 s later, and kept when it answers', () => {
    const all = scene(2)
    const one = party(all, a)
    const [silent] = all.servers
    if (silent !== undefined) silent.receive = () => {}
    one.wallOffsetMs += jumpMs
    const sent = one.sent.length
    all.world.wait(29_999)
    expect(one.sent).toHaveLength(sent)
    all.world.wait(1)
    expect(one.sent.slice(sent).map(({ text }) => text)).toEqual(Array(2).fill('{"type":"ping","n":1}'))
    all.world.wait(29_999)
    expect(one.closedSockets).toEqual([])
    all.world.wait(1)
    expect(one.closedSockets).toEqual([{ socket: 1, code: 4408 }])
    expect(one.machine.servers()[1]).toMatchObject({ state: 'ready' })
  })

  test('while a server that broke the rules is left alone', () => {
    const all = scene()
    const one = party(all, a)
    all.server.say(one, 'null')
    one.wallOffsetMs += jumpMs
    all.world.wait(HOUR_MS - 1)
    expect(one.dialled).toHaveLength(1)
    all.world.wait(1)
    expect(one.dialled).toHaveLength(2)
  })

  test('while we knock: the knock is repeated and given up as always', () => {
    const all = pair(1, { alice: asks })
    const { world, alice, bob, server } = all
    const attempt = bob.connect(alice)
    world.settle()
    bob.wallOffsetMs += jumpMs
    const seen = server.seen.length
    world.wait(119_999)
    expect(server.seen.length - seen).toBe(23)
    expect(attempt.state).toBe('knocking')
    world.wait(1)
    expect(attempt).toMatchObject({ state: 'closed', closeCode: 'no-answer' })
  })

  test('while the user is asked: the question stays as long as always, and its end is shown rightly', () => {
    const { world, alice, bob } = pair(1, { alice: asks })
    bob.connect(alice)
    world.settle()
    expect(alice.knocked[0]?.expiresMs).toBe(wallOf(alice) + 120_000)
    alice.wallOffsetMs += jumpMs
    expect(alice.machine.knocks()).toMatchObject([{ expiresMs: wallOf(alice) + 120_000 }])
    world.wait(119_999)
    expect(alice.machine.knocks()).toHaveLength(1)
    world.wait(1)
    expect(alice.over).toEqual([{ publicKey: bob.publicKey, isMissed: true }])
  })

  test.each(['offering', 'waiting', 'connecting', 'answering', 'binding'] as const)(
    'while one is %s: that lasts as long as always, and no longer',
    (state) => {
      for (const isAlone of [true, false]) {
        const { world, alice, bob } = pair()
        const who = state === 'waiting' || state === 'answering' ? alice : bob
        if (state === 'offering' || state === 'waiting') alice.rtc.isMute = bob.rtc.isMute = true
        if (state === 'connecting' || state === 'answering') alice.rtc.isBlocked = bob.rtc.isBlocked = true
        if (state === 'binding') for (const one of [alice, bob]) one.rtc.text = () => {}
        bob.connect(alice)
        world.settle()
        const [attempt] = who.machine.attempts()
        expect(attempt?.state).toBe(state)
        for (const one of isAlone ? [who] : [alice, bob]) one.wallOffsetMs = jumpMs
        world.wait(state === 'binding' ? 9_999 : 29_999)
        expect(attempt?.state).toBe(state)
        world.wait(1)
        expect(attempt?.state).toBe('closed')
        expect([alice.machine.attempts(), bob.machine.attempts()]).toEqual([[], []])
      }
    },
  )

  test('while a link is open: it stays when they answer, and is lost after a minute when they do not', () => {
    const all = linked()
    const { world, alice, bob } = all
    alice.wallOffsetMs += jumpMs
    world.wait(600_000)
    expect([alice.link?.state, bob.link?.state]).toEqual(['open', 'open'])
    bob.machine.sendChat(bob.link ?? raise(), 'still there?', world.nowMs)
    world.settle()
    expect([alice.chats, bob.acks.length]).toEqual([['still there?'], 1])
    const heardMs = world.nowMs
    cutOff(all)
    alice.wallOffsetMs -= jumpMs
    world.wait(60_000 - 1)
    expect(alice.link?.state).toBe('open')
    world.wait(heardMs + 60_000 - world.nowMs)
    expect(alice.ended).toMatchObject([{ closeCode: 'lost', closeDetail: 'silence' }])
  })

  test('while new paths are looked for: the time for that is as always', () => {
    const { world, alice, bob } = linked()
    alice.rtc.isMute = true
    for (const one of [alice, bob]) one.machine.connectionState(one.link?.connection ?? 0, 'failed', world.nowMs)
    world.settle()
    alice.wallOffsetMs += jumpMs
    bob.wallOffsetMs += jumpMs
    world.wait(29_999)
    expect([alice.link?.isRestarting, bob.link?.isRestarting]).toEqual([true, true])
    world.wait(1)
    expect(bob.ended).toMatchObject([{ closeCode: 'lost', closeDetail: 'no new path' }])
  })

  test('dates are those of the clock at the time', () => {
    const { world, alice, bob, server } = linked()
    for (const one of [alice, bob]) one.wallOffsetMs += jumpMs
    bob.machine.sendChat(bob.link ?? raise(), 'now', world.nowMs)
    expect(JSON.parse(bob.channelTexts.at(-1) ?? '')).toMatchObject({ type: 'chat', ts: wallOf(bob) })
    server.stop(1001)
    server.isUp = true
    world.wait(1000)
    expect(alice.machine.servers()).toMatchObject([{ state: 'ready', clockOffsetMs: -jumpMs }])
    expect(alice.clocks).toEqual([-jumpMs])
  })
})

/** An honest server is there again; with whom it stands badly waits for it at most so long. */
const REDIAL_MS = 300_000 + 60_000

describe.each(Array.from({ length: 20 }, (_, at) => at + 1))('clocks that jump back and forth, seed %i', (seed) => {
  test('by less than a minute between the two: all goes as if they did not', () => {
    const random = createRandom(seed)
    const all = pair(2, { alice: asks })
    const { world, alice, bob } = all
    const jump = (): void => {
      for (const one of [alice, bob]) if (random.chance(0.7)) one.wallOffsetMs = random.integer(50_001) - 25_000
    }
    for (let round = 0; round < 5; round++) {
      pass(random, world, jump)
      const attempt = bob.connect(alice)
      for (let steps = random.integer(10); steps > 0; steps--) {
        world.wait(random.integer(10_000))
        jump()
      }
      world.settle()
      expect(alice.machine.knocks()).toHaveLength(1)
      alice.machine.accept(bob.publicKey, world.nowMs)
      world.settle()
      expect(attempt.state).toBe('open')
      pass(random, world, jump)
      expect([alice.link?.state, bob.link]).toEqual(['open', attempt])
      bob.machine.close(attempt, world.nowMs)
      // Nobody is asked about the same person at once.
      world.wait(HOUR_MS)
    }
    expect([alice.closedSockets, bob.closedSockets, alice.dialled.length]).toEqual([[], [], 2])
  })

  test('by days: nothing waits for longer than it may, links stay, and once they are right people meet', () => {
    const random = createRandom(seed)
    const all = pair(2)
    const { world, alice, bob, servers } = all
    const people = [alice, bob]
    const jump = (): void => {
      for (const one of people)
        if (random.chance(0.3))
          one.wallOffsetMs = random.chance(0.6) ? 0 : random.integer(2_000_000_001) - 1_000_000_000
    }
    for (let step = 0; step < 60; step++) {
      jump()
      const server = pick(random, servers)
      if (random.chance(0.2)) server.stop(1006)
      else if (random.chance(0.4)) server.isUp = true
      if (random.chance(0.3)) bob.connect(alice)
      const openBefore = people.map(({ link }) => link)
      world.wait(random.integer(40_000))
      for (const [at, one] of people.entries()) {
        for (const { state, sinceMs } of one.machine.attempts())
          if (state !== 'open') expect(world.nowMs - sinceMs).toBeLessThanOrEqual(ATTEMPT_MS)
        for (const { state, retryAtMs } of one.machine.servers())
          if (state === 'waiting') expect(retryAtMs).toBeLessThanOrEqual(wallOf(one) + 300_000)
        if (openBefore[at] !== undefined) expect(one.link?.state).toBe('open')
      }
    }
    for (const server of servers) server.isUp = true
    for (const one of people) one.wallOffsetMs = 0
    world.wait(Math.max(ATTEMPT_MS, REDIAL_MS))
    for (const one of people) expect(one.machine.servers()).toMatchObject([{ state: 'ready' }, { state: 'ready' }])
    bob.connect(alice)
    world.settle()
    expect([alice.link?.state, bob.link?.state]).toEqual(['open', 'open'])
  })
})

describe('a computer that slept for a night', () => {
  const NIGHT_MS = 8 * HOUR_MS

  /** Many clocks stand still while the computer sleeps; others go on, and all is due when it wakes up. */
  const sleeps = [
    ['and whose own clock stood still', (one: Party) => void (one.wallOffsetMs += NIGHT_MS)],
    ['and whose own clock went on', (one: Party) => void (one.world.nowMs += NIGHT_MS)],
  ] as const

  test.each(sleeps)('%s: when it is told, it asks at once, and gives up whoever does not answer', (_, sleep) => {
    const all = linked()
    const { alice, world } = all
    world.wait(1000)
    cutOff(all)
    sleep(alice)
    const [texts, sent] = [alice.channelTexts.length, alice.sent.length]
    alice.machine.refresh(world.nowMs)
    alice.machine.tick(world.nowMs)
    expect(alice.channelTexts.slice(texts)).toEqual(['{"type":"ping","n":1}'])
    expect(alice.sent.slice(sent).map(({ text }) => text)).toEqual([expect.stringContaining('"ping"')])
    all.server.isUp = true
    world.wait(31_000)
    expect(alice.machine.servers()).toMatchObject([{ state: 'ready' }])
    expect(alice.dialled).toHaveLength(2)
    world.wait(9_000)
    expect(alice.ended).toMatchObject([{ closeCode: 'lost' }])
  })

  test.each(sleeps)('%s: a knock that it slept through is over, when it is told', (_, sleep) => {
    const { alice, bob, world } = pair(1, { alice: asks })
    const attempt = bob.connect(alice)
    world.wait(10_000)
    expect([attempt.state, alice.machine.knocks().length]).toEqual(['knocking', 1])
    for (const one of [alice, bob]) {
      sleep(one)
      one.machine.refresh(world.nowMs)
      one.machine.tick(world.nowMs)
    }
    expect(attempt).toMatchObject({ state: 'closed', closeCode: 'no-answer' })
    expect(alice.over).toEqual([{ publicKey: bob.publicKey, isMissed: true }])
    world.wait(30_000)
    bob.connect(alice)
    world.wait(1)
    expect(alice.machine.knocks()).toHaveLength(1)
  })

  test.each(sleeps)('%s: it finds out within the usual time without being told', (_, sleep) => {
    const all = linked()
    const { alice, world } = all
    cutOff(all)
    sleep(alice)
    all.server.isUp = true
    world.wait(61_000)
    expect(alice.machine.servers()).toMatchObject([{ state: 'ready' }])
    expect(alice.ended).toMatchObject([{ closeCode: 'lost' }])
  })

  test.each(sleeps)('%s: what is still there is kept, told or not', (_, sleep) => {
    for (const times of [0, 3]) {
      const { alice, bob, world } = linked()
      sleep(alice)
      for (let told = 0; told < times; told++) alice.machine.refresh(world.nowMs)
      world.wait(1)
      // One question is enough.
      const texts = [...alice.channelTexts, ...alice.sent.map(({ text }) => text)]
      if (times > 0) expect(texts.filter((text) => text.includes('"ping"'))).toHaveLength(2)
      world.wait(120_000)
      expect([alice.link?.state, bob.link?.state]).toEqual(['open', 'open'])
      expect([alice.closedSockets, alice.machine.servers()]).toMatchObject([[], [{ state: 'ready' }]])
    }
  })
})

test('the clock of the machine may begin to count at any time: no date is taken from it', () => {
  const wallOffsetMs = -5 * HOUR_MS
  const { world, alice, bob, server } = pair(1, { alice: { ...asks, wallOffsetMs }, bob: { wallOffsetMs } })
  expect(bob.machine.state().epoch).toBe(wallOf(bob))
  const attempt = bob.connect(alice)
  world.settle()
  const { epoch, exp } = decodeEnvelope(decodeB64u(server.seen[0] ?? ''))
  expect([epoch, exp]).toEqual([BigInt(wallOf(bob)), BigInt(wallOf(bob) + 120_000)])
  expect(alice.knocked).toMatchObject([{ expiresMs: wallOf(alice) + 120_000 }])
  // The user says no, and changes his mind when the knock is over: then it is a call of his own.
  expect(alice.machine.decline(bob.publicKey, {}, world.nowMs)).toBe(true)
  world.wait(119_999)
  expect(server.seen).toHaveLength(24)
  world.wait(1)
  expect(attempt.closeCode).toBe('no-answer')
  expect(alice.connect(bob)).toMatchObject({ state: 'knocking', role: 'offerer' })
})

test('dates of others are judged by the clock as it is now', () => {
  const { world, alice, bob, server } = pair()
  for (const [wallOffsetMs, verdict] of [
    [181_000, 'expired'],
    [-61_000, 'exp-too-far'],
  ] as const) {
    alice.wallOffsetMs = wallOffsetMs
    const attempt = bob.connect(alice)
    world.settle()
    expect(alice.machine.counters[verdict]).toBe(1)
    alice.wallOffsetMs = 0
    const copy = server.seen.at(-1) ?? ''
    alice.machine.socketText(1, encodeLinkFrame({ type: 'relayed-msg', e: copy }), world.nowMs)
    world.settle()
    expect(attempt.state).toBe('open')
    bob.machine.close(attempt, world.nowMs)
    world.settle()
  }
})

function pick(random: Random, servers: readonly FakeServer[]): FakeServer {
  return servers[random.integer(servers.length)] ?? raise()
}

/** Some time passes, in which clocks jump now and then. */
function pass(random: Random, world: Pair['world'], jump: () => void): void {
  for (let steps = 1 + random.integer(20); steps > 0; steps--) {
    world.wait(random.integer(60_000))
    jump()
  }
}

function raise(): never {
  throw new Error('expected something')
}
