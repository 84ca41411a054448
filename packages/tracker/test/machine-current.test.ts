import { describe, expect, test } from 'vitest'
import { publicKeyOf, UNHURRIED } from './support.js'
import { announceNode, bytesOf, currentMachine, getNodes, nodeKeyOf, nodeUrl } from './support-current.js'

const MINUTE_MS = 60_000

describe('announce and resolve', () => {
  test.each(['v1', 'v2'] as const)('what came in %s is answered in it, and the table is one', (form) => {
    const { answer } = currentMachine()
    expect(answer('announce', announceNode(1, 3, {}, form), 3, 0, form)).toEqual({
      nonce: 0x11020304,
      ttlSeconds: 240n,
    })
    for (const asked of ['v1', 'v2'] as const) {
      expect(answer('getAddrs', getNodes(1, asked), 9, 1000, asked)).toMatchObject({
        nonce: 0xa1b2c3d4,
        records: [{ address: nodeKeyOf(3), priority: 1, clientId: 77, lifetimeMs: 299_000n }],
      })
    }
  })

  test('pings of both versions, in the bytes of the protocol', () => {
    const { ask, machine } = currentMachine()
    expect(ask(bytesOf('020102030402'), 3)).toEqual(bytesOf('0102030402'))
    expect(ask(bytesOf('020102030402ffff'), 3)).toEqual(bytesOf('0102030402'))
    expect(ask(bytesOf(`010102030402${'ab'.repeat(32)}`), 3)).toEqual(bytesOf('0102030402'))
    expect(ask(bytesOf(`010102030402${'ab'.repeat(31)}`), 3)).toBeUndefined()
    expect(machine.counters).toMatchObject({ pinged: 3, malformed: 1 })
  })

  test('nobody known is an answer', () => {
    const { ask } = currentMachine()
    expect(ask(getNodes(1), 3)).toEqual(bytesOf('a1b2c3d4010b0100'))
    expect(ask(getNodes(1, 'v1'), 3)).toEqual(bytesOf('a1b2c3d40100'))
  })

  test.each([
    [1, 240n, 5],
    [2, 480n, 9],
    [3, 960n, 17],
    [4, 960n, 17],
  ])('announce number %i in a row: %i s, and the record is kept for %i minutes', (count, ttlSeconds, keptMinutes) => {
    const { announce, held } = currentMachine()
    const granted = Array.from({ length: count }, (_, index) => announce(1, 3, { nowMs: index * 1000 }))
    expect(granted.at(-1)).toBe(ttlSeconds)
    const goneMs = (count - 1) * 1000 + keptMinutes * MINUTE_MS
    expect(held(1, goneMs - 1)).toEqual([[77, 3]])
    expect(held(1, goneMs)).toEqual([])
  })

  test('the schedule starts again with another address, another device, or after the record lapsed', () => {
    const { announce } = currentMachine()
    announce(1, 3)
    expect(announce(1, 3)).toBe(480n)
    expect(announce(1, 4)).toBe(240n)
    expect(announce(1, 4, { clientId: 78 })).toBe(240n)
    expect(announce(1, 4, { clientId: 78, nowMs: 5 * MINUTE_MS - 1 })).toBe(480n)
    expect(announce(1, 4, { clientId: 78, nowMs: 20 * MINUTE_MS })).toBe(240n)
  })

  test('another priority changes the record, not the schedule', () => {
    const { announce, records } = currentMachine()
    announce(1, 3)
    expect(announce(1, 3, { priority: 200 })).toBe(480n)
    expect(records(1)).toMatchObject([{ priority: 200 }])
  })

  test('the newest announce comes first; who moves takes the old record with him', () => {
    const { announce, held } = currentMachine()
    announce(1, 3, { clientId: 5 })
    announce(1, 4, { clientId: 6 })
    announce(1, 3, { clientId: 5 })
    expect(held(1)).toEqual([
      [5, 3],
      [6, 4],
    ])
    announce(1, 8, { clientId: 6 })
    expect(held(1)).toEqual([
      [6, 8],
      [5, 3],
    ])
  })

  test('two devices do not evict each other (B-07)', () => {
    const { announce, held } = currentMachine()
    for (let round = 0; round < 3; round++) {
      announce(1, 3, { clientId: 5 })
      announce(1, 4, { clientId: 6 })
    }
    expect(held(1)).toHaveLength(2)
    expect(announce(1, 3, { clientId: 5 })).toBe(960n)
  })

  test('the request is not kept: it may change afterwards', () => {
    const { ask, held } = currentMachine()
    for (const form of ['v1', 'v2'] as const) {
      const request = announceNode(1, 3, {}, form)
      ask(request, 3)
      request.fill(0)
      expect(held(1)).toEqual([[77, 3]])
    }
  })
})

describe('what is dropped', () => {
  test('scraps, other versions, other commands, what is too long', () => {
    const { machine, ask } = currentMachine()
    let dropped = 0
    const drop = (bytes: Uint8Array): void => {
      expect(ask(bytes, 3)).toBeUndefined()
      dropped++
    }
    for (const whole of [announceNode(1, 3), announceNode(1, 3, {}, 'v1'), getNodes(1), getNodes(1, 'v1')]) {
      for (let length = 0; length < whole.length; length++) drop(whole.subarray(0, length))
      for (const version of [0, 3, 255]) drop(Uint8Array.of(version, ...whole.subarray(1)))
      for (const command of [3, 10, 20, 255])
        drop(Uint8Array.of(...whole.subarray(0, 5), command, ...whole.subarray(6)))
    }
    const long = new Uint8Array(1025)
    long.set(getNodes(1, 'v1'))
    drop(long)
    const longer = new Uint8Array(4097)
    longer.set(getNodes(1))
    drop(longer)
    expect(machine.counters.malformed).toBe(dropped)
  })

  test('wrong signatures, keys that are no points, keys of small order; nothing dies of them (B-01)', () => {
    const { machine, announce, held } = currentMachine()
    expect(announce(1, 3, { signature: new Uint8Array(64).fill(0xff) })).toBeUndefined()
    expect(announce(2, 3, { publicKey: publicKeyOf(1) })).toBeUndefined()
    expect(announce(1, 3, { publicKey: new Uint8Array(32).fill(2) })).toBeUndefined()
    const neutral = Uint8Array.from({ length: 32 }, (_, index) => (index === 0 ? 1 : 0))
    const signature = Uint8Array.from({ length: 64 }, (_, index) => (index === 0 ? 1 : 0))
    expect(announce(1, 3, { publicKey: neutral, signature })).toBeUndefined()
    expect(machine.counters.badSignature).toBe(4)
    expect(held(1)).toEqual([])
    expect(announce(1, 3)).toBe(240n)
  })

  test('a full table has no word for those it does not know, and serves the others', () => {
    const { announce, machine } = currentMachine({ ...UNHURRIED, users: 1 })
    expect(announce(1, 3)).toBe(240n)
    expect(announce(2, 4)).toBeUndefined()
    expect(announce(1, 3)).toBe(480n)
    expect(machine.counters.refused).toBe(1)
    expect(announce(2, 4, { nowMs: 10 * MINUTE_MS })).toBe(240n)
  })

  test('rates are counted by node', () => {
    const { announce, ask, machine } = currentMachine({ announcesBurst: 2, announcesPerSecond: 1, getAddrsBurst: 3 })
    const granted = [0, 1, 2, 3].map(() => announce(1, 3))
    expect(granted.filter((ttl) => ttl !== undefined)).toHaveLength(2)
    expect(announce(2, 4)).toBeDefined()
    const answered = [0, 1, 2, 3, 4].map(() => ask(bytesOf('020102030402'), 5))
    expect(answered.filter((bytes) => bytes !== undefined)).toHaveLength(3)
    expect(machine.counters.limited).toBe(4)
  })

  test('one node fills its own share of the table only', () => {
    const { announce } = currentMachine({ ...UNHURRIED, usersPerSource: 2 })
    expect(announce(1, 3)).toBeDefined()
    expect(announce(2, 3)).toBeDefined()
    expect(announce(4, 3)).toBeUndefined()
    expect(announce(4, 5)).toBeDefined()
  })
})

describe('replays of signed records (§8.6, §14.1)', () => {
  const old = { sender: 40 }

  test('H1: what a stranger replays displaces nothing that the node said itself', () => {
    const { announce, held, machine } = currentMachine()
    announce(1, 3)
    // An address that the user once had, under the device's id: the live one would be gone until its next announce.
    expect(announce(1, 9, old)).toBe(240n)
    // The live address under other ids.
    for (let clientId = 100; clientId < 120; clientId++) expect(announce(1, 3, { ...old, clientId })).toBe(240n)
    expect(held(1)).toEqual([[77, 3]])
    expect(machine.counters).toMatchObject({ announced: 1, outranked: 21 })
    // And its schedule goes on as if nothing had been.
    expect(announce(1, 3)).toBe(480n)
  })

  test('without H1 they do', () => {
    const { announce, held } = currentMachine(UNHURRIED, { keepTrusted: false })
    announce(1, 3)
    announce(1, 9, old)
    expect(held(1)).toEqual([[77, 9]])
  })

  test('a stranger may speak for those of whom nothing is known, until they speak themselves', () => {
    const { announce, held } = currentMachine()
    expect(announce(1, 9, old)).toBe(240n)
    expect(held(1)).toEqual([[77, 9]])
    announce(1, 3)
    expect(held(1)).toEqual([[77, 3]])
  })

  test('a record that lapsed protects nobody', () => {
    const { announce, held } = currentMachine()
    announce(1, 3)
    expect(announce(1, 9, { ...old, nowMs: 5 * MINUTE_MS })).toBe(240n)
    expect(held(1, 5 * MINUTE_MS)).toEqual([[77, 9]])
  })

  test('H2: the node itself sweeps its address from under other ids', () => {
    const { announce, held } = currentMachine()
    announce(1, 3, { ...old, clientId: 5 })
    announce(1, 3, { ...old, clientId: 6 })
    announce(1, 9, { ...old, clientId: 8 })
    announce(1, 3, { clientId: 7 })
    expect(held(1)).toEqual([
      [7, 3],
      [8, 9],
    ])
    const without = currentMachine(UNHURRIED, { oneRecordPerAddress: false })
    without.announce(1, 3, { ...old, clientId: 5 })
    without.announce(1, 3, { clientId: 7 })
    expect(without.held(1)).toHaveLength(2)
  })

  test('H3: above eight the least trusted goes first, and does not come in at all', () => {
    const { announce, held } = currentMachine()
    announce(1, 30, { ...old, clientId: 500 })
    for (let node = 1; node <= 8; node++) announce(1, node, { clientId: node, nowMs: node })
    expect(held(1, 10)).toHaveLength(8)
    expect(held(1, 10)).not.toContainEqual([500, 30])
    expect(announce(1, 31, { ...old, clientId: 501, nowMs: 10 })).toBe(240n)
    expect(held(1, 10)).toHaveLength(8)
    expect(held(1, 10)).not.toContainEqual([501, 31])
    announce(1, 9, { clientId: 9, nowMs: 11 })
    expect(held(1, 11).map(([clientId]) => clientId)).toEqual([9, 8, 7, 6, 5, 4, 3, 2])
  })

  test('replays under 300 ids do not wrap the count (B-21)', () => {
    const { announce, records } = currentMachine({ ...UNHURRIED, recordsPerUser: Infinity }, { keepTrusted: false })
    for (let clientId = 2; clientId < 302; clientId++) announce(1, 3, { ...old, clientId })
    const found = records(1)
    expect(found).toHaveLength(255)
    expect(found[0]!.clientId).toBe(301)
  })

  test('who is who, the network says and not the text of the address', () => {
    const { machine, held, announce } = currentMachine()
    announce(1, 3)
    const forged = nodeUrl(3).replace('ygg', 'memory').replace(':69', '')
    machine.receive(announceNode(1, 9), { address: forged }, 0)
    machine.receive(announceNode(1, 9), { address: 'ygg://[::]:69' }, 0)
    machine.receive(announceNode(1, 9), { address: 'nonsense' }, 0)
    expect(held(1)).toEqual([[77, 3]])
  })
})
