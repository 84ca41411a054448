import { createSigner, generateX25519KeyPair } from '@mimirjs/crypto'
import { describe, expect, test } from 'vitest'
import { isKeyAt } from '../../src/key.js'
import { sessionIdentity } from '../../src/session/identity.js'
import { sealInit } from '../../src/session/init.js'
import { SessionType } from '../../src/wire/session.js'
import { bytes, exchange, type Person, pass, person, type Time, texts } from './support/people.js'

const isTraffic = (message: Uint8Array | undefined) => message?.[0] === SessionType.traffic

/** An Init of somebody with any seed, saying anything. */
function initOf(seed: number, to: Person, says: { current?: Uint8Array; next?: Uint8Array; seq?: number } = {}) {
  const seedBytes = new Uint8Array(32)
  new DataView(seedBytes.buffer).setUint32(0, seed)
  const signer = createSigner(seedBytes)
  const announced = {
    current: says.current ?? generateX25519KeyPair().publicKey,
    next: says.next ?? generateX25519KeyPair().publicKey,
    keySeq: 0,
    seq: says.seq ?? 1_750_000_000,
  }
  const identity = sessionIdentity(seedBytes, signer)
  const ephemeral = generateX25519KeyPair()
  return { source: signer.publicKey, message: sealInit(SessionType.init, announced, identity, ephemeral, to.publicKey) }
}

function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

describe('floods', () => {
  test('Inits of many: so many a second are answered, whoever sends them', () => {
    const time: Time = { nowMs: 0 }
    const a = person(1, time, { limits: { initsPerSecond: 20 } })
    const inits = Array.from({ length: 100 }, (_, seed) => initOf(seed, a))
    for (const { source, message } of inits) a.sessions.receive(source, message, 0)
    expect(a.sessions.stats).toMatchObject({ initsRead: 20, throttled: 80, acksSent: 20 })
    expect(a.sessions.tableSizes).toMatchObject({ sessions: 20, sources: 20 })
    for (const { source, message } of inits.slice(20)) a.sessions.receive(source, message, 500)
    expect(a.sessions.stats.initsRead).toBe(30)
    for (const { source, message } of inits.slice(30)) a.sessions.receive(source, message, 59_000)
    expect(a.sessions.tableSizes.sources).toBe(20)
  })

  test('whom we write to is heard while strangers flood', () => {
    const time: Time = { nowMs: 0 }
    const [a, b] = [person(1, time), person(3, time)]
    for (let seed = 0; seed < 50; seed++) {
      const { source, message } = initOf(seed, a)
      a.sessions.receive(source, message, 0)
    }
    a.written.length = 0
    a.sessions.send(b.publicKey, bytes('through'), 0)
    exchange(a, b, time)
    expect(texts(b)).toEqual(['through'])
  })

  test('Inits of one: two a second, and a few more at first', () => {
    const time: Time = { nowMs: 0 }
    const a = person(1, time)
    const inits = Array.from({ length: 60 }, (_, count) => initOf(7, a, { seq: 1_750_000_000 + count }))
    for (const [at, { source, message }] of inits.slice(0, 20).entries()) a.sessions.receive(source, message, at)
    expect(a.sessions.stats.initsRead).toBe(6)
    for (const [at, { source, message }] of inits.slice(20).entries())
      a.sessions.receive(source, message, 20 + at * 100)
    expect(a.sessions.stats.initsRead).toBeGreaterThanOrEqual(13)
    expect(a.sessions.stats.initsRead).toBeLessThanOrEqual(14)
    expect(a.sessions.size).toBe(1)
  })

  test('what nobody can have sent: so many a second are opened, and those with a session have their own share', () => {
    const time: Time = { nowMs: 0 }
    const [a, b] = [person(1, time, { limits: { initReadsPerSecond: 30 } }), person(3, time)]
    const { source, message } = initOf(5, a)
    const forged = message.slice()
    forged[100] = (forged[100] ?? 0) ^ 1
    for (let count = 0; count < 100; count++) a.sessions.receive(source, forged, 0)
    expect(a.sessions.stats).toMatchObject({ initsRead: 0, ignored: 30, throttled: 70 })
    expect(a.sessions.tableSizes.sources).toBe(0)
    a.sessions.send(b.publicKey, bytes('through'), 0)
    exchange(a, b, time)
    expect(texts(b)).toEqual(['through'])
  })

  test('what is forged in the name of one does not shut it out, nor do made-up keys shut out strangers', () => {
    const junk = new Uint8Array(193).fill(SessionType.init)
    const below = random(7)
    for (const isNamed of [true, false]) {
      for (const isAsked of [true, false]) {
        const time: Time = { nowMs: 0 }
        const [a, b] = [person(1, time), person(3, time)]
        const [from, to] = isAsked ? [a, b] : [b, a]
        for (; time.nowMs <= 3000; time.nowMs += 10) {
          for (let count = 0; count < 4; count++) {
            junk.set([below(256), below(256), below(256)], 40)
            const made = Uint8Array.from({ length: 32 }, () => below(256))
            a.sessions.receive(isNamed ? b.publicKey : made, junk, time.nowMs)
          }
          if (time.nowMs === 2000) from.sessions.send(to.publicKey, bytes('through'), time.nowMs)
          exchange(a, b, time)
        }
        expect(texts(to)).toEqual(['through'])
      }
    }
  })

  test('what was recorded does not use up what a key may say', () => {
    const time: Time = { nowMs: 0 }
    const a = person(1, time)
    const inits = Array.from({ length: 8 }, (_, count) => initOf(7, a, { seq: 1_750_000_000 + count }))
    for (const { source, message } of inits.slice(0, 4)) a.sessions.receive(source, message, (time.nowMs += 1000))
    for (let count = 0; count < 10; count++) {
      for (const { source, message } of inits.slice(0, 4)) a.sessions.receive(source, message, time.nowMs)
    }
    for (const { source, message } of inits.slice(4)) a.sessions.receive(source, message, time.nowMs)
    expect(a.sessions.stats).toMatchObject({ initsRead: 8, acksSent: 8, ignored: 40, throttled: 0 })
  })

  test('many clients are heard soon after their server was started anew', () => {
    const time: Time = { nowMs: 0 }
    let server = person(1, time)
    const clients = Array.from({ length: 200 }, (_, at) => person(2 + at, time))
    const write = (text: string) => {
      for (const client of clients) {
        client.sessions.send(server.publicKey, bytes(text), (time.nowMs += 10))
        exchange(client, server, time)
      }
    }
    write('one')
    expect(server.delivered).toHaveLength(clients.length)
    server = person(1, time)
    // The first packet is lost: it tells the server of the client, and the answer tells the client of it.
    write('two')
    write('three')
    expect(texts(server)).toEqual(clients.map(() => 'three'))
  })

  test('the longest idle session makes room', () => {
    const time: Time = { nowMs: 0 }
    const a = person(1, time, { limits: { sessions: 4, initsPerSecond: 100 } })
    const inits = Array.from({ length: 6 }, (_, seed) => initOf(seed, a))
    for (const { source, message } of inits.slice(0, 4)) a.sessions.receive(source, message, time.nowMs++)
    a.sessions.send(inits[0]?.source ?? new Uint8Array(32), bytes('busy'), time.nowMs++)
    for (const { source, message } of inits.slice(4)) a.sessions.receive(source, message, time.nowMs++)
    const left = a.sessions
      .sessions()
      .map(({ publicKey }) => inits.findIndex(({ source }) => source[0] === publicKey[0]))
    expect(left.sort()).toEqual([0, 3, 4, 5])
    expect(a.sessions.stats.evicted).toBe(2)
  })

  test('traffic without a session: ten a second are answered, one in five seconds for each', () => {
    const time: Time = { nowMs: 0 }
    const a = person(1, time, { limits: { strayInitsPerSecond: 10 } })
    const message = new Uint8Array(60).fill(SessionType.traffic)
    const sources = Array.from({ length: 200 }, (_, seed) => initOf(seed, a).source)
    let most = 0
    for (; time.nowMs < 30_000; time.nowMs += 100) {
      for (const source of sources) a.sessions.receive(source, message, time.nowMs)
      most = Math.max(most, a.sessions.tableSizes.strays)
    }
    expect(a.sessions.stats.straysAnswered).toBeLessThanOrEqual(310)
    expect(most).toBeLessThanOrEqual(60)
    const perSource = new Map<string, number>()
    for (const { dest } of a.written) perSource.set(dest.join(), (perSource.get(dest.join()) ?? 0) + 1)
    expect(Math.max(...perSource.values())).toBeLessThanOrEqual(6)
    expect(a.sessions.size).toBe(0)
  })

  test('openings are bounded by count and by bytes', () => {
    const time: Time = { nowMs: 0 }
    const a = person(1, time, { limits: { openings: 10, openingBytes: 5000 } })
    for (let seed = 0; seed < 50; seed++) {
      a.sessions.send(initOf(seed, a).source, new Uint8Array(100), time.nowMs)
      expect(a.sessions.openings).toBeLessThanOrEqual(10)
    }
    for (let seed = 0; seed < 20; seed++) {
      a.sessions.send(initOf(seed, a).source, new Uint8Array(2000), time.nowMs)
      expect(a.sessions.tableSizes.openingBytes).toBeLessThanOrEqual(5000)
    }
    expect(a.sessions.openings).toBe(2)
    expect(a.sessions.stats.evicted).toBeGreaterThan(0)
  })
})

describe('replays', () => {
  test('everything recorded and sent again, after every message: nothing is delivered twice', () => {
    const time: Time = { nowMs: 0 }
    // Else the limits are used up, and what is not read cannot be taken twice.
    const options = { limits: { initsPerSourcePerSecond: 10_000, expectedInitsPerSecond: 10_000 } }
    const [a, b] = [person(1, time, options), person(3, time, options)]
    const recorded: { message: Uint8Array; from: Person; to: Person }[] = []
    // Of the Inits, which cost a thousand times as much, the newest only: older ones are refused by their number.
    const again = () => {
      const newest = recorded.filter(({ message }) => !isTraffic(message)).slice(-4)
      for (const packet of recorded) {
        const { message, from, to } = packet
        if (isTraffic(message) || newest.includes(packet)) to.sessions.receive(from.publicKey, message, time.nowMs)
      }
    }
    const carry = () => {
      exchange(a, b, time, (message, from) => {
        recorded.push({ message, from, to: from === a ? b : a })
        return false
      })
    }
    let written = 0
    for (; time.nowMs < 200_000; time.nowMs += 5000) {
      a.sessions.send(b.publicKey, bytes(`${written}`), time.nowMs)
      carry()
      again()
      if (written % 3 === 0) b.sessions.send(a.publicKey, bytes(`${written}`), time.nowMs)
      carry()
      again()
      if (written % 4 === 0) a.sessions.probe(b.publicKey, time.nowMs)
      if (written % 5 === 0) b.sessions.probe(a.publicKey, time.nowMs)
      carry()
      again()
      written++
    }
    expect(texts(b).length).toBe(written)
    expect(new Set(texts(b)).size).toBe(texts(b).length)
    expect(new Set(texts(a)).size).toBe(texts(a).length)
    expect(texts(a).length).toBe(Math.ceil(written / 3))
  })

  test('our own packets, sent back under other numbers, are not taken for theirs', () => {
    const time: Time = { nowMs: 0 }
    const [a, b] = [person(1, time), person(3, time)]
    a.sessions.send(b.publicKey, bytes('hello'), 0)
    exchange(a, b, time)
    let tried = 0
    for (let round = 0; round < 4; round++) {
      time.nowMs += 70_000
      a.sessions.send(b.publicKey, bytes('hello'), time.nowMs)
      exchange(a, b, time)
      b.sessions.send(a.publicKey, bytes('theirs'), time.nowMs)
      exchange(a, b, time)
      // What is recorded here does not arrive there, so nothing turns on their side. Then an Init of theirs makes what
      // was our `send` our `recv`, while their key stays what it was.
      for (let count = 0; count < 3; count++) a.sessions.send(b.publicKey, bytes('mine'), time.nowMs)
      const recorded = a.written.splice(0).map(({ message }) => message)
      b.sessions.probe(a.publicKey, time.nowMs)
      exchange(a, b, time)
      const { localKeySeq = 0, remoteKeySeq = 0 } = a.sessions.sessions()[0] ?? {}
      for (const message of recorded) {
        for (const numbers of [0, 1, 2].flatMap((behind) => [0, 1].map((ahead) => [ahead, behind] as const))) {
          const sentBack = message.slice()
          sentBack.set([remoteKeySeq + numbers[0], localKeySeq - numbers[1]], 1)
          a.sessions.receive(b.publicKey, sentBack, time.nowMs)
          tried++
        }
      }
      a.written.length = 0
    }
    expect(tried).toBe(72)
    expect(texts(a)).toEqual(['theirs', 'theirs', 'theirs', 'theirs'])
  })

  test('an old Init makes a session at most, which yields to a new one', () => {
    const time: Time = { nowMs: 0 }
    const [a, b] = [person(1, time), person(3, time)]
    a.sessions.send(b.publicKey, bytes('one'), 0)
    const old = a.written[0]?.message ?? new Uint8Array(0)
    exchange(a, b, time)
    pass([a, b], time, 130_000)
    b.sessions.receive(a.publicKey, old, time.nowMs)
    expect(b.sessions.size).toBe(1)
    b.written.length = 0
    a.sessions.send(b.publicKey, bytes('two'), time.nowMs)
    exchange(a, b, time)
    expect(texts(b)).toEqual(['one', 'two'])
  })
})

describe('forgeries', () => {
  test('in a session that works, what cannot be opened changes nothing and is not answered', () => {
    const time: Time = { nowMs: 0 }
    const [a, b] = [person(1, time), person(3, time)]
    let packets = 0
    for (; time.nowMs < 20_000; time.nowMs += 200) {
      a.sessions.send(b.publicKey, bytes(`${packets++}`), time.nowMs)
      if (time.nowMs > 0) {
        const real = a.written.find(({ message }) => isTraffic(message))?.message ?? new Uint8Array(0)
        const forged = real.slice()
        forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1
        b.sessions.receive(a.publicKey, forged, time.nowMs)
        b.sessions.receive(a.publicKey, new Uint8Array(60).fill(SessionType.traffic), time.nowMs)
      }
      exchange(a, b, time)
    }
    expect(texts(b)).toEqual(Array.from({ length: packets }, (_, at) => `${at}`))
    expect(b.sessions.stats.initsSent).toBe(0)
  })

  test('after silence they are answered once a second, and the session survives', () => {
    const time: Time = { nowMs: 0 }
    const [a, b] = [person(1, time), person(3, time)]
    a.sessions.send(b.publicKey, bytes('one'), 0)
    exchange(a, b, time)
    for (time.nowMs = 10_000; time.nowMs < 20_000; time.nowMs += 100) {
      b.sessions.receive(a.publicKey, new Uint8Array(60).fill(SessionType.traffic), time.nowMs)
      exchange(a, b, time)
    }
    expect(b.sessions.stats.initsSent).toBeLessThanOrEqual(10)
    a.sessions.send(b.publicKey, bytes('two'), time.nowMs)
    exchange(a, b, time)
    expect(texts(b)).toEqual(['one', 'two'])
  })

  test('any bytes are taken, none are kept', () => {
    const time: Time = { nowMs: 0 }
    const [a, b] = [person(1, time), person(3, time)]
    a.sessions.send(b.publicKey, bytes('one'), 0)
    exchange(a, b, time)
    const below = random(99)
    for (let round = 0; round < 3000; round++) {
      const message = Uint8Array.from({ length: [0, 1, 30, 52, 60, 193, 194, 400][below(8)] ?? 0 }, () => below(256))
      if (message.length > 0) message[0] = below(5)
      // Numbers that fit, so that the box itself is reached.
      if (message.length > 3 && below(2) === 0) message.set([below(4), below(4), below(200)], 1)
      const source = below(2) === 0 ? a.publicKey : Uint8Array.from({ length: 32 }, () => below(256))
      b.sessions.receive(source, message, (time.nowMs += 10))
      const forA = b.written.filter(({ dest }) => isKeyAt(dest, 0, a.publicKey))
      b.written.splice(0, b.written.length, ...forA)
      exchange(a, b, time)
    }
    expect(b.sessions.size).toBe(1)
    expect(texts(b)).toEqual(['one'])
    a.sessions.send(b.publicKey, bytes('two'), time.nowMs)
    exchange(a, b, time)
    pass([a, b], time, 2000)
    a.sessions.send(b.publicKey, bytes('three'), time.nowMs)
    exchange(a, b, time)
    expect(texts(b).at(-1)).toBe('three')
  })

  test('numbers that nobody has', () => {
    const time: Time = { nowMs: 0 }
    const a = person(1, time)
    const { source, message } = initOf(5, a, { seq: Number.MAX_SAFE_INTEGER })
    a.sessions.receive(source, message, 0)
    expect(a.sessions.size).toBe(0)
    const long = new Uint8Array(80).fill(0xff)
    long[0] = SessionType.traffic
    a.sessions.receive(source, long, 0)
    expect(a.sessions.size).toBe(0)
  })
})

describe('keys that nobody can agree with', () => {
  test('as the key of a node: nothing is read from it, nothing is sent to it', () => {
    const time: Time = { nowMs: 0 }
    const a = person(1, time)
    const { message } = initOf(5, a)
    const smallOrder = new Uint8Array(32)
    const identity = Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? 1 : 0))
    for (const source of [smallOrder, identity, new Uint8Array(32).fill(0xff)]) {
      a.sessions.receive(source, message, 0)
      a.sessions.receive(source, new Uint8Array(60).fill(SessionType.traffic), 0)
      a.sessions.send(source, bytes('nobody'), 0)
    }
    expect(a.sessions.size).toBe(0)
    expect(a.written).toEqual([])
  })

  test('as a key of a session: it is there, nothing goes through it, the next Init mends it', () => {
    const time: Time = { nowMs: 0 }
    const a = person(1, time)
    const zero = new Uint8Array(32)
    const { source, message } = initOf(5, a, { current: zero, next: zero })
    a.sessions.receive(source, message, 0)
    a.written.length = 0
    a.sessions.send(source, bytes('nothing'), 0)
    const traffic = Uint8Array.from({ length: 60 }, (_, at) => [SessionType.traffic, 0, 0, 1][at] ?? 9)
    a.sessions.receive(source, traffic, 0)
    expect(a.written).toEqual([])
    a.sessions.receive(source, initOf(5, a, { seq: 1_750_000_001 }).message, 1000)
    a.written.length = 0
    a.sessions.send(source, bytes('something'), 1000)
    expect(a.written.map((packet) => isTraffic(packet.message))).toEqual([true])
  })

  test('our own key: neither traffic nor an Init of ours that comes back is taken', () => {
    const time: Time = { nowMs: 0 }
    const a = person(1, time)
    a.sessions.send(a.publicKey, bytes('me'), 0)
    const mine = a.written[0]?.message ?? new Uint8Array(0)
    a.written.length = 0
    a.sessions.receive(a.publicKey, mine, 0)
    a.sessions.receive(a.publicKey, new Uint8Array(60).fill(SessionType.traffic), 2000)
    expect(a.sessions.size).toBe(0)
  })
})
