import { createRandom } from '@mimirjs/transport/testing'
import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS, limitsOf } from '../../src/limits.js'
import { Deadlines, type Sleeper } from '../../src/machine/deadlines.js'
import { DataSealer } from '../../src/machine/index.js'
import { KeptAnswers } from '../../src/machine/kept-answers.js'
import { saltOf } from '../../src/machine/mix.js'
import { NonceSet, Used } from '../../src/machine/nonce-set.js'
import { Session } from '../../src/machine/session.js'
import { SessionTable } from '../../src/machine/session-table.js'
import { TokenBucket } from '../../src/machine/token-bucket.js'
import { codeOf } from '../address/support.js'
import { client } from './support/identity.js'

const salt = saltOf(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))

describe('NonceSet', () => {
  test('as a map would: what was added is found, in its direction, and nothing else', () => {
    const random = createRandom(1)
    const set = new NonceSet(salt)
    expect(set.sizeBytes).toBe(0)
    const added = Array.from({ length: 5000 }, (_, at) => ({
      nonce: random.bytes(12),
      direction: at % 3 === 0 ? Used.sent : Used.received,
    }))
    for (const { nonce, direction } of added) expect(set.add(nonce, 0, direction)).toBe(true)
    for (const { nonce, direction } of added) {
      expect(set.find(nonce, 0)).toBe(direction)
      expect(set.add(nonce, 0, Used.received)).toBe(false)
    }
    for (let round = 0; round < 5000; round++) expect(set.find(random.bytes(12), 0)).toBe(Used.never)
    expect(set.sizeBytes).toBe(8192 * 8)
  })

  test('at an offset, and of zeros', () => {
    const set = new NonceSet(salt)
    const packet = Uint8Array.from([9, 9, 9, ...new Uint8Array(12), 9])
    expect(set.add(packet, 3, Used.sent)).toBe(true)
    expect(set.find(new Uint8Array(12), 0)).toBe(Used.sent)
    expect(set.find(packet, 0)).toBe(Used.never)
  })

  test('nonces that differ in few bits do not meet', () => {
    const set = new NonceSet(salt)
    const nonce = new Uint8Array(12)
    const view = new DataView(nonce.buffer)
    const startedMs = performance.now()
    for (let number = 0; number < 65_536; number++) {
      view.setUint32(4, number << 1)
      set.add(nonce, 0, Used.received)
    }
    // In one cluster that would take half a minute.
    expect(performance.now() - startedMs).toBeLessThan(3000)
  })
})

describe('Deadlines', () => {
  interface Named extends Sleeper {
    readonly number: number
  }

  test('in the order of time, whatever moves and goes', () => {
    const random = createRandom(2)
    const deadlines = new Deadlines<Named>()
    const sleepers = Array.from({ length: 300 }, (_, number): Named => ({ number, wakeMs: 0, heapAt: -1 }))
    const due = new Map<Named, number>()
    for (let round = 0; round < 5000; round++) {
      const sleeper = sleepers[random.integer(sleepers.length)]
      if (sleeper === undefined) continue
      if (random.chance(0.2)) {
        deadlines.forget(sleeper)
        due.delete(sleeper)
      } else {
        const wakeMs = random.integer(1000)
        deadlines.wakeBy(sleeper, wakeMs)
        due.set(sleeper, Math.min(wakeMs, due.get(sleeper) ?? wakeMs))
      }
      expect(deadlines.nextMs).toBe(Math.min(...due.values()))
    }
    const woken: number[] = []
    for (let next = deadlines.takeDue(1000); next !== undefined; next = deadlines.takeDue(1000)) {
      expect(due.get(next)).toBe(next.wakeMs)
      woken.push(next.wakeMs)
    }
    expect(woken).toEqual([...due.values()].sort((a, b) => a - b))
    expect(deadlines.nextMs).toBe(Number.POSITIVE_INFINITY)
  })

  test('not before its time, and never for infinity', () => {
    const deadlines = new Deadlines<Sleeper>()
    const sleeper = { wakeMs: 0, heapAt: -1 }
    deadlines.wakeBy(sleeper, Number.POSITIVE_INFINITY)
    expect(deadlines.takeDue(1e15)).toBeUndefined()
    deadlines.wakeBy(sleeper, 10)
    deadlines.wakeBy(sleeper, 20)
    expect(deadlines.takeDue(9)).toBeUndefined()
    expect(deadlines.takeDue(10)).toBe(sleeper)
    expect(deadlines.takeDue(30)).toBeUndefined()
  })
})

describe('TokenBucket', () => {
  test('a burst, then a rate', () => {
    const bucket = new TokenBucket(10, 3)
    expect([0, 0, 0, 0].map((ms) => bucket.take(ms))).toEqual([true, true, true, false])
    expect([99, 100, 100].map((ms) => bucket.take(ms))).toEqual([false, true, false])
    expect([5000, 5000, 5000, 5000].map((ms) => bucket.take(ms))).toEqual([true, true, true, false])
  })

  test('a clock that goes back gives nothing', () => {
    const bucket = new TokenBucket(10, 1)
    bucket.take(1000)
    for (const ms of [0, 1000, 500, 1000]) expect(bucket.take(ms)).toBe(false)
  })

  test('one may be taken before it is there', () => {
    const bucket = new TokenBucket(10, 1)
    expect(bucket.reserve(0)).toBe(0)
    expect(bucket.reserve(0)).toBe(100)
    expect(bucket.take(199)).toBe(false)
    expect(bucket.take(200)).toBe(true)
  })

  test('no limit', () => {
    const bucket = new TokenBucket(Number.POSITIVE_INFINITY)
    for (let taken = 0; taken < 1000; taken++) expect(bucket.take(0)).toBe(true)
    expect(bucket.reserve(1)).toBe(1)
  })
})

describe('KeptAnswers', () => {
  const packetOf = (fill: number): Uint8Array => new Uint8Array(60).fill(fill)

  test('answers of any size, the newest ones', () => {
    const kept = new KeptAnswers(3)
    const tickets = [1, 2, 3].map((fill) => kept.note(packetOf(fill)))
    kept.keep(tickets[0] ?? -1, new Uint8Array(50).fill(1))
    kept.keep(tickets[2] ?? -1, new Uint8Array(1500).fill(3))
    expect(kept.find(packetOf(1))).toEqual(new Uint8Array(50).fill(1))
    expect(kept.find(packetOf(2))).toBeUndefined()
    expect(kept.find(packetOf(3))).toEqual(new Uint8Array(1500).fill(3))
    const ticket = kept.note(packetOf(4))
    expect(kept.find(packetOf(1))).toBeUndefined()
    kept.keep(tickets[0] ?? -1, new Uint8Array(9))
    expect(kept.find(packetOf(4))).toBeUndefined()
    kept.keep(ticket, new Uint8Array(46).fill(4))
    expect(kept.find(packetOf(4))).toEqual(new Uint8Array(46).fill(4))
  })

  test('what was found is not overwritten later', () => {
    const kept = new KeptAnswers(1)
    kept.keep(kept.note(packetOf(1)), new Uint8Array(45).fill(1))
    const found = kept.find(packetOf(1))
    kept.keep(kept.note(packetOf(2)), new Uint8Array(45).fill(2))
    expect(found).toEqual(new Uint8Array(45).fill(1))
  })

  test('none', () => {
    const kept = new KeptAnswers(0)
    kept.keep(kept.note(packetOf(1)), new Uint8Array(45))
    expect(kept.find(packetOf(1))).toBeUndefined()
  })
})

describe('SessionTable', () => {
  test('by id and by who opened them, also those that meet', () => {
    const random = createRandom(5)
    const table = new SessionTable(salt)
    const { publicKey, place } = client
    const sessions = Array.from(
      { length: 500 },
      (_, at) =>
        new Session(
          {
            id: random.bytes(16),
            peer: publicKey,
            role: at % 2 ? 'initiator' : 'responder',
            places: [place],
            nowMs: 0,
          },
          salt,
        ),
    )
    for (const session of sessions) table.add(session)
    const packet = Uint8Array.from([2, ...(sessions[7]?.id ?? []), 0])
    expect(table.find(packet, 1)).toBe(sessions[7])
    expect(table.find(random.bytes(16), 0)).toBeUndefined()
    expect(table.size).toBe(500)
    expect([...table.all()]).toHaveLength(500)
    expect([...table.incoming()]).toHaveLength(250)
    for (const session of sessions.slice(100)) table.delete(session)
    for (const session of sessions.slice(100)) table.delete(session)
    expect(table.size).toBe(100)
    expect(sessions.map(({ id }) => table.find(id, 0) !== undefined)).toEqual(sessions.map((_, at) => at < 100))
    expect(table.openedBy(sessions[0]?.peerName ?? '').size).toBe(50)
  })
})

describe('DataSealer', () => {
  test('packets do not share a byte, and each has its own nonce', () => {
    const random = createRandom(6)
    const drawn: number[] = []
    const sealer = new DataSealer((sizeBytes) => {
      drawn.push(sizeBytes)
      return random.bytes(sizeBytes)
    })
    const packets = Array.from({ length: 800 }, () =>
      sealer.seal(new Uint8Array(16), new Uint8Array(32), new Uint8Array(100), () => true),
    )
    const copies = packets.map((packet) => packet.slice())
    expect(packets).toEqual(copies)
    expect(new Set(packets.map((packet) => packet.subarray(17, 29).join())).size).toBe(800)
    expect(drawn.slice(0, 3)).toEqual([12, 24, 48])
    expect(Math.max(...drawn)).toBe(4092)
  })
})

describe('limits', () => {
  test('the defaults are those of the protocol', () => {
    expect(limitsOf()).toEqual(DEFAULT_LIMITS)
    expect(limitsOf({ peers: undefined as never, sessions: 7 })).toEqual({ ...DEFAULT_LIMITS, sessions: 7 })
    expect(limitsOf({ sessions: Number.POSITIVE_INFINITY }).sessions).toBe(Number.POSITIVE_INFINITY)
  })

  test.each([
    { payloadBytes: 1456 },
    { payloadBytes: Number.POSITIVE_INFINITY },
    { messagesPerSession: Number.POSITIVE_INFINITY },
    { peers: 0 },
    { peers: -1 },
    { peers: 1.5 },
    { peers: Number.NaN },
    { nothingLikeThat: 1 },
  ])('%o', (limits) => {
    expect(codeOf(() => limitsOf(limits))).toBe('misuse')
  })
})
