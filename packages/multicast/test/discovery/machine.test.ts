import { toHex } from '@mimirjs/wire'
import { describe, expect, test } from 'vitest'
import { formatMulticastAddress } from '../../src/index.js'
import { declare, groupOf, people } from './support/declarations.js'
import { own, setUp } from './support/machine.js'

const HOUR_MS = 3_600_000

describe('what is said of us', () => {
  test('at 0, 1 and 3 s, then every minute or so, never in step', () => {
    const { saidMs, announce, pass } = setUp()
    announce()
    pass(HOUR_MS)
    expect(saidMs.slice(0, 3)).toEqual([0, 1_000, 3_000])
    const gaps = saidMs.slice(3).map((ms, at) => ms - saidMs[at + 2]!)
    expect(gaps.length).toBeGreaterThan(50)
    for (const gap of gaps) expect(gap).toSatisfy((ms: number) => ms >= 54_000 && ms <= 66_000)
    expect(new Set(gaps).size).toBe(gaps.length)
  })

  test('nothing at all by one that only listens, whoever comes', () => {
    const { saidMs, machine, hear, pass } = setUp()
    expect(machine.deadlineMs).toBe(Number.POSITIVE_INFINITY)
    expect(hear(declare(people(1)()))).toBe('found')
    pass(HOUR_MS)
    expect(saidMs).toEqual([])
  })

  test('to somebody new within half a second', () => {
    const { saidMs, announce, hear, pass } = setUp()
    announce()
    pass(20_000)
    saidMs.length = 0
    hear(declare(people(1)()))
    pass(500)
    expect(saidMs).toEqual([expect.any(Number)])
    expect(saidMs[0]).toBeGreaterThan(20_000)
    pass(10_000)
    expect(saidMs).toHaveLength(1)
  })

  test('to somebody who comes right after we spoke as soon, for they did not hear it', () => {
    const { saidMs, announce, hear, pass } = setUp()
    announce()
    pass(3_001)
    hear(declare(people(1)()))
    pass(500)
    expect(saidMs).toEqual([0, 1_000, 3_000, expect.any(Number)])
  })

  test('twice in a row as soon, to the third five seconds later, and after a pause twice again', () => {
    const next = people(5)
    const { saidMs, announce, hear, pass } = setUp()
    announce()
    pass(10_000)
    for (let round = 0; round < 2; round++) {
      saidMs.length = 0
      for (const wait of [500, 500, 3_999]) {
        hear(declare(next()))
        pass(wait)
      }
      expect(saidMs).toHaveLength(2)
      const [firstMs = 0, secondMs = 0] = saidMs
      expect(secondMs - firstMs).toBeLessThan(1_000)
      pass(501)
      expect(saidMs).toEqual([firstMs, secondMs, firstMs + 5_000])
      pass(10_000)
      expect(saidMs).toHaveLength(3)
    }
  })

  test('twice, then once in five seconds at most, whoever and however many come: nobody makes us loud', () => {
    const next = people(2)
    const { saidMs, announce, hear, pass } = setUp({ limits: { signatures: 1_000, signaturesPerSource: 1_000 } })
    announce()
    pass(10_000)
    saidMs.length = 0
    for (let second = 0; second < 60; second++) {
      for (let host = 0; host < 4; host++) expect(hear(declare(next()), `10.0.${second}.${host}`)).toBe('found')
      pass(1_000)
    }
    // Those of the schedule come in between, one a minute.
    for (const fromMs of saidMs)
      for (const toMs of saidMs.filter((ms) => ms >= fromMs)) {
        const between = saidMs.filter((ms) => ms >= fromMs && ms <= toMs).length
        expect(between).toBeLessThanOrEqual(2 + Math.floor((toMs - fromMs) / 5_000) + 1)
      }
    expect(saidMs.length).toBeLessThanOrEqual(15)
    expect(saidMs.length).toBeGreaterThanOrEqual(11)
  })

  test('soon again when the network is back, yet not at once after we spoke; what was slept through is not made up for', () => {
    const { saidMs, announce, pass, sleep } = setUp()
    announce()
    pass(3_500)
    announce()
    announce()
    pass(4_500)
    expect(saidMs).toEqual([0, 1_000, 3_000, 8_000])
    sleep(HOUR_MS)
    expect(saidMs).toHaveLength(5)
    pass(40_000)
    expect(saidMs).toHaveLength(5)
  })
})

describe('who is there', () => {
  test('is found once, is heard again and again, and is lost after 150 s of silence', () => {
    const ann = people(3)()
    const { machine, events, hear, pass } = setUp()
    const datagram = declare(ann)
    const address = formatMulticastAddress({ publicKey: ann.publicKey, group: groupOf(1), port: 2_000 })
    expect(hear(datagram)).toBe('found')
    pass(100_000)
    expect(hear(datagram, '127.0.0.8')).toBe('heard')
    expect(machine.people()).toEqual([{ publicKey: ann.publicKey, address, addresses: [address], from: '127.0.0.8' }])
    pass(149_999)
    expect(machine.person(ann.publicKey)?.address).toBe(address)
    pass(1)
    expect(machine.people()).toEqual([])
    expect(machine.person(ann.publicKey)).toBeUndefined()
    const key = toHex(ann.publicKey)
    expect(events).toEqual([
      ['found', key, address],
      ['lost', key, address],
    ])
  })

  test('after a sleep of ours everybody is gone', () => {
    const next = people(4)
    const { machine, events, hear, sleep } = setUp()
    for (let at = 0; at < 5; at++) hear(declare(next()))
    sleep(HOUR_MS)
    expect(machine.size).toBe(0)
    expect(events.filter(([name]) => name === 'lost')).toHaveLength(5)
    expect(machine.deadlineMs).toBe(Number.POSITIVE_INFINITY)
  })

  test('the bytes of the datagram may be used again', () => {
    const ann = people(5)()
    const { machine, hear } = setUp()
    const datagram = declare(ann)
    const buffer = datagram.slice()
    hear(buffer)
    buffer.fill(0xee)
    expect(toHex(machine.people()[0]!.publicKey)).toBe(toHex(ann.publicKey))
    expect(hear(datagram)).toBe('heard')
  })

  test('at a new address after a restart: the old one is kept behind it until it is silent', () => {
    const ann = people(6)()
    const [old, fresh] = [1, 2].map((last) => declare(ann, { group: groupOf(last) }))
    const { machine, events, hear, pass } = setUp()
    hear(old!)
    pass(60_000)
    expect(hear(fresh!)).toBe('changed')
    expect(addressesOf(machine.people())).toEqual([['224.0.240.2', '224.0.240.1']])
    pass(60_000)
    hear(fresh!)
    pass(60_000)
    hear(fresh!)
    expect(addressesOf(machine.people())).toEqual([['224.0.240.2']])
    expect(events.map(([name]) => name)).toEqual(['found', 'changed'])
  })

  test('two devices of one person are both there, and that is told once', () => {
    const ann = people(7)()
    const devices = [1, 2].map((last) => declare(ann, { group: groupOf(last) }))
    const { machine, events, hear, pass } = setUp()
    for (let minute = 0; minute < 10; minute++) {
      for (const device of devices) hear(device)
      pass(60_000)
    }
    expect(addressesOf(machine.people())).toEqual([['224.0.240.2', '224.0.240.1']])
    expect(events.map(([name]) => name)).toEqual(['found', 'changed'])
  })

  test('is of the family that we are on', () => {
    const ann = people(8)()
    const ipv6 = declare(ann, { group: Uint8Array.of(0xff, 0x1e, ...new Uint8Array(13), 5) })
    expect(setUp().hear(ipv6)).toBe('drop:address')
    const { machine, hear } = setUp({ family: 6 })
    expect(hear(declare(ann))).toBe('drop:address')
    expect(hear(ipv6)).toBe('found')
    expect(machine.people()[0]?.address).toBe(`mp2p://${toHex(ann.publicKey)}@[ff1e::5]:2000`)
  })

  test('is not us: not even when somebody says again what we said', () => {
    const { machine, events, hear } = setUp()
    expect(hear(declare(own))).toBe('drop:self')
    expect([machine.size, events]).toEqual([0, []])
  })
})

function addressesOf(found: readonly { readonly addresses: readonly string[] }[]): string[][] {
  return found.map(({ addresses }) => addresses.map((address) => /@(.*):/.exec(address)![1]!))
}
