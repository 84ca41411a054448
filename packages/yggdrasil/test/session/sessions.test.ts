import { createSigner } from '@mimirjs/crypto'
import { describe, expect, test } from 'vitest'
import { sessionIdentity } from '../../src/session/identity.js'
import { openInit } from '../../src/session/init.js'
import { SessionType } from '../../src/wire/session.js'
import { bytes, exchange, type Person, pass, person, type Time, texts } from './support/people.js'

const isTraffic = (message: Uint8Array) => message[0] === SessionType.traffic
const isAck = (message: Uint8Array) => message[0] === SessionType.ack

function couple(time: Time): [Person, Person] {
  return [person(1, time), person(3, time)]
}

function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** Two with a session in which both have written. */
function acquainted(time: Time): [Person, Person] {
  const [a, b] = couple(time)
  a.sessions.send(b.publicKey, bytes('hello'), time.nowMs)
  exchange(a, b, time)
  b.sessions.send(a.publicKey, bytes('welcome'), time.nowMs)
  exchange(a, b, time)
  a.delivered.length = b.delivered.length = 0
  return [a, b]
}

describe('opening', () => {
  test('the packet that waits arrives with the session, and the answer too', () => {
    const time: Time = { nowMs: 0 }
    const [a, b] = couple(time)
    a.sessions.send(b.publicKey, bytes('one'), 0)
    exchange(a, b, time)
    expect(texts(b)).toEqual(['one'])
    expect(b.delivered[0]?.source).toEqual(a.publicKey)
    b.sessions.send(a.publicKey, bytes('two'), 0)
    exchange(a, b, time)
    expect(texts(a)).toEqual(['two'])
    expect([a.sessions.size, b.sessions.size, a.sessions.openings, b.sessions.openings]).toEqual([1, 1, 0, 0])
  })

  test('only the newest packet waits', () => {
    const time: Time = { nowMs: 0 }
    const [a, b] = couple(time)
    for (const text of ['one', 'two', 'three']) a.sessions.send(b.publicKey, bytes(text), 0)
    expect(a.written.length).toBe(1)
    exchange(a, b, time)
    expect(texts(b)).toEqual(['three'])
  })

  test('a lost Init is repeated, at most once a second, each with a higher number', () => {
    const time: Time = { nowMs: 0 }
    const [a, b] = couple(time)
    const seqs: number[] = []
    const sent: number[] = []
    const seed = new Uint8Array(32).fill(3)
    const identity = sessionIdentity(seed, createSigner(seed))
    for (; time.nowMs < 20_000; time.nowMs += 100) {
      if (time.nowMs < 1000) a.sessions.send(b.publicKey, bytes('wait'), time.nowMs)
      if (a.sessions.nextDeadlineMs <= time.nowMs) a.sessions.advance(time.nowMs)
      for (const { message } of a.written.splice(0)) {
        sent.push(time.nowMs)
        seqs.push(openInit(message, identity, a.publicKey)?.seq ?? 0)
      }
    }
    expect(sent).toEqual([0, 1000, 2000, 3000, 5000, 9000])
    expect(seqs).toEqual([0, 1, 2, 3, 5, 9].map((seconds) => 1_750_000_000 + seconds))
  })

  test.each([
    ['the Init', (message: Uint8Array) => message[0] === SessionType.init],
    ['the first Ack', isAck],
  ])('%s may be lost', (_, kind) => {
    const time: Time = { nowMs: 0 }
    const [a, b] = couple(time)
    let lost = 0
    a.sessions.send(b.publicKey, bytes('one'), 0)
    exchange(a, b, time, (message) => kind(message) && lost++ === 0)
    expect(lost).toBeGreaterThan(0)
    pass([a, b], time, 1000)
    expect(texts(b)).toEqual(['one'])
  })

  test('both write first: nothing is lost', () => {
    const time: Time = { nowMs: 0 }
    const [a, b] = couple(time)
    a.sessions.send(b.publicKey, bytes('from a'), 0)
    b.sessions.send(a.publicKey, bytes('from b'), 0)
    exchange(a, b, time)
    expect([texts(a), texts(b)]).toEqual([['from b'], ['from a']])
    for (const text of ['1', '2', '3']) {
      a.sessions.send(b.publicKey, bytes(`a${text}`), 0)
      b.sessions.send(a.publicKey, bytes(`b${text}`), 0)
      exchange(a, b, time)
    }
    expect(texts(a)).toEqual(['from b', 'b1', 'b2', 'b3'])
    expect(texts(b)).toEqual(['from a', 'a1', 'a2', 'a3'])
  })

  test('both write first, and what they write then is lost in any way: all comes in order within seconds', () => {
    for (let lost = 1; lost < 6; lost++) {
      const time: Time = { nowMs: 0 }
      const [a, b] = couple(time)
      let count = 0
      a.sessions.send(b.publicKey, bytes('from a'), 0)
      b.sessions.send(a.publicKey, bytes('from b'), 0)
      exchange(a, b, time, () => ++count === lost)
      pass([a, b], time, 2500)
      a.sessions.send(b.publicKey, bytes('later'), time.nowMs)
      b.sessions.send(a.publicKey, bytes('later'), time.nowMs)
      pass([a, b], time, 2500)
      a.sessions.send(b.publicKey, bytes('last'), time.nowMs)
      b.sessions.send(a.publicKey, bytes('last'), time.nowMs)
      exchange(a, b, time)
      expect([texts(a).at(-1), texts(b).at(-1)], `message ${lost} is lost`).toEqual(['last', 'last'])
    }
  })
})

describe('traffic', () => {
  test('what is overtaken or sent twice is not delivered', () => {
    const time: Time = { nowMs: 0 }
    const [a, b] = acquainted(time)
    for (const text of ['1', '2', '3']) a.sessions.send(b.publicKey, bytes(text), 0)
    const [first, second, third] = a.written.splice(0)
    for (const packet of [first, third, second, third, first]) {
      b.sessions.receive(a.publicKey, packet?.message ?? new Uint8Array(0), 0)
    }
    expect(texts(b)).toEqual(['1', '3'])
    expect(b.written).toEqual([])
  })

  test('what is overtaken by a packet under newer keys is not delivered', () => {
    const time: Time = { nowMs: 0 }
    const [a, b] = acquainted(time)
    time.nowMs = 3000
    a.sessions.send(b.publicKey, bytes('overtaken'), time.nowMs)
    const [held] = a.written.splice(0)
    a.sessions.probe(b.publicKey, time.nowMs)
    exchange(a, b, time)
    a.sessions.send(b.publicKey, bytes('newer'), time.nowMs)
    exchange(a, b, time)
    b.sessions.receive(a.publicKey, held?.message ?? new Uint8Array(0), time.nowMs)
    expect(texts(b)).toEqual(['newer'])
  })

  test.each([1, 2, 3, 4])(
    'each packet takes its own time, keys turn and are renewed: what comes is in order, %i',
    (seed) => {
      const time: Time = { nowMs: 0 }
      const [a, b] = acquainted(time)
      const below = random(seed)
      const onTheWay: {
        readonly dueMs: number
        readonly from: Person
        readonly to: Person
        readonly message: Uint8Array
      }[] = []
      let written = 0
      for (; time.nowMs < 200_000; time.nowMs += 50) {
        const [from, to] = below(2) === 0 ? [a, b] : [b, a]
        from.sessions.send(to.publicKey, bytes(`${written++}`), time.nowMs)
        if (below(200) === 0) from.sessions.probe(to.publicKey, time.nowMs)
        for (const [one, other] of [
          [a, b],
          [b, a],
        ] as const) {
          if (one.sessions.nextDeadlineMs <= time.nowMs) one.sessions.advance(time.nowMs)
          for (const { message } of one.written.splice(0)) {
            const dueMs = time.nowMs + 50 + (below(10) === 0 ? below(5000) : below(60))
            onTheWay.push({ dueMs, from: one, to: other, message })
          }
        }
        for (const packet of onTheWay.splice(0)) {
          if (packet.dueMs > time.nowMs) onTheWay.push(packet)
          else packet.to.sessions.receive(packet.from.publicKey, packet.message, time.nowMs)
        }
      }
      for (const one of [a, b]) {
        const numbers = texts(one).map(Number)
        expect(numbers).toEqual([...numbers].sort((x, y) => x - y))
      }
      expect(a.delivered.length + b.delivered.length).toBeGreaterThan(written * 0.7)
    },
  )

  test('keys turn once a minute while both write, and nothing is lost', () => {
    const time: Time = { nowMs: 0 }
    const [a, b] = acquainted(time)
    let written = 0
    const before = a.sessions.sessions()[0]?.localKeySeq ?? 0
    for (; time.nowMs < 600_000; time.nowMs += 500) {
      a.sessions.send(b.publicKey, bytes(`${written}`), time.nowMs)
      b.sessions.send(a.publicKey, bytes(`${written++}`), time.nowMs)
      exchange(a, b, time)
    }
    const expected = Array.from({ length: written }, (_, at) => `${at}`)
    expect(texts(a)).toEqual(expected)
    expect(texts(b)).toEqual(expected)
    const turns = (a.sessions.sessions()[0]?.localKeySeq ?? 0) - before
    expect(turns).toBeGreaterThanOrEqual(9)
    expect(turns).toBeLessThanOrEqual(11)
    expect(a.sessions.stats.initsSent + b.sessions.stats.initsSent).toBe(1)
  })

  test('one loses every other packet at random: what arrives is in order, and the keys still turn', () => {
    const time: Time = { nowMs: 0 }
    const [a, b] = acquainted(time)
    let state = 12_345
    const lose = () => {
      state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff
      return (state >> 16) % 2 === 0
    }
    let written = 0
    for (; time.nowMs < 300_000; time.nowMs += 250) {
      a.sessions.send(b.publicKey, bytes(`${written}`), time.nowMs)
      b.sessions.send(a.publicKey, bytes(`${written++}`), time.nowMs)
      exchange(a, b, time, lose)
    }
    for (const who of [a, b]) {
      const numbers = texts(who).map(Number)
      expect(numbers).toEqual([...numbers].sort((one, other) => one - other))
      expect(numbers.length).toBeGreaterThan(written / 4)
    }
    expect(a.sessions.sessions()[0]?.localKeySeq).toBeGreaterThan(4)
  })

  test('a minute without a packet ends it; the next write opens another', () => {
    const time: Time = { nowMs: 0 }
    const [a, b] = acquainted(time)
    pass([a, b], time, 59_000)
    a.sessions.send(b.publicKey, bytes('still'), time.nowMs)
    exchange(a, b, time)
    expect(texts(b)).toEqual(['still'])
    pass([a, b], time, 62_000)
    expect([a.sessions.size, b.sessions.size]).toEqual([0, 0])
    expect(a.sessions.nextDeadlineMs).toBe(Number.POSITIVE_INFINITY)
    b.sessions.send(a.publicKey, bytes('again'), time.nowMs)
    exchange(a, b, time)
    expect(texts(a)).toEqual(['again'])
  })

  test('a session that the other side must have forgotten is not used, though the sweep has not been here', () => {
    const time: Time = { nowMs: 0 }
    const [a, b] = acquainted(time)
    time.nowMs = 60_000
    a.sessions.send(b.publicKey, bytes('again'), time.nowMs)
    expect(a.written.map(({ message }) => message[0])).toEqual([SessionType.init])
    exchange(a, b, time)
    expect(texts(b)).toEqual(['again'])
  })
})

describe('the other side was started anew', () => {
  test('and hears from us: it says so, and the packet after that arrives', () => {
    const time: Time = { nowMs: 0 }
    const [a] = acquainted(time)
    const b = person(3, time)
    time.nowMs = 5000
    a.sessions.send(b.publicKey, bytes('lost'), time.nowMs)
    exchange(a, b, time)
    expect(texts(b)).toEqual([])
    expect(b.sessions.stats.straysAnswered).toBe(1)
    a.sessions.send(b.publicKey, bytes('arrives'), time.nowMs)
    exchange(a, b, time)
    expect(texts(b)).toEqual(['arrives'])
  })

  test('and writes to us: at once', () => {
    const time: Time = { nowMs: 0 }
    const [a] = acquainted(time)
    const b = person(3, time)
    time.nowMs = 5000
    b.sessions.send(a.publicKey, bytes('back'), time.nowMs)
    exchange(a, b, time)
    expect(texts(a)).toEqual(['back'])
    a.sessions.send(b.publicKey, bytes('good'), time.nowMs)
    exchange(a, b, time)
    expect(texts(b)).toEqual(['good'])
  })

  test('and ignores what it has no session for, as some implementations do: doubt finds out within seconds', () => {
    const time: Time = { nowMs: 0 }
    const [a] = acquainted(time)
    const b = person(3, time)
    time.nowMs = 5000
    const deaf = (message: Uint8Array, from: Person) => from === a && isTraffic(message) && b.sessions.size === 0
    for (; time.nowMs < 12_000; time.nowMs += 500) {
      a.sessions.send(b.publicKey, bytes(`${time.nowMs}`), time.nowMs)
      exchange(a, b, time, deaf)
    }
    expect(b.sessions.stats.straysAnswered).toBe(0)
    expect(Number(texts(b)[0])).toBeLessThanOrEqual(8000)
  })

  test('doubt grows rare while nobody answers by design', () => {
    const time: Time = { nowMs: 0 }
    const [a, b] = acquainted(time)
    const before = a.sessions.stats.initsSent
    for (; time.nowMs < 600_000; time.nowMs += 500) {
      a.sessions.send(b.publicKey, bytes('one way'), time.nowMs)
      exchange(a, b, time)
    }
    expect(a.sessions.stats.initsSent - before).toBeLessThanOrEqual(15)
    expect(b.delivered.length).toBeGreaterThanOrEqual(1180)
  })
})

describe('asking whether somebody is there', () => {
  test('with and without a session: an Ack comes, packets go on', () => {
    const time: Time = { nowMs: 0 }
    const [a, b] = couple(time)
    expect(a.sessions.probe(b.publicKey, 0)).toBe(0)
    const acks: Uint8Array[] = []
    exchange(a, b, time, (message) => {
      if (isAck(message)) acks.push(message)
      return false
    })
    expect(a.answers).toEqual([b.publicKey])
    expect(a.sessions.probe(b.publicKey, 400)).toBe(1000)
    time.nowMs = 1000
    expect(a.sessions.probe(b.publicKey, 1000)).toBe(1000)
    a.sessions.send(b.publicKey, bytes('behind it'), 1000)
    exchange(a, b, time)
    expect(a.answers).toEqual([b.publicKey, b.publicKey])
    for (const message of acks) a.sessions.receive(b.publicKey, message, (time.nowMs += 1000))
    expect(a.answers).toHaveLength(2)
    expect(texts(b)).toEqual(['behind it'])
    b.sessions.send(a.publicKey, bytes('back'), 1000)
    exchange(a, b, time)
    expect(texts(a)).toEqual(['back'])
  })
})
