import type { SeedSigner, Signer } from '@mimirjs/crypto'
import { TransportError } from '@mimirjs/transport'
import { createClock } from '@mimirjs/transport/testing'
import { toHex } from '@mimirjs/wire'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  DISCOVERY_IPV4,
  DISCOVERY_PORT,
  Discovery,
  type DiscoveryOptions,
  formatMulticastAddress,
  type MulticastNetwork,
  type MulticastSocketOptions,
  mapIpv4,
} from '../../src/index.js'
import { createMulticastMemory } from '../../src/testing/index.js'
import { declare, groupOf, people } from './support/declarations.js'

const GROUP = mapIpv4(Uint8Array.of(239, 255, 109, 50))

function addressOf({ publicKey }: SeedSigner, last = 1): string {
  return formatMulticastAddress({ publicKey, group: groupOf(last), port: 2_000 })
}

/** A local network in memory on which time is turned by hand. */
function setUp() {
  const clock = createClock(1_000_000)
  const link = createMulticastMemory({ clock })
  const next = people(300)
  const opened: Discovery[] = []
  onTestFinished(async () => {
    await Promise.all(opened.map((one) => one.close()))
    expect(link.sockets).toBe(0)
    expect(clock.nextDueMs).toBeUndefined()
  })
  const open = async (options: Partial<DiscoveryOptions> & { signer: Signer }): Promise<Discovery> => {
    const discovery = await Discovery.open({ network: link.network(), clock, random: () => 0.5, ...options })
    opened.push(discovery)
    return discovery
  }
  return {
    clock,
    link,
    next,
    open,
    /** Somebody who says where they are. */
    person: async (signer: SeedSigner, options: Partial<DiscoveryOptions> = {}) =>
      open({ signer, address: addressOf(signer), ...options }),
  }
}

function seenBy(discovery: Discovery): string[] {
  return discovery
    .people()
    .map(({ address }) => address)
    .sort()
}

function eventsOf(discovery: Discovery): string[] {
  const events: string[] = []
  for (const name of ['found', 'changed', 'lost'] as const)
    discovery.on(name, ({ address, from }) => events.push(`${name} ${address} from ${from}`))
  return events
}

describe('on one local network', () => {
  test('everybody finds everybody else, and no one twice', async () => {
    const { clock, next, person } = setUp()
    const signers = [next(), next(), next()]
    const all: Discovery[] = []
    const events: string[][] = []
    for (const signer of signers) {
      const discovery = await person(signer)
      all.push(discovery)
      events.push(eventsOf(discovery))
      clock.advance(700)
    }
    clock.advance(600_000)
    const addresses = signers.map((signer) => addressOf(signer))
    for (const [at, discovery] of all.entries())
      expect(seenBy(discovery)).toEqual(addresses.filter((_, other) => other !== at).sort())
    expect(events[2]?.sort()).toEqual(
      [`found ${addresses[0]} from 192.0.2.1`, `found ${addresses[1]} from 192.0.2.2`].sort(),
    )
  })

  test('a newcomer knows all who are there within half a second, though none of them is due', async () => {
    const { clock, next, person } = setUp()
    const signers = [next(), next(), next(), next()]
    for (const signer of signers.slice(0, 3)) await person(signer)
    clock.advance(30_000)
    const newcomer = await person(signers[3]!)
    clock.advance(500)
    expect(newcomer.size).toBe(3)
  })

  test('one that only listens says nothing, and finds the others when they say it again', async () => {
    const { clock, link, next, open, person } = setUp()
    const ann = next()
    const talker = await person(ann)
    clock.advance(10_000)
    const hosts: string[] = []
    link.listen((_, to, host) => hosts.push(`${host} ${to}`))
    const listener = await open({ signer: next(), network: link.network('192.0.2.99') })
    listener.refresh()
    clock.advance(66_000)
    expect(seenBy(listener)).toEqual([addressOf(ann)])
    expect(talker.size).toBe(0)
    expect(new Set(hosts)).toEqual(new Set([`192.0.2.1 udp://${DISCOVERY_IPV4}:${DISCOVERY_PORT}`]))
  })

  test('who leaves is silent at once, and lost after a while; who comes back elsewhere is told', async () => {
    const { clock, link, next, person } = setUp()
    const [ann, ben] = [next(), next()]
    const first = await person(ann)
    const other = await person(ben)
    const events = eventsOf(other)
    clock.advance(10)
    await first.close()
    await first.close()
    const sent = link.sent
    clock.advance(20_000)
    // What is said meanwhile is the other's.
    const again = await person(ann, { address: addressOf(ann, 2) })
    clock.advance(500)
    await again.close()
    expect(link.sent).toBeGreaterThan(sent)
    expect(other.person(ann.publicKey)?.addresses).toEqual([addressOf(ann, 2), addressOf(ann, 1)])
    clock.advance(150_000)
    expect(events.map((event) => event.split(' ')[0])).toEqual(['found', 'changed', 'lost'])
    expect(other.people()).toEqual([])
  })

  test('losing most of what is said, they find each other all the same', async () => {
    const { clock, link, next, person } = setUp()
    link.faults = { dropChance: 0.6, duplicateChance: 0.5, reorderChance: 0.5, reorderMs: 400 }
    const all = await Promise.all(Array.from({ length: 4 }, () => person(next())))
    const found = new Set<string>()
    for (const [at, discovery] of all.entries())
      discovery.on('found', ({ publicKey }) => found.add(`${at} ${toHex(publicKey)}`))
    clock.advance(400_000)
    expect(found.size).toBe(12)
  })

  test('a port or a ceiling that cannot be is refused, and nothing stays open', async () => {
    const { open, next, link } = setUp()
    const signer = next()
    for (const options of [
      { port: 0 },
      { port: 65_536 },
      { port: 1.5 },
      { limits: { people: 0 } },
      { limits: { persons: 5 } },
    ])
      await expect(open({ signer, ...options } as unknown as DiscoveryOptions)).rejects.toMatchObject({
        name: 'MulticastError',
        code: 'misuse',
      })
    expect(link.sockets).toBe(0)
    const discovery = await open({ signer, limits: { people: undefined } } as unknown as DiscoveryOptions)
    expect(discovery.size).toBe(0)
  })

  test('those on another port, or of the other family, do not hear each other', async () => {
    const { clock, next, open, person } = setUp()
    const [ann, ben, cat] = [next(), next(), next()]
    const here = await person(ann)
    const other = await person(ben, { port: 21_071 })
    const group = Uint8Array.of(0xff, 0x1e, ...new Uint8Array(13), 1)
    const ipv6 = await open({
      signer: cat,
      address: formatMulticastAddress({ publicKey: cat.publicKey, group, port: 2_000 }),
    })
    clock.advance(100_000)
    expect([here, other, ipv6].map(({ size }) => size)).toEqual([0, 0, 0])
  })

  test('the network is back: it is said again soon', async () => {
    const { clock, link, next, person } = setUp()
    const discovery = await person(next())
    clock.advance(20_000)
    const { sent } = link
    discovery.refresh()
    discovery.refresh()
    expect(link.sent).toBe(sent + 1)
    await discovery.close()
    discovery.refresh()
    clock.advance(20_000)
    expect(link.sent).toBe(sent + 1)
  })
})

describe('a hostile host', () => {
  test('makes nobody say more than twice, and then once in five seconds, however many keys it has', async () => {
    const { clock, link, next, person } = setUp()
    const victims = await Promise.all([person(next()), person(next())])
    clock.advance(10_000)
    let answered = 0
    link.listen((_, __, host) => {
      if (host !== '192.0.2.66') answered += 1
    })
    let injected = 0
    for (let ms = 0; ms < 50_000; ms += 500) {
      for (let at = 0; at < 5; at++) link.inject(declare(next()), GROUP, DISCOVERY_PORT, '192.0.2.66')
      injected += 5
      clock.advance(500)
    }
    expect(injected).toBe(500)
    // Two at once, ten in 50 s, and one that was due anyway.
    expect(answered).toBeLessThanOrEqual(2 * 13)
    for (const victim of victims) {
      expect(victim.size).toBeLessThanOrEqual(65)
      expect(victim.counters['drop:full']).toBeGreaterThan(0)
    }
  })

  test('says junk, and what was said by others: nothing comes of it', async () => {
    const { clock, link, next, person } = setUp()
    const ann = next()
    const discovery = await person(ann)
    const events = eventsOf(discovery)
    for (const bytes of [new Uint8Array(0), new Uint8Array(115), new Uint8Array(1_500).fill(1), declare(ann)])
      link.inject(bytes, GROUP, DISCOVERY_PORT)
    clock.advance(1)
    expect(events).toEqual([])
    // Our own first word came back to us, too.
    expect(discovery.counters).toMatchObject({ 'drop:length': 2, 'drop:address': 1, 'drop:self': 2 })
  })
})

describe('the socket', () => {
  test('is shared, and what it sends does not leave the link', async () => {
    const { link, next, open } = setUp()
    const asked: MulticastSocketOptions[] = []
    const inner = link.network()
    const network: MulticastNetwork = {
      ...inner,
      open: (options) => {
        asked.push(options)
        return inner.open(options)
      },
    }
    await open({ signer: next(), network, interface: 'lo' })
    expect(asked).toEqual([
      expect.objectContaining({
        groups: [GROUP],
        port: DISCOVERY_PORT,
        interface: 'lo',
        reuseAddress: true,
        hopLimit: 1,
      }),
    ])
  })

  test('fails: that is told once, and nothing more is said', async () => {
    const { clock, link, next, person } = setUp()
    const inner = link.network()
    let fail = (): void => {}
    const network: MulticastNetwork = {
      ...inner,
      open: async (options) => {
        const socket = await inner.open(options)
        const start = socket.start.bind(socket)
        socket.start = (handlers) => {
          fail = () => handlers.closed(new TransportError('reset', 'the interface is gone'))
          start(handlers)
        }
        return socket
      },
    }
    const discovery = await person(next(), { network })
    const closed: unknown[] = []
    discovery.on('closed', (error) => closed.push(error))
    clock.advance(10_000)
    const { sent } = link
    fail()
    fail()
    clock.advance(100_000)
    expect(link.sent).toBe(sent)
    expect(closed).toEqual([
      expect.objectContaining({ code: 'socket', message: expect.stringContaining('the interface is gone') as string }),
    ])
  })

  test('takes a question to the program that throws for a no', async () => {
    const { clock, next, open, person } = setUp()
    const told: unknown[] = []
    const log = (facts: object): number => told.push((facts as { err?: unknown }).err)
    const logger = { debug: log, info: log, warn: log, error: log }
    const isPreferred = (): boolean => {
      throw new Error('no such list')
    }
    const [discovery, other] = [await open({ signer: next(), isPreferred, logger }), next()]
    await person(other)
    clock.advance(0)
    expect(seenBy(discovery)).toEqual([addressOf(other)])
    expect(told).toContainEqual(new Error('no such list'))
  })

  test('what cannot be is refused, and leaves no socket', async () => {
    const { link, next, open } = setUp()
    const signer = next()
    await expect(open({ signer, address: 'mp2p://nobody' })).rejects.toMatchObject({ code: 'bad-address' })
    await expect(open({ signer, address: addressOf(signer), family: 6 })).rejects.toMatchObject({
      code: 'bad-address',
    })
    const refusing = { publicKey: signer.publicKey, sign: () => Promise.reject(new Error('locked')) }
    await expect(open({ signer: refusing, address: addressOf(signer) })).rejects.toThrow('locked')
    expect(link.sockets).toBe(0)
  })
})
