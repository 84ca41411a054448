import { encodeLinkFrame } from '@mimirjs/wire/rendezvous'
import { describe, expect, test } from 'vitest'
import { type Client, envelope, person, relay, type ServerWorld, serverWorld } from './support.js'

const AUTH = encodeLinkFrame({ type: 'auth', peer: person(1).publicKey })

function gone(world: ServerWorld, client: Client): void {
  if (client.connection !== undefined) world.hub.gone(client.connection)
}

describe('time', () => {
  test('ten seconds for the first frame, unknown ones not counted', () => {
    const world = serverWorld()
    const client = world.connect()
    world.advance(5_000)
    world.say(client, '{"type":"something-new"}')
    world.advance(4_999)
    expect(client.closedWith).toBe(undefined)
    world.advance(1)
    expect(client.closedWith).toBe(4408)
    expect(world.hub.nextDeadlineMs).toBe(Infinity)
  })

  test('a minute for the proof, whatever is said meanwhile', () => {
    const world = serverWorld()
    const client = world.connect()
    world.advance(9_000)
    world.say(client, AUTH)
    for (let seconds = 0; seconds < 59; seconds++) {
      world.advance(1_000)
      world.say(client, '{"type":"pong","n":0}')
    }
    expect(client.closedWith).toBe(undefined)
    world.advance(1_000)
    expect(client.closedWith).toBe(4408)
  })

  test('thirty seconds of silence are asked about, and as many more end it', () => {
    const world = serverWorld()
    const [quiet, lively, deaf] = [world.logIn(person(1)), world.logIn(person(2)), world.logIn(person(3))]
    world.advance(29_999)
    expect(quiet.frames).toEqual([])
    world.say(lively, '{"type":"pong","n":0}')
    world.advance(1)
    expect([quiet.taken(), lively.taken()]).toEqual([['{"type":"ping","n":0}'], []])
    world.advance(29_998)
    world.say(quiet, '{"type":"pong","n":0}')
    world.advance(2)
    expect([quiet.closedWith, lively.closedWith, deaf.closedWith]).toEqual([undefined, undefined, 4408])
    expect(lively.taken()).toEqual(['{"type":"ping","n":0}'])
    world.advance(30_000)
    expect(quiet.taken()).toEqual(['{"type":"ping","n":1}'])
    expect(world.counters.cut.timeout).toBe(2)
  })

  test('a frame of the WebSocket itself is a sign of life, too, and limited as any other', () => {
    const world = serverWorld({ limits: { framesPerSecond: 1, framesBurst: 5 } })
    const client = world.logIn(person(1))
    world.advance(20_000)
    client.connection?.control(world.nowMs)
    world.advance(29_999)
    expect(client.frames).toEqual([])
    for (let count = 0; count < 5; count++) client.connection?.control(world.nowMs)
    expect(client.closedWith).toBe(undefined)
    client.connection?.control(world.nowMs)
    expect(client.closedWith).toBe(4429)
  })
})

describe('a reader that does not read', () => {
  const LIMITS = { queueBytes: 1_000, answerBytes: 500 }

  test.each([
    ['pings', (world: ServerWorld, client: Client) => world.say(client, '{"type":"ping","n":1}')],
    ['pings of the WebSocket itself', (world: ServerWorld, client: Client) => client.connection?.control(world.nowMs)],
  ])('is cut when it goes on with %s above what may wait', (_, ask) => {
    const world = serverWorld({ limits: LIMITS })
    const client = world.logIn(person(1))
    client.bufferedBytes = 1_500
    ask(world, client)
    expect(client.closedWith).toBe(undefined)
    client.bufferedBytes = 1_501
    client.taken()
    ask(world, client)
    expect([client.closedWith, client.frames, world.counters.cut.rate]).toEqual([4429, [], 1])
  })

  test('is not cut for what others send', () => {
    const world = serverWorld({ limits: LIMITS })
    const [sender, client] = [world.logIn(person(1)), world.logIn(person(2))]
    for (let count = 0; count < 20; count++) {
      world.say(sender, relay(envelope({ from: person(1), to: person(2).publicKey })))
      client.bufferedBytes = client.frames.join('').length
    }
    expect(world.counters.envelopes).toMatchObject({ relayed: 3, slow: 17 })
    // Room for the answers that an honest one waits for is left.
    for (let count = 0; count < 10; count++) {
      world.say(client, '{"type":"ping","n":1}')
      client.bufferedBytes = client.frames.join('').length
    }
    expect(client.closedWith).toBe(undefined)
  })
})

describe('room', () => {
  test('who waits longest without a login makes room, and nobody who has logged in', () => {
    const world = serverWorld({ limits: { unauthenticated: 3 } })
    const inside = world.logIn(person(1))
    const first = world.connect()
    world.say(first, AUTH)
    world.advance(1)
    const others = [world.connect(), world.connect()]
    expect(first.closedWith).toBe(undefined)
    world.advance(1)
    const last = world.connect()
    expect(first.closedWith).toBe(4429)
    expect([inside, ...others, last].map(({ closedWith }) => closedWith)).toEqual(Array.from({ length: 4 }))
    expect(world.counters.cut.full).toBe(1)
  })

  test('so many connections in all, so many from one address, also while they close', () => {
    const world = serverWorld({ limits: { connections: 5, connectionsPerAddress: 2 } })
    const first = world.connect({ source: 'a' })
    world.connect({ source: 'a' })
    expect(world.hub.admits('a', world.nowMs)).toBe(false)
    world.say(first, 'null')
    expect(first.closedWith).toBe(4400)
    expect(world.hub.admits('a', world.nowMs)).toBe(false)
    gone(world, first)
    expect(world.hub.admits('a', world.nowMs)).toBe(true)
    for (const source of ['b', 'c', 'd', 'e']) world.connect({ source })
    expect(world.hub.admits('f', world.nowMs)).toBe(false)
    expect(world.counters.refused).toBe(3)
  })

  test('so many a minute from one address', () => {
    const world = serverWorld({ limits: { connectsBurst: 3, connectsPerMinute: 60 } })
    const tries = Array.from({ length: 5 }, () => world.hub.admits('a', world.nowMs))
    expect(tries).toEqual([true, true, true, false, false])
    expect(world.hub.admits('b', world.nowMs)).toBe(true)
    world.nowMs += 1_000
    expect(world.hub.admits('a', world.nowMs)).toBe(true)
    expect(world.hub.admits('a', world.nowMs)).toBe(false)
  })

  test('a frame above the limit ends the connection before anybody looks at it', () => {
    const world = serverWorld()
    const client = world.connect()
    client.connection?.received('null', 32_769, world.nowMs)
    expect(client.closedWith).toBe(4413)
  })

  test('at the end everybody is told to come back, and nothing is left', () => {
    const world = serverWorld()
    const clients = [world.connect(), world.logIn(person(1)), world.logIn(person(2))]
    world.hub.shutdown()
    expect(clients.map(({ closedWith }) => closedWith)).toEqual([1001, 1001, 1001])
    for (const client of clients) gone(world, client)
    expect([world.hub.size, world.hub.authenticatedSize, world.profile.ready.size]).toEqual([0, 0, 0])
    expect(world.hub.nextDeadlineMs).toBe(Infinity)
  })
})
