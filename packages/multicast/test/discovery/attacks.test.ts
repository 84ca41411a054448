// What somebody on the local network can try.
import type { SeedSigner } from '@mimirjs/crypto'
import { createRandom } from '@mimirjs/transport/testing'
import { toHex } from '@mimirjs/wire'
import { describe, expect, test } from 'vitest'
import { mapIpv4, parseGroup } from '../../src/index.js'
import { declare, groupOf, people } from './support/declarations.js'
import { setUp } from './support/machine.js'

const ann = people(100)()

describe('what is not said by its key is not believed', () => {
  test('every flipped bit', () => {
    const datagram = declare(ann)
    for (let bit = 0; bit < 8 * datagram.length; bit++) {
      const { machine, events, hear } = setUp()
      const forged = datagram.slice()
      forged[bit >> 3]! ^= 1 << (bit & 7)
      expect(hear(forged)).toMatch(/^drop:/)
      expect([machine.size, events]).toEqual([0, []])
    }
  })

  test('every length but the right one, and other packets', () => {
    const { machine, hear } = setUp()
    const datagram = declare(ann)
    for (let length = 0; length < datagram.length; length++)
      expect(hear(datagram.subarray(0, length))).toBe('drop:length')
    for (const surplus of [1, 62, 1_385]) {
      const longer = new Uint8Array(datagram.length + surplus)
      longer.set(datagram)
      expect(hear(longer)).toBe('drop:length')
    }
    for (const type of [1, 2, 3, 255]) {
      const other = datagram.slice()
      other[0] = type
      expect(hear(other)).toBe('drop:length')
    }
    expect(machine.size).toBe(0)
  })

  test('somebody else under a known key changes nothing of what is known', () => {
    const mallory = people(101)()
    const { machine, events, hear } = setUp()
    hear(declare(ann))
    const before = machine.people()
    const forged = declare(mallory, { group: groupOf(66) })
    forged.set(ann.publicKey, 19)
    expect(hear(forged)).toBe('drop:signature')
    expect(machine.people()).toEqual(before)
    expect(events).toHaveLength(1)
  })

  test.each([
    ['neutral', '01'.padEnd(64, '0')],
    ['zero', ''.padEnd(64, '0')],
    ['p - 1', `ec${'ff'.repeat(30)}7f`],
  ])('a key under which every signature fits: %s', (_, key) => {
    const { machine, hear } = setUp()
    const forged = declare(ann)
    forged.set(
      Uint8Array.from({ length: 32 }, (_, at) => Number.parseInt(key.slice(2 * at, 2 * at + 2), 16)),
      19,
    )
    // R the neutral element, S zero.
    forged.fill(0, 51)
    forged[51] = 1
    expect(hear(forged)).toBe('drop:key')
    expect(machine.size).toBe(0)
  })
})

describe('nobody is sent where they should not be', () => {
  const ipv4 = (...bytes: number[]): Uint8Array => mapIpv4(Uint8Array.from(bytes))
  test.each<[string, Uint8Array, number]>([
    ['a host', ipv4(192, 0, 2, 1), 2_000],
    ['loopback', ipv4(127, 0, 0, 1), 2_000],
    ['everybody', ipv4(255, 255, 255, 255), 2_000],
    ['nowhere', ipv4(0, 0, 0, 0), 2_000],
    ['a group of routers', ipv4(224, 0, 0, 2), 2_000],
    ['the group of names', ipv4(224, 0, 0, 251), 5_353],
    ['the group of discovery itself', parseGroup('239.255.109.50', { extraScopes: true }), 21_070],
    ['nowhere of IPv6', new Uint8Array(16), 2_000],
    ['a privileged port', groupOf(1), 1_023],
    ['no port', groupOf(1), 0],
  ])('%s', (_, group, port) => {
    const { machine, hear } = setUp()
    expect(hear(declare(ann, { group, port }))).toBe('drop:address')
    expect(machine.size).toBe(0)
  })
})

describe('an old declaration that is said again', () => {
  test('does not drive out the true one, and that is first again when it is said', () => {
    const [old, now] = [1, 2].map((last) => declare(ann, { group: groupOf(last) }))
    const { machine, hear, pass } = setUp()
    hear(now!)
    pass(10_000)
    expect(hear(old!)).toBe('changed')
    expect(machine.person(ann.publicKey)?.addresses).toHaveLength(2)
    for (let second = 0; second < 300; second++) {
      hear(old!)
      if (second % 60 === 0) hear(now!)
      pass(1_000)
    }
    expect(machine.person(ann.publicKey)?.addresses.some((address) => address.includes('@224.0.240.2:'))).toBe(true)
  })

  test('many of them take no more room than two, and the true one comes back with its next word', () => {
    const olds = Array.from({ length: 50 }, (_, at) => declare(ann, { group: groupOf(at + 10) }))
    const now = declare(ann, { group: groupOf(2) })
    const { machine, hear, pass } = setUp()
    hear(now)
    for (const old of olds) {
      hear(old)
      pass(1_000)
      expect(machine.person(ann.publicKey)?.addresses.length).toBeLessThanOrEqual(2)
    }
    hear(now)
    expect(machine.person(ann.publicKey)?.address).toContain('@224.0.240.2:')
    expect(machine.size).toBe(1)
  })
})

describe('a flood', () => {
  const many = { signatures: 1e6, signaturesPerSource: 1e6, signaturesOfPreferred: 1e6, signaturesPerPreferred: 1e6 }

  test('of keys from one host fills its own share', () => {
    const next = people(102)
    const { machine, hear } = setUp({ limits: { ...many, peoplePerSource: 10 } })
    const verdicts = Array.from({ length: 30 }, () => hear(declare(next()), '10.0.0.1'))
    expect(verdicts).toEqual([...Array(10).fill('found'), ...Array(20).fill('drop:full')])
    expect(hear(declare(next()), '10.0.0.2')).toBe('found')
    expect(machine.size).toBe(11)
  })

  test('the share of a host is free again when its people are gone', () => {
    const next = people(103)
    const { hear, pass } = setUp({ limits: { ...many, peoplePerSource: 3 } })
    for (let round = 0; round < 3; round++) {
      for (let at = 0; at < 3; at++) expect(hear(declare(next()))).toBe('found')
      expect(hear(declare(next()))).toBe('drop:full')
      pass(150_000)
    }
  })

  test('of keys from everywhere drives nobody out, and keeps no contact away', () => {
    const next = people(104)
    const contacts = Array.from({ length: 8 }, next)
    const preferred = new Set(contacts.map(({ publicKey }) => toHex(publicKey)))
    const { machine, events, hear, pass } = setUp({ limits: { ...many, people: 6 }, preferred })
    const strangers = Array.from({ length: 20 }, next)
    const say = (who: SeedSigner, at: number) => hear(declare(who), `10.1.0.${at}`)
    expect(strangers.map(say)).toEqual([...Array(6).fill('found'), ...Array(14).fill('drop:full')])
    expect(events).toHaveLength(6)
    pass(1_000)
    // The oldest strangers make room; contacts do not, not even for each other.
    expect(contacts.map(say)).toEqual([...Array(6).fill('found'), 'drop:full', 'drop:full'])
    expect(machine.size).toBe(6)
    expect(new Set(machine.people().map(({ publicKey }) => toHex(publicKey)))).toEqual(
      new Set(contacts.slice(0, 6).map(({ publicKey }) => toHex(publicKey))),
    )
    const lost = events.filter(([name]) => name === 'lost').map(([, peer]) => peer)
    expect(lost).toEqual(strangers.slice(0, 6).map(({ publicKey }) => toHex(publicKey)))
  })

  test('a stranger who became a contact meanwhile does not make room', () => {
    const next = people(105)
    const preferred = new Set<string>()
    const { machine, hear } = setUp({ limits: { ...many, people: 2 }, preferred })
    const [first, second, third] = [next(), next(), next()]
    hear(declare(first))
    hear(declare(second))
    for (const { publicKey } of [first, third]) preferred.add(toHex(publicKey))
    expect(hear(declare(third))).toBe('found')
    expect(machine.people().map(({ publicKey }) => toHex(publicKey))).toEqual([...preferred])
  })

  test('of signatures: so many a second from one host, twice as many at once, and others are heard', () => {
    const next = people(106)
    const forged = (): Uint8Array => {
      const datagram = declare(next())
      datagram[114]! ^= 1
      return datagram
    }
    const { hear, pass } = setUp({ limits: { signaturesPerSource: 5, signatures: 1_000 } })
    const verdicts = (count: number, source: string): string[] =>
      Array.from({ length: count }, () => hear(forged(), source))
    expect(verdicts(12, '10.0.0.1')).toEqual([...Array(10).fill('drop:signature'), 'drop:rate', 'drop:rate'])
    expect(hear(declare(ann), '10.0.0.2')).toBe('found')
    pass(1_000)
    expect(verdicts(6, '10.0.0.1')).toEqual([...Array(5).fill('drop:signature'), 'drop:rate'])
  })

  test('of signatures from hosts without number: so many in all, and contacts have a share of their own', () => {
    const next = people(107)
    const preferred = new Set([toHex(ann.publicKey)])
    const { machine, hear, pass } = setUp({ preferred })
    let checked = 0
    for (let at = 0; at < 3_000; at++) {
      const datagram = declare(ann, { group: groupOf(at & 0xff), port: 1_024 + at })
      // Somebody unknown: no signature of theirs is true.
      datagram[19]! ^= 1 + (at % 255)
      datagram[20]! ^= at >> 8
      if (hear(datagram, `10.${at >> 8}.0.${at & 0xff}`) === 'drop:signature') checked += 1
    }
    expect(checked).toBe(100)
    expect(hear(declare(next()), '10.200.0.1')).toBe('drop:rate')
    expect(hear(declare(ann), '10.200.0.1')).toBe('found')
    pass(1_000)
    expect(hear(declare(next()), '10.200.0.1')).toBe('found')
    expect(machine.size).toBe(2)
  })

  test('under the key of one contact leaves the other contacts heard', () => {
    const [ben, cat] = [people(108)(), people(109)()]
    const preferred = new Set([ben, cat].map(({ publicKey }) => toHex(publicKey)))
    const { hear } = setUp({ preferred })
    const forged = declare(ben)
    const verdicts = Array.from({ length: 100 }, (_, at) => {
      forged[114] = at
      return hear(forged)
    })
    expect(verdicts.filter((verdict) => verdict !== 'drop:rate').length).toBeLessThanOrEqual(11)
    expect(hear(declare(cat))).toBe('found')
  })

  test('of what is known costs no signature', () => {
    const { machine, hear } = setUp({ limits: { signatures: 1, signaturesPerSource: 1 } })
    const datagram = declare(ann)
    hear(datagram)
    for (let at = 0; at < 5_000; at++) expect(hear(datagram)).toBe('heard')
    expect(machine.counters).toMatchObject({ found: 1, heard: 5_000, 'drop:rate': 0 })
  })

  test.each([1, 2, 3, 4])('of anything: nothing is thrown, and what is held is bounded (seed %i)', (seed) => {
    const random = createRandom(seed)
    const next = people(seed + 200)
    const known = Array.from({ length: 40 }, () => declare(next()))
    const { machine, hear, pass, announce } = setUp({ limits: { people: 16, peoplePerSource: 8 }, seed })
    announce()
    for (let at = 0; at < 4_000; at++) {
      const kind = random.integer(4)
      const datagram = kind === 0 ? random.bytes(random.integer(200)) : known[random.integer(known.length)]!.slice()
      if (kind === 1) datagram[random.integer(datagram.length)]! ^= 1 << random.integer(8)
      hear(kind === 2 ? datagram.subarray(random.integer(115)) : datagram, `10.0.0.${random.integer(30)}`)
      if (random.chance(0.1)) pass(random.integer(20_000))
      expect(machine.size).toBeLessThanOrEqual(16)
    }
    pass(200_000)
    expect(machine.size).toBe(0)
    const { counters } = machine
    expect(Object.values(counters).reduce((sum, count) => sum + count, 0)).toBe(4_000)
    expect(counters.found).toBeGreaterThan(16)
  })
})
