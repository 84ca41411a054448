// Messengers that find each other on a local network in memory, without a tracker.
import { createSigner, generateSeed } from '@mimirjs/crypto'
import {
  DISCOVERY_IPV4,
  DISCOVERY_PORT,
  Discovery,
  formatMulticastAddress,
  type MulticastNetwork,
  parseGroup,
} from '@mimirjs/multicast'
import { lossyNetwork } from '@mimirjs/multicast/testing'
import { TransportError } from '@mimirjs/transport'
import { createClock } from '@mimirjs/transport/testing'
import { describe, expect, test, vi } from 'vitest'
import { createMemoryStore, type Messenger, type MessengerEvents } from '../src/index.js'
import { meet, Neighbourhood, WAIT } from './support/local-network.js'
import { collect, keepOpen } from './support/world.js'

type NearbyEvent = MessengerEvents['nearby']

/** Waits between attempts so long that only what is found can be the reason for one. */
const PATIENT = { retry: { minMs: 600_000, maxMs: 600_000 } }

function eventsOf(messenger: Messenger): NearbyEvent[] {
  const events: NearbyEvent[] = []
  messenger.on('nearby', (event) => events.push(event))
  return events
}

async function addressOf(messenger: Messenger): Promise<string> {
  return (await messenger.health()).multicast!.address
}

/** By which addresses connections were made. */
function waysOf(messenger: Messenger): string[] {
  const ways: string[] = []
  messenger.on('state', (state) => state.state === 'up' && ways.push(state.address))
  return ways
}

describe('two on one network, who know each other by key', () => {
  test('find each other, say so, and talk', async () => {
    const net = new Neighbourhood()
    const { messenger: ann } = await net.person()
    const events = eventsOf(ann)
    const { messenger: ben } = await net.person()
    await ann.addContact(ben.publicKey)
    await meet(ann, ben)
    const there = { peer: ben.publicKey, address: await addressOf(ben) }
    expect(events).toEqual([{ ...there, state: 'found' }])
    expect(ann.nearby()).toEqual([{ ...there, contact: true }])
    expect(ben.nearby()).toEqual([{ peer: ann.publicKey, address: await addressOf(ann), contact: false }])
    expect(await ann.health()).toMatchObject({
      listening: [await addressOf(ann)],
      multicast: { address: await addressOf(ann), interface: 'memory', nearby: 1 },
    })

    const ways = waysOf(ann)
    ben.on('message', (message) => message.reply(`re: ${message.text}`))
    const answered = collect(ann, 1)
    await ann.whenDelivered(await ann.send(ben.publicKey, 'hello'))
    expect((await answered)[0]?.text).toBe('re: hello')
    expect(ways).toEqual([there.address])
  })

  test('what waited is said as soon as the other one comes', async () => {
    const net = new Neighbourhood()
    const signer = createSigner(generateSeed())
    const { messenger: ann } = await net.person(PATIENT)
    const waits = new Promise<void>((resolve) => {
      ann.on('state', ({ state }) => state === 'waiting' && resolve())
    })
    const key = signer.publicKey
    const sent = await ann.send(key, 'are you there?')
    await waits
    const { messenger: ben } = await net.person({ ...PATIENT, signer })
    const [message] = await collect(ben, 1)
    expect(message?.text).toBe('are you there?')
    await ann.whenDelivered(sent)
  })

  test('a third hears nothing of what two say to each other, and all three talk', async () => {
    const net = new Neighbourhood()
    const all = [await net.person(), await net.person(), await net.person()].map(({ messenger }) => messenger)
    await meet(...all)
    const got = all.map((one) => collect(one, 2))
    for (const one of all)
      for (const other of all) if (other !== one) await one.send(other.publicKey, `for ${other.publicKey}`)
    for (const [at, messages] of (await Promise.all(got)).entries()) {
      const others = all.filter((_, index) => index !== at).map(({ publicKey }) => publicKey)
      expect(messages.map(({ text }) => text)).toEqual(Array(2).fill(`for ${all[at]!.publicKey}`))
      expect(messages.map(({ from }) => from).sort()).toEqual(others.sort())
    }
  })

  test('speak the current generation there, too: what goes on streams of its own comes, from either side', async () => {
    const net = new Neighbourhood()
    const [{ messenger: ann }, { messenger: ben }] = [
      await net.person({ generation: 'current' }),
      await net.person({ generation: 'current' }),
    ]
    await meet(ann, ben)
    const long = 'a long story. '.repeat(12_000)
    const heard = collect(ben, 2)
    await ann.send(ben.publicKey, 'first')
    await ann.whenDelivered(await ann.send(ben.publicKey, long))
    expect((await heard).map(({ text }) => text)).toEqual(['first', long])
    const back = collect(ann, 1)
    await ben.whenDelivered(await ben.send(ann.publicKey, long.toUpperCase()))
    expect((await back)[0]?.text).toBe(long.toUpperCase())
  })
})

describe('what holds about loss holds here', () => {
  test('a lossy link: everything arrives once and in order, both ways', async () => {
    const net = new Neighbourhood({ seed: 5 })
    const [{ messenger: ann }, { messenger: ben }] = [await net.person(), await net.person()]
    await meet(ann, ben)
    net.link.faults = { dropChance: 0.08, duplicateChance: 0.08, reorderChance: 0.1, reorderMs: 5 }
    const texts = Array.from({ length: 40 }, (_, at) => `note ${at}`)
    const [atAnn, atBen] = [collect(ann, 40), collect(ben, 40)]
    for (const text of texts) {
      await ann.send(ben.publicKey, text)
      await ben.send(ann.publicKey, text)
    }
    expect((await atAnn).map(({ text }) => text)).toEqual(texts)
    expect((await atBen).map(({ text }) => text)).toEqual(texts)
    await vi.waitFor(async () => expect((await ann.health()).undelivered).toBe(0), WAIT)
    expect(await ann.history(ben.publicKey, { limit: 200 })).toHaveLength(80)
  })

  test('a restart in the middle, with a new group: the rest comes, and nothing twice', async () => {
    const net = new Neighbourhood()
    const { messenger: ann } = await net.person(PATIENT)
    const store = keepOpen(createMemoryStore())
    const { messenger: first, parts } = await net.person({ store })
    await meet(ann, first)
    const before = await addressOf(first)
    const events = eventsOf(ann)
    const texts = Array.from({ length: 30 }, (_, at) => `note ${at}`)
    const some = collect(first, 3)
    for (const text of texts) await ann.send(first.publicKey, text)
    await some
    await first.close({ timeoutMs: 0 })

    const { messenger: second } = await net.person({ ...parts, store })
    const after = await addressOf(second)
    expect(after).not.toBe(before)
    await vi.waitFor(async () => expect((await ann.health()).undelivered).toBe(0), WAIT)
    const history = await second.history(ann.publicKey, { limit: 100 })
    expect(history.map(({ text }) => text).reverse()).toEqual(texts)
    expect(events).toEqual([{ peer: second.publicKey, address: after, state: 'found' }])
    expect(ann.nearby()).toEqual([{ peer: second.publicKey, address: after, contact: false }])
  })

  test('one of them is gone without a word in the middle, and back with a new group: nobody waits for a timeout', async () => {
    const net = new Neighbourhood()
    const { messenger: ann } = await net.person()
    const store = keepOpen(createMemoryStore())
    let isOff = false
    const network = lossyNetwork(net.link.network(), { loseWrite: () => isOff, loseRead: () => isOff })
    const { messenger: first, parts } = await net.person({ store }, { network })
    await meet(ann, first)
    const texts = Array.from({ length: 30 }, (_, at) => `note ${at}`)
    const some = collect(first, 3)
    for (const text of texts) await ann.send(first.publicKey, text)
    await some
    isOff = true
    await first.close({ timeoutMs: 0 })
    // What is on its way to nobody.
    await ann.send(first.publicKey, 'are you there?')
    const startMs = performance.now()
    const { messenger: second } = await net.person({ ...parts, store })
    await vi.waitFor(async () => expect((await ann.health()).undelivered).toBe(0), WAIT)
    // Connections and streams notice a silence after 20 s at the earliest.
    expect(performance.now() - startMs).toBeLessThan(15_000)
    const history = await second.history(ann.publicKey, { limit: 100 })
    expect(history.map(({ text }) => text).reverse()).toEqual([...texts, 'are you there?'])
  })

  test('the link is cut and comes back', async () => {
    const net = new Neighbourhood()
    const [{ messenger: ann }, { messenger: ben }] = [await net.person(), await net.person()]
    await meet(ann, ben)
    const heard = collect(ben, 2)
    await ann.whenDelivered(await ann.send(ben.publicKey, 'before'))
    net.link.faults = { dropChance: 1 }
    const sent = await ann.send(ben.publicKey, 'meanwhile')
    const { link } = net
    const before = link.sent
    // It is being tried.
    await vi.waitFor(() => expect(link.sent).toBeGreaterThan(before + 2), WAIT)
    net.link.faults = {}
    await ann.whenDelivered(sent)
    expect((await heard).map(({ text }) => text)).toEqual(['before', 'meanwhile'])
  })
})

describe('strangers', () => {
  test('are told of, and nobody sends them anything for that', async () => {
    const net = new Neighbourhood()
    const types = new Set<number>()
    net.link.listen((bytes) => types.add(bytes[0]!))
    const all = await Promise.all([net.person(), net.person(), net.person()])
    await meet(...all.map(({ messenger }) => messenger))
    // Address declarations to the group of discovery, and nothing else.
    expect([...types]).toEqual([0])
    for (const { messenger } of all) {
      expect((await messenger.health()).connections).toBe(0)
      expect(messenger.nearby().map(({ contact }) => contact)).toEqual([false, false])
    }
  })

  test('who talk to those who take contacts only are turned away, as anywhere', async () => {
    const net = new Neighbourhood()
    const [{ messenger: ann }, { messenger: ben }] = [await net.person({ acceptFrom: 'contacts' }), await net.person()]
    await meet(ann, ben)
    await expect(ben.connect(ann.publicKey)).rejects.toMatchObject({ code: 'unreachable' })
    await ann.addContact(ben.publicKey)
    await ben.connect(ann.publicKey)
    await vi.waitFor(async () => expect((await ann.health()).connections).toBe(1), WAIT)
  })

  test('who are blocked while they are there are lost, and found again when that is undone', async () => {
    const net = new Neighbourhood()
    const [{ messenger: ann }, { messenger: ben }] = [await net.person(), await net.person()]
    await meet(ann, ben)
    const events = eventsOf(ann)
    const there = { peer: ben.publicKey, address: await addressOf(ben) }
    await ann.block(ben.publicKey)
    await ann.block(ben.publicKey)
    expect(events).toEqual([{ ...there, state: 'lost' }])
    await ann.addContact(ben.publicKey)
    await ann.addContact(ben.publicKey)
    expect(events.slice(1)).toEqual([{ ...there, state: 'found' }])
  })

  test('who are blocked are neither listed nor told of, and cannot open a session', async () => {
    const net = new Neighbourhood()
    const signer = createSigner(generateSeed())
    const { messenger: ann } = await net.person()
    const events = eventsOf(ann)
    await ann.block(signer.publicKey)
    const { messenger: ben } = await net.person({ signer })
    const { messenger: cat } = await net.person()
    await meet(ben, cat)
    await vi.waitFor(() => expect(ann.nearby().map(({ peer }) => peer)).toEqual([cat.publicKey]), WAIT)
    expect(events.map(({ peer }) => peer)).toEqual([cat.publicKey])
    expect((await ann.health()).multicast?.nearby).toBe(1)
    // Whoever connects has to know where.
    await vi.waitFor(() => expect(ben.nearby().map(({ peer }) => peer)).toContain(ann.publicKey), WAIT)
    const answers: number[] = []
    net.link.listen((bytes, _, host) => host === '192.0.2.1' && answers.push(bytes[0]!))
    const abort = new AbortController()
    const connecting = ben.connect(ann.publicKey, { signal: abort.signal })
    const refused = expect(connecting).rejects.toMatchObject({ code: 'aborted' })
    let asked = 0
    net.link.listen((bytes) => {
      if (bytes[0] === 1) asked += 1
    })
    // The first time there would have been an answer long before the second.
    await vi.waitFor(() => expect(asked).toBeGreaterThan(1), WAIT)
    abort.abort()
    await refused
    expect(answers.filter((type) => type !== 0)).toEqual([])
  })
})

test('somebody says again where a person once was: other ways are taken, and come first next time', async () => {
  const clock = createClock(1_800_000_000_000)
  const net = new Neighbourhood({ clock })
  const signer = createSigner(generateSeed())
  const { messenger: ann } = await net.person({ clock })
  // Ben is not on this network; what he said here last year is.
  const { messenger: ben } = await net.person({ clock, signer, multicast: false })
  const ghost = await Discovery.open({
    network: net.link.network(),
    signer,
    address: formatMulticastAddress({ publicKey: signer.publicKey, group: parseGroup('224.0.240.1'), port: 2_000 }),
    clock,
  })
  let openings = 0
  net.link.listen((bytes) => {
    if (bytes[0] === 1) openings += 1
  })
  const pass = async (until: () => boolean): Promise<void> => {
    for (let step = 0; step < 500 && !until(); step++) {
      clock.advance(100)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(until()).toBe(true)
  }
  await pass(() => ann.nearby().length === 1)
  ann.addAddress(ben.publicKey, await ben.listen('memory://ben'))
  const texts: string[] = []
  ben.on('message', ({ text }) => void texts.push(text))
  const ways = waysOf(ann)
  await ann.send(ben.publicKey, 'first')
  await pass(() => texts.length === 1)
  expect(openings).toBeGreaterThan(1)

  const before = openings
  await ann.block(ben.publicKey)
  await ann.addContact(ben.publicKey)
  await ann.send(ben.publicKey, 'second')
  await pass(() => texts.length === 2)
  expect(openings).toBe(before)
  expect(ways).toEqual(['memory://ben', 'memory://ben'])
  await ghost.close()
  // Closing takes time that nobody turns any more.
  await Promise.all([ann, ben].map((one) => one.close({ timeoutMs: 0 })))
})

test('somebody says again and again all that a person ever said here: each place is tried once, and then other ways first', async () => {
  const clock = createClock(1_800_000_000_000)
  const net = new Neighbourhood({ clock })
  const signer = createSigner(generateSeed())
  const { messenger: ann } = await net.person({ clock })
  const { messenger: ben } = await net.person({ clock, signer, multicast: false })
  const words: Uint8Array[] = []
  for (let last = 1; last <= 4; last++) {
    const end = net.link.listen((bytes) => words.push(bytes.slice()))
    const group = parseGroup(`224.0.240.${last}`)
    const address = formatMulticastAddress({ publicKey: signer.publicKey, group, port: 2_000 })
    const once = await Discovery.open({ network: net.link.network(), signer, address, clock })
    end()
    await once.close()
  }
  expect(words).toHaveLength(4)
  const tried: string[] = []
  net.link.listen((bytes, to) => {
    if (bytes[0] === 1 && tried.at(-1) !== to) tried.push(to)
  })
  let steps = 0
  const pass = async (until: () => boolean): Promise<void> => {
    for (let step = 0; step < 2_000 && !until(); step++, steps++) {
      // So seldom that every signature is checked, and everything is new again: two places are remembered of anybody.
      const word = words[(steps / 5) % words.length]
      if (word !== undefined) net.link.inject(word, parseGroup(DISCOVERY_IPV4, { extraScopes: true }), DISCOVERY_PORT)
      clock.advance(100)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(until()).toBe(true)
  }
  await pass(() => ann.nearby().length === 1)
  ann.addAddress(ben.publicKey, await ben.listen('memory://ben'))
  const texts: string[] = []
  ben.on('message', ({ text }) => void texts.push(text))
  await ann.send(ben.publicKey, 'first')
  await pass(() => texts.length === 1)
  expect([...tried].sort()).toEqual(words.map((_, at) => `udp://224.0.240.${at + 1}:2000`))

  const before = steps
  await ann.block(ben.publicKey)
  await ann.addContact(ben.publicKey)
  await ann.send(ben.publicKey, 'second')
  await pass(() => texts.length === 2)
  // No place was waited for.
  expect(steps - before).toBeLessThan(10)
  expect(tried).toHaveLength(words.length)
  // Closing takes time that nobody turns any more.
  await Promise.all([ann, ben].map((one) => one.close({ timeoutMs: 0 })))
})

describe('a socket that the system takes away', () => {
  async function breakable(): Promise<{
    ann: Messenger
    ben: Messenger
    codes: string[]
    fail: (() => void)[]
    net: Neighbourhood
  }> {
    const net = new Neighbourhood()
    const inner = net.link.network()
    const fail: (() => void)[] = []
    const network: MulticastNetwork = {
      prefixInterface: inner.prefixInterface,
      open: async (options) => {
        const socket = await inner.open(options)
        const start = socket.start.bind(socket)
        socket.start = (handlers) => {
          fail.push(() => handlers.closed(new TransportError('reset', 'the interface is gone')))
          start(handlers)
        }
        return socket
      },
    }
    const { messenger: ann } = await net.person({}, { network })
    const { messenger: ben } = await net.person()
    await meet(ann, ben)
    const codes: string[] = []
    ann.on('error', ({ code }) => codes.push(code))
    return { ann, ben, codes, fail, net }
  }

  test('that of the node: nobody is told any more that we are there, and nobody dialled from there', async () => {
    const { ann, ben, codes, fail, net } = await breakable()
    expect(net.link.sockets).toBe(4)
    fail[0]?.()
    expect(codes).toEqual(['multicast'])
    expect(ann.nearby()).toEqual([])
    // The one of discovery is closed too.
    await vi.waitFor(() => expect(net.link.sockets).toBeLessThan(4), WAIT)
    await expect(ann.connect(ben.publicKey)).rejects.toMatchObject({ message: expect.not.stringContaining('mp2p://') })
  })

  test('that of discovery: nobody is taken for present any more', async () => {
    const { ann, codes, fail } = await breakable()
    const events = eventsOf(ann)
    fail[1]?.()
    expect(events.map(({ state }) => state)).toEqual(['lost'])
    expect(codes).toEqual(['multicast'])
    expect(ann.nearby()).toEqual([])
    expect((await ann.health()).multicast?.nearby).toBe(0)
  })
})

describe('what is said', () => {
  test('nothing by those who do not announce; they find the others and talk first', async () => {
    const net = new Neighbourhood()
    const { messenger: ben } = await net.person({}, { announce: false })
    const { messenger: ann } = await net.person()
    await vi.waitFor(() => expect(ben.nearby()).toMatchObject([{ peer: ann.publicKey }]), WAIT)
    expect(ann.nearby()).toEqual([])
    const heard = collect(ann, 1)
    await ben.whenDelivered(await ben.send(ann.publicKey, 'it is me'))
    expect((await heard)[0]?.text).toBe('it is me')
  })

  test('nothing any more by those who have closed; they are lost after two and a half minutes', async () => {
    const clock = createClock(1_800_000_000_000)
    const net = new Neighbourhood({ clock })
    const [{ messenger: ann }, { messenger: ben }] = [await net.person({ clock }), await net.person({ clock })]
    const events = eventsOf(ann)
    clock.advance(10_000)
    const address = await addressOf(ben)
    await ben.close()
    let said = 0
    net.link.listen((_, __, host) => {
      if (host === '192.0.2.2') said += 1
    })
    clock.advance(140_000)
    expect(ann.nearby()).toHaveLength(1)
    clock.advance(11_000)
    expect(ann.nearby()).toEqual([])
    expect(events.map(({ state }) => state)).toEqual(['found', 'lost'])
    expect(events[1]).toEqual({ peer: ben.publicKey, address, state: 'lost' })
    expect(said).toBe(0)
    const closing = ann.close()
    await closing
    expect(net.link.sockets).toBe(0)
  })
})
