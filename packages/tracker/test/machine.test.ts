import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { announce, getAddrs, machineWith, overlayAddress, publicKeyOf, UNHURRIED } from './support.js'

describe('announce and resolve', () => {
  test('what was announced is found, with the figures of this generation', () => {
    const { ask, records, machine } = machineWith()
    expect(ask(announce(1))).toEqual({ command: 'announce', nonce: 0x01020304, ttlSeconds: 600n })
    expect(records(1, 1000)).toMatchObject([
      { address: overlayAddress(1), port: 5050, priority: 3, clientId: 77, ttlSeconds: 3600n },
    ])
    expect(machine.counters).toMatchObject({ announced: 1, answered: 1, found: 1 })
  })

  test('the nonce comes back as it was, over all 32 bits', () => {
    const { ask } = machineWith()
    for (const nonce of [0, 0x80000000, 0xffffffff]) {
      expect(ask(getAddrs(2, nonce))).toEqual({ command: 'getAddrs', nonce, records: [] })
      expect(ask(announce(1, { nonce }))).toMatchObject({ nonce })
    }
  })

  test('any version byte and surplus bytes are accepted', () => {
    const { ask } = machineWith()
    for (const message of [announce(1), getAddrs(1)]) {
      const odd = new Uint8Array(message.length + 3).fill(0xaa)
      odd.set(message)
      odd[0] = 7
      expect(ask(odd)).toBeDefined()
    }
  })

  test('a device that moves replaces its own record only', () => {
    const { ask, records } = machineWith()
    ask(announce(1, { clientId: 5 }))
    ask(announce(1, { clientId: 6, address: overlayAddress(9) }))
    ask(announce(1, { clientId: 5, address: overlayAddress(8), port: 1 }))
    expect(records(1).map(({ clientId, address, port }) => [clientId, address[15], port])).toEqual([
      [5, 8, 1],
      [6, 9, 5050],
    ])
  })

  test('an answer keeps its bytes when the next one is made, and outlives the request', () => {
    const { ask, machine } = machineWith()
    ask(announce(1))
    const request = getAddrs(1)
    const first = machine.receive(request, { address: 'udp://[200::1]:1' }, 0) as Uint8Array
    const before = first.slice()
    request.fill(0)
    for (let index = 0; index < 2000; index++) machine.receive(getAddrs(index % 3), { address: 'udp://[200::1]:1' }, 0)
    expect(first).toEqual(before)
  })

  test('the record is kept, not the datagram', () => {
    const { ask, records } = machineWith()
    const message = announce(1)
    ask(message)
    message.fill(0)
    expect(records(1)).toMatchObject([{ address: overlayAddress(1) }])
  })
})

describe('the known ways to hurt the original (tracker protocol §13)', () => {
  test('B-01: a key that is no point and a signature with high bits are dropped', () => {
    const { machine, ask, records } = machineWith()
    const highBits = announce(1)
    highBits[124]! |= 0xe0
    expect(ask(announce(1, { publicKey: new Uint8Array(32).fill(2) }))).toBeUndefined()
    expect(ask(highBits)).toBeUndefined()
    expect(machine.counters.badSignature).toBe(2)
    expect(records(1)).toEqual([])
    expect(ask(announce(1))).toMatchObject({ command: 'announce' })
  })

  test('B-02: scraps of every length are dropped, as are other commands', () => {
    const { machine, ask } = machineWith()
    for (const message of [announce(1), getAddrs(1)]) {
      for (let length = 0; length < message.length; length++) expect(ask(message.subarray(0, length))).toBeUndefined()
      for (let command = 2; command < 256; command++) {
        const other = message.slice()
        other[5] = command
        expect(ask(other)).toBeUndefined()
      }
    }
    expect(machine.counters.malformed).toBe(125 + 38 + 2 * 254)
  })

  test('B-03: one record replayed under eleven client ids does not silence the tracker', () => {
    const capped = machineWith({ ...UNHURRIED, recordsPerUser: Infinity })
    const guarded = machineWith()
    for (let clientId = 100; clientId < 111; clientId++) {
      capped.ask(announce(1, { clientId }))
      guarded.ask(announce(1, { clientId }))
    }
    expect(capped.records(1).map(({ clientId }) => clientId)).toEqual([
      101, 102, 103, 104, 105, 106, 107, 108, 109, 110,
    ])
    expect(guarded.records(1)).toHaveLength(8)
  })

  test('B-04: the table does not only grow', () => {
    const { ask, table } = machineWith()
    for (let user = 1; user <= 20; user++) ask(announce(user))
    expect(table.users).toBe(20)
    table.sweep(3_601_000)
    expect([table.users, table.records]).toEqual([0, 0])
  })

  test('a signature by another key, or over another address, stores nothing', () => {
    const { ask, records } = machineWith()
    expect(ask(announce(2, { publicKey: publicKeyOf(1) }))).toBeUndefined()
    const altered = announce(1)
    altered[60]! ^= 1
    expect(ask(altered)).toBeUndefined()
    expect(records(1)).toEqual([])
  })

  test('keys of small order, under which one signature fits every address, are refused', () => {
    const { ask } = machineWith()
    const neutral = Uint8Array.from({ length: 32 }, (_, index) => (index === 0 ? 1 : 0))
    const signature = Uint8Array.from({ length: 64 }, (_, index) => (index === 0 ? 1 : 0))
    const encodings = ['', '00', 'ec', 'ed', 'ee'].map((first) => {
      if (first === '') return neutral
      const key = new Uint8Array(32).fill(first === '00' ? 0 : 0xff)
      key[0] = Number.parseInt(first, 16)
      if (first !== '00') key[31] = 0x7f
      return key
    })
    for (const publicKey of encodings) {
      for (const sign of [0, 0x80]) {
        const key = publicKey.slice()
        key[31]! |= sign
        expect(ask(announce(1, { publicKey: key, signature }))).toBeUndefined()
      }
    }
  })

  test('a replay under other port, priority and client id is accepted: the bytes do not forbid it', () => {
    const { ask, records } = machineWith()
    ask(announce(1))
    expect(ask(announce(1, { port: 1, priority: 0, clientId: 1 }))).toMatchObject({ ttlSeconds: 600n })
    expect(records(1)).toHaveLength(2)
  })

  test('a record that is known is not checked again, another address under its client id is', () => {
    const { ask, machine } = machineWith({ ...UNHURRIED, checksPerSecond: 3 })
    ask(announce(1))
    ask(announce(1, { port: 9 }))
    const forged = announce(1, { address: overlayAddress(4), signature: announce(1).slice(61) })
    expect(ask(forged)).toBeUndefined()
    expect(machine.counters).toMatchObject({ announced: 2, badSignature: 1 })
  })
})

describe('limits', () => {
  test('resolves per source: the burst, then the rate; another source is not touched', () => {
    const { machine, ask } = machineWith({ getAddrsPerSecond: 20, getAddrsBurst: 40 })
    const answered = (from: string, nowMs: number) => {
      let count = 0
      for (let index = 0; index < 100; index++) if (ask(getAddrs(1), nowMs, from) !== undefined) count++
      return count
    }
    expect(answered('udp://[200::1]:1', 0)).toBe(40)
    expect(answered('udp://[200::ffff]:2', 0)).toBe(0)
    expect(answered('udp://[201::1]:1', 0)).toBe(40)
    expect(answered('udp://[200::1]:1', 1000)).toBe(20)
    expect(machine.counters.limited).toBe(400 - 100)
  })

  test('announces per source and signature checks in all are limited before the check', () => {
    const { machine, ask } = machineWith({ announcesBurst: 20, announcesPerSecond: 10, checksPerSecond: 30 })
    const forged = announce(2, { publicKey: publicKeyOf(1) })
    for (let index = 0; index < 100; index++) {
      ask(forged, 0, 'udp://[200::1]:1')
      ask(forged, 0, 'udp://[201::1]:1')
    }
    expect(machine.counters).toMatchObject({ badSignature: 30, limited: 170 })
  })

  test('no room: 120 seconds, so that the device comes back', () => {
    const { machine, ask, records } = machineWith({ ...UNHURRIED, users: 1 })
    ask(announce(1))
    expect(ask(announce(2))).toEqual({ command: 'announce', nonce: 0x01020304, ttlSeconds: 120n })
    expect(records(2)).toEqual([])
    expect(machine.counters.refused).toBe(1)
  })

  test('the open Internet is not served, unless told so: nobody can be flooded with our answers', () => {
    const closed = machineWith()
    expect(closed.ask(getAddrs(1), 0, 'udp://192.0.2.1:53')).toBeUndefined()
    expect(closed.ask(announce(1), 0, 'udp://[2001:db8::1]:53')).toBeUndefined()
    expect(closed.machine.counters.notServed).toBe(2)
    const open = machineWith(UNHURRIED, { allowAnySource: true })
    expect(open.ask(getAddrs(1), 0, 'udp://192.0.2.1:53')).toBeDefined()
  })
})

test('any bytes: an answer, a commit or nothing', () => {
  const { machine } = machineWith()
  const samples = [announce(1), getAddrs(1)]
  const damaged = fc
    .tuple(fc.constantFrom(...samples), fc.nat(200), fc.nat(255), fc.nat(150))
    .map(([sample, at, value, length]) => {
      const copy = sample.slice(0, length)
      if (at < copy.length) copy[at] = value
      return copy
    })
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged), fc.nat(1e9), (bytes, nowMs) => {
      const reaction = machine.receive(bytes, { address: 'udp://127.0.0.1:9' }, nowMs)
      if (reaction instanceof Uint8Array) expect((reaction.length - 6) % 95).toBe(0)
      else if (reaction !== undefined) expect(reaction.acknowledgement).toHaveLength(13)
    }),
    { seed: 62, numRuns: 3000 },
  )
})

test('a sender whose address cannot be read is dropped like one that is not served', () => {
  const { machine } = machineWith()
  expect(machine.receive(getAddrs(1), { address: 'udp://[fe80::1%a b]:1' }, 0)).toBeUndefined()
  expect(machine.counters.notServed).toBe(1)
})
