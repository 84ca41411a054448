// Who is let in, who is looked for and for how long: with a rendezvous node that does what the test says.
import { createSigner, generateSeed } from '@mimirjs/crypto'
import type { Peer } from '@mimirjs/peer'
import type { Knock as MeetingKnock, RendezvousLink } from '@mimirjs/rendezvous'
import { createClock } from '@mimirjs/transport/testing'
import { toHex } from '@mimirjs/wire'
import { describe, expect, test } from 'vitest'
import type { MessengerError } from '../src/error.js'
import { Meetings } from '../src/meetings.js'
import type {
  Knock,
  MeetingNode,
  MeetingPlace,
  RendezvousClock,
  RendezvousOptions,
  RendezvousServerStatus,
} from '../src/rendezvous.js'
import { type Decision, decision, settle } from './support/decision.js'

const SERVER = 'wss://meet.example'
const [BEN, CAT] = [createSigner(generateSeed()).publicKey, createSigner(generateSeed()).publicKey]
const [ben, cat] = [toHex(BEN), toHex(CAT)]

interface World {
  readonly options?: Partial<RendezvousOptions>
  readonly contacts?: readonly string[]
  readonly blocked?: readonly string[]
  readonly acceptsNobody?: boolean
  readonly name?: string
}

function setUp({ options, contacts = [], blocked = [], acceptsNobody = false, name = 'Ann' }: World = {}) {
  const clock = createClock(1_800_000_000_000)
  const listeners = new Map<string, (event: never) => void>()
  const calls: string[] = []
  const looking: { peer: string; signal: AbortSignal; link: Decision<Pick<RendezvousLink, 'role'>> }[] = []
  const streams: { address: string; connection: Decision<void> }[] = []
  const connected = new Set<string>()
  /** Those of them who came over a link. */
  const direct = new Set<string>()
  const knocks: MeetingKnock[] = []
  let servers: RendezvousServerStatus[] = []
  const events: {
    knock: Knock[]
    over: string[]
    missed: string[]
    error: MessengerError[]
    server: RendezvousServerStatus[]
    clock: RendezvousClock[]
    path: string[]
  } = {
    knock: [],
    over: [],
    missed: [],
    error: [],
    server: [],
    clock: [],
    path: [],
  }
  /** The newest link with somebody, and its listeners. */
  const links = new Map<
    string,
    { readonly publicKey: Uint8Array; isRestarting: boolean; tell: () => void; close: () => void }
  >()
  const node = {
    address: 'rdv://ann',
    contact: 'rdv1:ann',
    fingerprint: 'aaaa-aaaa',
    servers: () => servers,
    knocks: () => knocks,
    linkTo: (publicKey: Uint8Array) => links.get(toHex(publicKey)),
    connect: (publicKey: Uint8Array, { signal }: { signal: AbortSignal }) => {
      const link = decision<Pick<RendezvousLink, 'role'>>()
      looking.push({ peer: toHex(publicKey), signal, link })
      signal.addEventListener('abort', () => link.reject(new Error('taken back')))
      return link.promise.then(({ role }) => ({ role, close: () => calls.push(`hang up on ${toHex(publicKey)}`) }))
    },
    accept: (publicKey: Uint8Array) => calls.push(`accept ${toHex(publicKey)}`),
    decline: (publicKey: Uint8Array, { tell }: { tell?: string }) =>
      calls.push(`decline ${toHex(publicKey)} ${tell ?? 'silently'}`),
    addServer: (url: string) => calls.push(`add ${url}`),
    removeServer: (url: string) => {
      throw new Error(`${url} is not used`)
    },
    refresh: () => calls.push('refresh'),
    on: (event: string, listener: (event: never) => void) => {
      listeners.set(event, listener)
      return () => listeners.delete(event)
    },
    close: async () => calls.push('close'),
  }
  const place: MeetingPlace = {
    node: node as unknown as MeetingNode,
    options: { servers: [SERVER], ...options },
    doors: { policy: () => 'ignore', name: () => '' },
  }
  const network = {
    connection: (publicKey: Uint8Array) => (connected.has(toHex(publicKey)) ? {} : undefined),
    connectionsOf: (publicKey: Uint8Array) => (direct.has(toHex(publicKey)) ? [{ remoteAddress: 'rdv://' }] : []),
    connections: () => [...connected].map(() => ({ remoteAddress: `rdv://${ben}`, remotePublicKey: BEN })),
    connect: (_: Uint8Array, [address = '']: readonly string[]) => {
      const connection = decision()
      streams.push({ address, connection })
      return connection.promise
    },
  }
  const meetings = new Meetings({
    place,
    network: () => network as unknown as Peer,
    people: {
      isContact: (peer) => contacts.includes(peer),
      isBlocked: (peer) => blocked.includes(peer),
      accepts: () => !acceptsNobody,
      contacts: () => [...contacts],
    },
    clock,
    random: () => 0.5,
    name: () => name,
    onKnock: (knock) => events.knock.push(knock),
    onKnockOver: (peer) => events.over.push(peer),
    onMissed: (peer) => events.missed.push(peer),
    onServer: (status) => events.server.push(status),
    onClock: (told) => events.clock.push(told),
    onPath: (peer) => events.path.push(peer),
    onError: (error) => events.error.push(error),
  })
  const emit = (event: string, value: unknown): void => listeners.get(event)?.(value as never)
  const server = (state: RendezvousServerStatus['state'], url = SERVER): void => {
    const status = { url, state }
    servers = [...servers.filter((other) => other.url !== url), status]
    emit('server', status)
  }
  const link = (publicKey: Uint8Array) => {
    const made = {
      publicKey,
      isRestarting: false,
      tell: () => {},
      close: () => calls.push(`hang up on ${toHex(publicKey)}`),
      on: (_: 'restarting', tell: () => void) => (made.tell = tell),
    }
    links.set(toHex(publicKey), made)
    emit('link', made)
    return made
  }
  const join = (publicKey: Uint8Array): void => {
    connected.add(toHex(publicKey))
    meetings.connected({ remotePublicKey: publicKey })
  }
  return {
    clock,
    meetings,
    place,
    calls,
    looking,
    streams,
    connected,
    direct,
    knocks,
    events,
    listeners,
    emit,
    server,
    link,
    join,
  }
}

const declined = Object.assign(new Error('they said no'), { code: 'declined' })

function knockOf(publicKey: Uint8Array): MeetingKnock {
  return { publicKey, fingerprint: 'bbbb-bbbb', name: 'Ben', expiresMs: 1_800_000_120_000 }
}

describe('who may come', () => {
  test.each<[string, World, string]>([
    ['a contact', { contacts: [ben], options: { strangers: 'refuse' } }, 'accept'],
    ['somebody blocked', { blocked: [ben], options: { strangers: 'accept' } }, 'ignore'],
    ['a stranger', {}, 'ask'],
    ['a stranger where all come in', { options: { strangers: 'accept' } }, 'accept'],
    ['a stranger where none comes in', { options: { strangers: 'refuse' } }, 'ignore'],
    [
      'a stranger whom the messenger would turn away',
      { options: { strangers: 'accept' }, acceptsNobody: true },
      'ignore',
    ],
  ])('%s', (_, world, answer) => {
    expect(setUp(world).place.doors.policy(ben)).toBe(answer)
  })

  test('whom we look for ourselves, as long as we do; and nobody when we leave', async () => {
    const { meetings, place, looking } = setUp({ options: { strangers: 'refuse' } })
    const { done } = meetings.meet(BEN)
    await settle()
    expect(place.doors.policy(ben)).toBe('accept')
    looking[0]?.link.reject(new Error('nobody answered'))
    await expect(done).rejects.toThrow('nobody answered')
    expect(place.doors.policy(ben)).toBe('ignore')
    const open = setUp({ options: { strangers: 'accept' } })
    open.meetings.leave()
    expect(open.place.doors.policy(ben)).toBe('ignore')
  })

  test('nobody who is blocked now: the link under their connections is closed, and no other', () => {
    const { meetings, link, calls } = setUp()
    link(BEN)
    link(CAT)
    meetings.blocked(ben)
    expect(calls).toEqual([`hang up on ${ben}`])
  })

  test.each([
    ['Ann', 'Ann'],
    ['x'.repeat(80), 'x'.repeat(64)],
    [`${'x'.repeat(63)}😀`, 'x'.repeat(63)],
    [`${'x'.repeat(62)}😀y`, `${'x'.repeat(62)}😀`],
  ])('we call ourselves %s, as far as a knock carries it', (name, said) => {
    expect(setUp({ name }).place.doors.name()).toBe(said)
  })
})

describe('a knock', () => {
  test('is told of, listed, answered when they become a contact, and told of when it was missed', () => {
    const { meetings, emit, knocks, events, calls } = setUp()
    knocks.push(knockOf(BEN))
    emit('knock', knockOf(BEN))
    const said = { peer: ben, fingerprint: 'bbbb-bbbb', name: 'Ben', expiresMs: 1_800_000_120_000 }
    expect(events.knock).toEqual([said])
    expect(meetings.knocks()).toEqual([said])
    meetings.acquainted(cat)
    expect(calls).toEqual([])
    meetings.acquainted(ben)
    expect(calls).toEqual([`accept ${ben}`])
    emit('knockOver', { publicKey: BEN })
    emit('missed', { publicKey: BEN })
    expect([events.over, events.missed]).toEqual([[ben], [ben]])
  })

  test('can only be answered while it waits', () => {
    const { meetings, knocks } = setUp()
    expect(() => meetings.demandKnock(ben)).toThrow(expect.objectContaining({ code: 'unknown-request' }) as Error)
    knocks.push(knockOf(BEN))
    meetings.demandKnock(ben)
  })

  test('of somebody who is blocked now is declined without a word', () => {
    const { meetings, knocks, calls } = setUp()
    knocks.push(knockOf(BEN))
    meetings.blocked(cat)
    meetings.blocked(ben)
    expect(calls).toEqual([`decline ${ben} silently`])
  })
})

describe('looking for somebody', () => {
  test('takes a link first, and then a connection over it', async () => {
    const { meetings, looking, streams } = setUp()
    const { linked, done } = meetings.meet(BEN)
    await settle()
    expect(looking.map(({ peer }) => peer)).toEqual([ben])
    expect(streams).toEqual([])
    looking[0]?.link.resolve({ role: 'offerer' })
    await settle()
    expect(linked.aborted).toBe(true)
    expect(streams.map(({ address }) => address)).toEqual([`rdv://${ben}`])
    streams[0]?.connection.resolve()
    await done
  })

  test('is done once, whoever wants them', async () => {
    const { meetings, looking } = setUp()
    const first = meetings.meet(BEN)
    expect(meetings.meet(BEN)).toBe(first)
    await settle()
    expect(looking).toHaveLength(1)
    looking[0]?.link.reject(new Error('nobody answered'))
    await expect(first.done).rejects.toThrow('nobody answered')
    expect(meetings.meet(BEN)).not.toBe(first)
  })

  test('ends when all who could give up have, unless something is to be delivered', async () => {
    const { meetings, looking } = setUp()
    const [one, other] = [new AbortController(), new AbortController()]
    const { done } = meetings.meet(BEN, one.signal)
    meetings.meet(BEN, other.signal)
    await settle()
    one.abort()
    expect(looking[0]?.signal.aborted).toBe(false)
    other.abort()
    expect(looking[0]?.signal.aborted).toBe(true)
    await expect(done).rejects.toThrow('taken back')

    meetings.meet(CAT, one.signal)
    const third = new AbortController()
    meetings.meet(CAT)
    meetings.meet(CAT, third.signal)
    await settle()
    third.abort()
    expect(looking[1]?.signal.aborted).toBe(false)
  })

  test('by somebody who had given up already asks nobody', async () => {
    const { meetings, looking } = setUp()
    const { done } = meetings.meet(BEN, AbortSignal.abort(new Error('enough')))
    await expect(done).rejects.toThrow()
    expect(looking.every(({ signal }) => signal.aborted)).toBe(true)
  })

  test('ends when a connection comes by another way', async () => {
    const { meetings, looking, join, streams } = setUp()
    const { done } = meetings.meet(BEN)
    await settle()
    join(BEN)
    await done
    expect(looking[0]?.signal.aborted).toBe(true)
    expect(streams).toEqual([])
  })

  test('leaves the first stream to the one who described the link, and makes it if they do not', async () => {
    const { meetings, looking, join, streams, clock } = setUp()
    const meeting = meetings.meet(BEN)
    await settle()
    looking[0]?.link.resolve({ role: 'answerer' })
    await settle()
    join(BEN)
    await meeting.done
    expect(streams).toEqual([])

    const { linked } = meetings.meet(CAT)
    await settle()
    looking[1]?.link.resolve({ role: 'answerer' })
    await settle()
    expect(linked.aborted).toBe(false)
    clock.advance(3_000)
    await settle()
    expect(streams.map(({ address }) => address)).toEqual([`rdv://${cat}`])
    expect(clock.nextDueMs).toBeUndefined()
  })

  test('who said no is left alone for a while, unless the user asks again, or they come to us', async () => {
    const { meetings, looking, clock, join } = setUp()
    const decline = async (signal?: AbortSignal): Promise<void> => {
      const { done } = meetings.meet(BEN, signal)
      await settle()
      looking.at(-1)?.link.reject(declined)
      await expect(done).rejects.toMatchObject({ code: 'unreachable', message: expect.stringContaining('declined') })
    }
    await decline()
    expect(looking).toHaveLength(1)
    await decline()
    expect(looking).toHaveLength(1)
    await decline(new AbortController().signal)
    expect(looking).toHaveLength(2)
    clock.advance(600_000)
    await decline()
    expect(looking).toHaveLength(3)
    join(BEN)
    await decline()
    expect(looking).toHaveLength(4)
    meetings.refresh()
    await decline()
    expect(looking).toHaveLength(5)
  })

  test.each<[string, (world: ReturnType<typeof setUp>) => void]>([
    ['nobody listens there', ({ streams }) => streams[0]?.connection.reject(new Error('refused'))],
    [
      'they came by another way first',
      ({ join, streams }) => {
        join(BEN)
        streams[0]?.connection.reject(new Error('refused'))
      },
    ],
  ])('ends the link again when nothing goes over it: %s', async (_, happen) => {
    const world = setUp()
    const { done } = world.meetings.meet(BEN)
    done.catch(() => {})
    await settle()
    world.looking[0]?.link.resolve({ role: 'offerer' })
    await settle()
    happen(world)
    await settle()
    expect(world.calls).toEqual([`hang up on ${ben}`])
  })

  test('leaves the link alone that a connection of theirs goes over', async () => {
    const { meetings, looking, direct, streams, calls } = setUp()
    const { done } = meetings.meet(BEN)
    await settle()
    looking[0]?.link.resolve({ role: 'offerer' })
    await settle()
    direct.add(ben)
    streams[0]?.connection.reject(new Error('one is enough'))
    await expect(done).rejects.toThrow('one is enough')
    expect(calls).toEqual([])
  })

  test('ends when they are blocked, and when we leave', async () => {
    const { meetings, looking } = setUp()
    const [first, second] = [meetings.meet(BEN), meetings.meet(CAT)]
    await settle()
    meetings.blocked(ben)
    await expect(first.done).rejects.toThrow('taken back')
    meetings.leave()
    await expect(second.done).rejects.toThrow('taken back')
    expect(looking.map(({ signal }) => signal.aborted)).toEqual([true, true])
  })
})

describe('contacts', () => {
  test('are looked for when a server carries our words, again when it had been gone, and not twice', async () => {
    const { server, looking, connected } = setUp({ contacts: [ben, cat] })
    connected.add(cat)
    server('connecting')
    await settle()
    expect(looking).toEqual([])
    server('ready')
    server('ready')
    await settle()
    expect(looking.map(({ peer }) => peer)).toEqual([ben])
    looking[0]?.link.reject(new Error('nobody answered'))
    await settle()
    server('waiting')
    server('ready')
    await settle()
    expect(looking.map(({ peer }) => peer)).toEqual([ben, ben])
    // They may have been waiting at another one.
    looking[1]?.link.reject(new Error('nobody answered'))
    server('connecting', 'wss://other.example')
    await settle()
    expect(looking).toHaveLength(2)
    server('ready', 'wss://other.example')
    await settle()
    expect(looking.map(({ peer }) => peer)).toEqual([ben, ben, ben])
  })

  test('are looked for a few at a time, and not all of very many', async () => {
    const keys = Array.from({ length: 70 }, (_, at) => at.toString(16).padStart(64, '0'))
    const { server, looking } = setUp({ contacts: keys })
    server('ready')
    await settle()
    expect(looking).toHaveLength(8)
    for (let at = 0; at < looking.length; at++) {
      looking[at]?.link.reject(new Error('nobody answered'))
      await settle()
    }
    expect(looking.map(({ peer }) => peer)).toEqual(keys.slice(0, 64))
  })

  test('are looked for again and again when their direct connection ended, until there is one; others are not', async () => {
    const { meetings, server, join, connected, looking, clock } = setUp({ contacts: [ben] })
    join(BEN)
    server('ready')
    connected.delete(ben)
    meetings.lost(ben, 'tcp://127.0.0.1:1')
    meetings.lost(cat, `rdv://${cat}`)
    expect(clock.nextDueMs).toBeUndefined()
    meetings.lost(ben, `rdv://${ben}`)
    meetings.lost(ben, `rdv://${ben}`)
    const startMs = clock.nowMs()
    // Half of 2, 4, 8 s: nobody answers for as long as the path is away.
    for (const [at, secondsLater] of [1, 3, 7].entries()) {
      clock.advance(startMs + secondsLater * 1_000 - clock.nowMs() - 1)
      await settle()
      expect(looking).toHaveLength(at)
      clock.advance(1)
      await settle()
      expect(looking.map(({ peer }) => peer)).toEqual(Array.from({ length: at + 1 }, () => ben))
      looking[at]?.link.reject(Object.assign(new Error('nobody answered'), { code: 'no-answer' }))
      await settle()
    }
    join(BEN)
    expect(clock.nextDueMs).toBeUndefined()
  })

  test('who are none any more, or lost while no server is there, are left alone', async () => {
    const contacts = [ben, cat]
    const { meetings, server, looking, clock } = setUp({ contacts })
    server('ready')
    await settle()
    for (const { link } of looking.splice(0))
      link.reject(Object.assign(new Error('nobody answered'), { code: 'no-answer' }))
    await settle()
    meetings.lost(ben, `rdv://${ben}`)
    contacts.shift()
    clock.advance(2_000)
    server('waiting')
    meetings.lost(cat, `rdv://${cat}`)
    clock.advance(2_000)
    await settle()
    expect([looking, clock.nextDueMs]).toEqual([[], undefined])
    server('ready')
    await settle()
    expect(looking.map(({ peer }) => peer)).toEqual([cat])
  })

  test('are left alone when the program says so, and when we leave', async () => {
    const quiet = setUp({ contacts: [ben], options: { meetContacts: false } })
    quiet.server('ready')
    quiet.meetings.lost(ben, `rdv://${ben}`)
    const gone = setUp({ contacts: [ben] })
    gone.meetings.lost(ben, `rdv://${ben}`)
    gone.meetings.leave()
    gone.server('ready')
    for (const { clock, looking } of [quiet, gone]) {
      clock.advance(2_000)
      await settle()
      expect(looking).toEqual([])
      expect(clock.nextDueMs).toBeUndefined()
    }
  })

  test('are looked for when the network is back, if a server is there', async () => {
    const { meetings, server, looking, calls } = setUp({ contacts: [ben] })
    meetings.refresh()
    await settle()
    expect([looking.length, calls]).toEqual([0, ['refresh']])
    server('ready')
    await settle()
    looking[0]?.link.reject(new Error('nobody answered'))
    await settle()
    meetings.refresh()
    await settle()
    expect(looking).toHaveLength(2)
  })
})

test('servers are logged in to when we start, and come and go; what cannot be is one clear error', () => {
  const { meetings, calls } = setUp()
  expect(calls).toEqual([])
  meetings.start()
  meetings.addServer('wss://other.example')
  expect(calls).toEqual([`add ${SERVER}`, 'add wss://other.example'])
  for (const wrong of [() => meetings.addServer('http://x'), () => meetings.removeServer('wss://third.example')])
    expect(wrong).toThrow(expect.objectContaining({ name: 'MessengerError', code: 'rendezvous' }) as Error)
})

test('how we stand: who we are, where, and with how many people', () => {
  const { meetings, server, join, events } = setUp()
  server('ready')
  join(BEN)
  join(CAT)
  const servers = [{ url: SERVER, state: 'ready' }]
  expect(events.server).toEqual(servers)
  const health = { address: 'rdv://ann', contact: 'rdv1:ann', fingerprint: 'aaaa-aaaa', servers, links: 1 }
  expect(meetings.health).toEqual(health)
})

test('that our clock is wrong is told, and what most servers say of it, until they no longer do', () => {
  const { meetings, emit, events } = setUp()
  expect(meetings.health.clockOffsetMs).toBeUndefined()
  emit('clock', { offsetMs: -300_000 })
  expect(meetings.health.clockOffsetMs).toBe(-300_000)
  emit('clock', { offsetMs: undefined })
  expect(meetings.health.clockOffsetMs).toBeUndefined()
  expect(events.clock).toEqual([{ clockOffsetMs: -300_000 }, { clockOffsetMs: undefined }])
})

test('that a link has lost its path is told, and holds for the connections over it', () => {
  const { meetings, link, events } = setUp()
  const address = `rdv://${ben}`
  expect(meetings.isRestarting(address)).toBe(false)
  const made = link(BEN)
  expect(meetings.isRestarting(address)).toBe(false)
  made.isRestarting = true
  made.tell()
  expect(events.path).toEqual([ben])
  const others = [`tcp://[::1]:1`, `rdv://${cat}`]
  expect([address, ...others].map((one) => meetings.isRestarting(one))).toEqual([true, false, false])
})

test('what fails in the node is told; when we close nobody listens any more, and the node is closed', async () => {
  const { meetings, emit, events, listeners, calls } = setUp()
  emit('error', new Error('no WebRTC here'))
  expect(events.error).toMatchObject([{ code: 'rendezvous', message: 'our rendezvous node: no WebRTC here' }])
  await meetings.close()
  expect(listeners.size).toBe(0)
  expect(calls).toEqual(['close'])
})
