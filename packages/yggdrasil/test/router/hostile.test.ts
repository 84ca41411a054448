import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BloomFilter } from '../../src/bloom.js'
import type { YggdrasilError } from '../../src/error.js'
import { keyId } from '../../src/key.js'
import { encodeAnnounce } from '../../src/wire/announce.js'
import { PacketType } from '../../src/wire/frame.js'
import { pathOf } from '../../src/wire/path.js'
import { encodePathBroken, encodePathLookup, encodePathNotify } from '../../src/wire/pathfinder.js'
import { encodeSigReq, signedParentBytes } from '../../src/wire/signature.js'
import { encodeTraffic } from '../../src/wire/traffic.js'
import { concat } from '../wire/support/bytes.js'
import { cheapIdentity, type Identity, realIdentity } from './support/identity.js'
import { Bench, childOf, notifyOf, type Puppet, rootOf } from './support/puppet.js'

// One node with real signatures, a parent and a child that behave, and somebody who does not. Whatever that one does, the
// others must not notice: both links stay, packets between them pass, and what the node holds stays small.

let bench: Bench
let parent: Puppet
let child: Puppet
let attacker: Puppet

function real(firstByte: (byte: number) => boolean, from = 0): Identity {
  for (let seed = from; ; seed++) {
    const identity = realIdentity(Uint8Array.from({ length: 32 }, (_, at) => (at < 4 ? (seed >>> (8 * at)) & 0xff : 7)))
    if (firstByte(identity.publicKey[0] ?? 0)) return identity
  }
}

const ourselves = real((byte) => byte >= 0x40 && byte < 0x80)
const above = real((byte) => byte < 0x20)
const below = real((byte) => byte >= 0xc0)
const hostile = real((byte) => byte >= 0x80 && byte < 0xc0)
const far = real((byte) => byte >= 0xc0, 1000)

beforeEach(() => {
  bench = new Bench({ identity: ourselves })
  parent = bench.neighbour(above, { port: 5n })
  parent.announceRoot()
  child = bench.child(below)
  attacker = bench.neighbour(hostile)
  attacker.announceAsChild()
  bench.advance(3000)
  for (const puppet of bench.puppets) puppet.takeAll()
})

/** The others go on as if nothing had happened. */
afterEach(() => {
  for (const honest of [parent, child]) honest.takeAll()
  expect([parent.cut, child.cut]).toEqual([undefined, undefined])
  // They go on saying what they say every few minutes.
  parent.announceRoot()
  bench.advance(1000)
  expect(bench.router.tree()).toMatchObject({ root: above.publicKey, coordinates: [5n] })
  const towards = pathOf([5, child.port, 9n])
  parent.sendTraffic({ path: towards, dest: far.publicKey })
  expect(child.traffic()).toHaveLength(1)
  child.sendTraffic({ path: pathOf([8]), dest: far.publicKey })
  expect(parent.traffic()).toHaveLength(1)
  parent.sendTraffic({ path: pathOf([5]) })
  expect(bench.deliveries).toHaveLength(1)
  const { records, paths, rumors, keptBytes, queuedBytes, sent } = bench.router.sizes()
  expect(records).toBeLessThanOrEqual(4096)
  expect(sent).toBeLessThanOrEqual(3 * 4096)
  expect([paths, rumors]).toEqual([paths, rumors].map((size) => Math.min(size, 1)))
  expect(keptBytes).toBeLessThanOrEqual(2048)
  expect(queuedBytes).toBeLessThanOrEqual(3 * 131_070)
})

/** Repeat until the link is cut. @returns how often it was possible */
function until(limit: number, act: (count: number) => YggdrasilError | undefined): number {
  for (let count = 0; count < limit; count++) if (act(count) !== undefined) return count
  return limit
}

describe('announces', () => {
  test('with a signature of somebody else cut the link', () => {
    const forged = { ...rootOf(above, 99n), sig: rootOf(hostile, 99n).sig }
    expect(attacker.announce(forged)?.code).toBe('bad-signature')
  })

  test('with a signature that only fits after multiplication by the cofactor cut the link', () => {
    const root = rootOf(hostile, 2n ** 40n)
    // R of a point of small order, S of zero: right for lax verifiers and a key of small order only.
    const sig = new Uint8Array(64)
    sig[0] = 1
    expect(attacker.announce({ ...root, sig, psig: sig })?.code).toBe('bad-signature')
  })

  test('of a child that its parent never signed cut the link', () => {
    const mine = childOf(hostile, hostile, 3n, 50n)
    expect(attacker.announce({ ...mine, parent: above.publicKey })?.code).toBe('bad-signature')
  })

  test('with port 0 under another parent cut the link, though both signatures are right', () => {
    const signed = signedParentBytes(hostile.publicKey, above.publicKey, 50n, 1n, 0n)
    const sig = hostile.sign(signed)
    const psig = above.sign(signed)
    const valid = encodeAnnounce({ ...rootOf(hostile, 50n), sig, psig })
    const body = concat(valid.subarray(0, 32), above.publicKey, valid.subarray(64))
    expect(attacker.send(PacketType.announce, body)?.code).toBe('malformed')
  })

  test('replayed from long ago change nothing', () => {
    const { seq } = bench.router.tree()
    const old = childOf(ourselves, hostile, 77n, seq - 1n)
    expect(attacker.announce(old)).toBeUndefined()
    expect(attacker.announce(rootOf(above, 0n))).toBeUndefined()
    // It hears what we know better, and that is all.
    expect(attacker.announces().map(({ key }) => keyId(key))).toEqual([bench.id, parent.keyId])
    bench.advance(1000)
    expect(bench.router.tree().coordinates).toEqual([5n])
  })

  test('replayed in bulk: what is worse costs answers, up to the limit', () => {
    const body = encodeAnnounce(rootOf(above, 0n))
    const { verifications } = bench.router.stats()
    expect(until(1000, () => attacker.send(PacketType.announce, body))).toBe(200)
    expect(attacker.cut?.code).toBe('flood')
    expect(bench.router.stats().verifications).toBe(verifications)
  })

  test('replayed in bulk: what we have costs none, but there is a limit too', () => {
    const body = encodeAnnounce(rootOf(above, 1n))
    const { verifications } = bench.router.stats()
    expect(until(10_000, () => attacker.send(PacketType.announce, body))).toBeLessThanOrEqual(2001)
    expect(attacker.cut?.code).toBe('flood')
    expect(bench.router.stats().verifications).toBe(verifications)
  })

  test('of fresh keys in bulk are cut off', () => {
    const identities = Array.from({ length: 10 }, (_, at) => real(() => true, 5000 + at))
    let seq = 0n
    const count = until(1000, (at) => attacker.announce(rootOf(identities[at % 10]!, ++seq)))
    expect(count).toBe(200)
    expect(attacker.cut?.code).toBe('flood')
  })

  test('of parents in a circle lead nowhere', () => {
    const [a, b, c] = [6000, 6001, 6002].map((seed) => real(() => true, seed)) as [Identity, Identity, Identity]
    attacker.announce(childOf(a, b, 1n, 1n))
    attacker.announce(childOf(b, c, 1n, 1n))
    attacker.announce(childOf(c, a, 1n, 1n))
    attacker.announce(childOf(hostile, a, 1n, 50n))
    bench.advance(3000)
    expect(bench.router.peers().find(({ linkId }) => linkId === attacker.id)?.coordinates).toEqual([])
    expect(attacker.cut).toBeUndefined()
  })

  test('that make ourselves the child of our child do not stand', () => {
    // Signed by ourselves before we restarted.
    attacker.announce(childOf(ourselves, hostile, 3n, bench.router.tree().seq + 10n))
    parent.answer(5n)
    bench.advance(1000)
    expect(keyId(bench.router.tree().parent)).toBe(parent.keyId)
  })
})

describe('a chain of made-up nodes longer than any path', () => {
  test('makes nobody a parent, and is told to nobody', () => {
    const cheap = new Bench({ seed: 9 })
    const [honest, liar] = [cheap.neighbour(cheap.someone(2)), cheap.neighbour(cheap.someone(0x90))]
    honest.announceRoot()
    let last = cheapIdentity(cheap.random, 1)
    liar.announce(rootOf(last, 1n))
    for (let depth = 0; depth < 600; depth++) {
      const next = cheapIdentity(cheap.random, 0x91)
      if (depth % 150 === 149) cheap.advance(1000)
      expect(liar.announce(childOf(next, last, 1n, 1n))).toBeUndefined()
      last = next
    }
    liar.answer()
    liar.announce(childOf(liar.identity, last, 1n, 1n))
    honest.takeAll()
    cheap.advance(5000)
    expect(cheap.router.tree().root).toEqual(honest.publicKey)
    expect(honest.announces().length).toBeLessThan(5)
  })
})

describe('floods that are cut off', () => {
  test('filters', () => {
    const body = new BloomFilter().encode()
    expect(until(100, () => attacker.send(PacketType.bloomFilter, body))).toBe(10)
    expect(attacker.cut?.code).toBe('flood')
  })

  test('signature requests', () => {
    const body = encodeSigReq({ seq: 1n, nonce: 1n })
    expect(until(100, () => attacker.send(PacketType.sigReq, body))).toBe(20)
    expect(attacker.cut?.code).toBe('flood')
    expect(attacker.take(PacketType.sigRes)).toHaveLength(20)
  })

  test('signature responses', () => {
    expect(until(100, () => attacker.answer())).toBeLessThanOrEqual(20)
    expect(attacker.cut?.code).toBe('flood')
  })

  test.each([
    ['a filter with a word that is empty and full', PacketType.bloomFilter, new Uint8Array(32).fill(0xff)],
    ['a filter cut short', PacketType.bloomFilter, new Uint8Array(31)],
    ['a lookup with something behind it', PacketType.pathLookup, new Uint8Array(66)],
    ['an answer cut short', PacketType.pathNotify, new Uint8Array(100)],
    ['word of a broken path cut short', PacketType.pathBroken, new Uint8Array(20)],
    ['an unknown type', 10, new Uint8Array(0)],
  ])('and %s', (_, type, body) => {
    expect(attacker.send(type, body)?.code).toBe('malformed')
  })
})

describe('lookups', () => {
  test('in bulk, for us: few are answered, wherever they claim to be from', () => {
    for (let count = 0; count < 2000; count++) {
      const lookup = { source: bench.random.bytes(32), dest: ourselves.publicKey, from: pathOf([1 + (count % 200)]) }
      expect(attacker.send(PacketType.pathLookup, encodePathLookup(lookup))).toBeUndefined()
    }
    const answers = bench.puppets.flatMap((puppet) => puppet.take(PacketType.pathNotify))
    expect(answers.length).toBeLessThanOrEqual(500)
    expect(bench.router.stats().throttled).toBeGreaterThanOrEqual(1500)
  })

  test('in bulk, for others: they pass, but no more than a thousand a second', () => {
    child.filterOf(far.publicKey)
    for (let count = 0; count < 5000; count++) {
      const lookup = { source: bench.random.bytes(32), dest: far.publicKey, from: pathOf([1]) }
      attacker.send(PacketType.pathLookup, encodePathLookup(lookup))
    }
    expect(child.take(PacketType.pathLookup).length).toBeLessThanOrEqual(1000)
  })

  test('in bulk, to a link that does not read, wait in a bounded queue', () => {
    child.filterOf(far.publicKey)
    child.isReading = false
    for (let count = 0; count < 900; count++) {
      const lookup = {
        source: bench.random.bytes(32),
        dest: far.publicKey,
        from: pathOf(new Array<number>(300).fill(1)),
      }
      attacker.send(PacketType.pathLookup, encodePathLookup(lookup))
    }
    expect(bench.router.sizes().queuedBytes).toBeLessThanOrEqual(131_070)
    child.drain()
  })

  test('with a saturated filter behind the link draw nothing but lookups', () => {
    const all = new BloomFilter()
    for (let index = 0; index < 20_000; index++) all.add(bench.random.bytes(32))
    attacker.send(PacketType.bloomFilter, all.encode())
    bench.advance(2000)
    const lookup = { source: bench.random.bytes(32), dest: far.publicKey, from: pathOf([1]) }
    parent.send(PacketType.pathLookup, encodePathLookup(lookup))
    expect(attacker.take(PacketType.pathLookup)).toHaveLength(1)
    expect(child.take(PacketType.pathLookup)).toEqual([])
  })
})

describe('answers and word of broken paths', () => {
  /** A path to the one far away. */
  function know(): void {
    bench.router.send(far.publicKey, Uint8Array.of(1), bench.nowMs)
    parent.notify(far, pathOf([7, 8]), Math.floor(bench.nowMs / 1000))
    expect(bench.router.hasPath(far.publicKey, bench.nowMs)).toBe(true)
    parent.takeAll()
  }

  test('forged answers change no path, and cost a bounded number of checks', () => {
    know()
    const { verifications } = bench.router.stats()
    for (let count = 0; count < 1000; count++) {
      const notify = notifyOf(far, ourselves.publicKey, pathOf([7, 8]), BigInt(Math.floor(bench.nowMs / 1000) + 5))
      attacker.send(PacketType.pathNotify, encodePathNotify({ ...notify, infoPath: pathOf([66]) }))
    }
    expect(bench.router.paths()[0]?.coordinates).toEqual([7n, 8n])
    expect(bench.router.stats().verifications - verifications).toBeLessThanOrEqual(100)
    expect(attacker.cut).toBeUndefined()
  })

  test('an answer from far in the future does not lock the path', () => {
    know()
    attacker.notify(far, pathOf([66]), Math.floor(bench.nowMs / 1000) + 100_000)
    attacker.notify(far, pathOf([66]), Number.MAX_SAFE_INTEGER)
    expect(bench.router.paths()[0]?.coordinates).toEqual([7n, 8n])
    parent.notify(far, pathOf([7, 9]), Math.floor(bench.nowMs / 1000) + 1)
    expect(bench.router.paths()[0]?.coordinates).toEqual([7n, 9n])
  })

  test('forged word of broken paths causes one lookup a second', () => {
    know()
    parent.filterOf(far.publicKey)
    parent.takeAll()
    for (let count = 0; count < 1000; count++) {
      const word = { path: pathOf([5]), watermark: 9n, source: ourselves.publicKey, dest: far.publicKey }
      attacker.send(PacketType.pathBroken, encodePathBroken(word))
      bench.advance(5)
    }
    expect(parent.take(PacketType.pathLookup).length).toBeLessThanOrEqual(6)
    bench.router.send(far.publicKey, Uint8Array.of(2), bench.nowMs)
    // What waits for a path is at most one packet.
    expect(bench.router.sizes().keptBytes).toBeLessThanOrEqual(512)
  })

  test('storms of either for others go the way of traffic', () => {
    child.isReading = false
    for (let count = 0; count < 3000; count++) {
      const [source, dest] = [bench.random.bytes(32), bench.random.bytes(32)]
      const word = { path: pathOf([5, child.port]), watermark: 9n, source, dest }
      attacker.send(PacketType.pathBroken, encodePathBroken(word))
      const notify = { ...word, infoSeq: 1n, infoPath: pathOf([1]), infoSig: new Uint8Array(64) }
      attacker.send(PacketType.pathNotify, encodePathNotify(notify))
    }
    expect(bench.router.sizes().queuedBytes).toBeLessThanOrEqual(131_070)
    child.drain()
  })

  test('too long paths are dropped', () => {
    const long = pathOf(new Array<number>(513).fill(1))
    const keys = { source: bench.random.bytes(32), dest: bench.random.bytes(32) }
    const notify = {
      ...keys,
      path: pathOf([8]),
      watermark: 9n,
      infoSeq: 1n,
      infoPath: long,
      infoSig: new Uint8Array(64),
    }
    for (const [type, body] of [
      [PacketType.pathLookup, encodePathLookup({ ...keys, dest: ourselves.publicKey, from: long })],
      [PacketType.pathBroken, encodePathBroken({ ...keys, path: long, watermark: 9n })],
      [PacketType.pathNotify, encodePathNotify(notify)],
    ] as const) {
      expect(attacker.send(type, body)).toBeUndefined()
    }
    expect(bench.router.stats().dropped).toBe(3)
    expect([...parent.takeAll(), ...child.takeAll()]).toEqual([])
  })
})

describe('traffic', () => {
  test('to nowhere is reported now and then, and nothing is kept of it', () => {
    for (let count = 0; count < 5000; count++) {
      attacker.sendTraffic({ path: pathOf([5, 1000 + count]), from: pathOf([8]), dest: far.publicKey })
    }
    expect(parent.take(PacketType.pathBroken)).toHaveLength(1)
    expect(bench.router.stats().undeliverable).toBe(5000)
  })

  test('with a watermark above or below what can be goes one way only', () => {
    for (const watermark of [0n, 1n, 2n ** 53n, 2n ** 64n - 1n]) {
      attacker.sendTraffic({ path: pathOf([5, child.port, 9n]), dest: far.publicKey, watermark })
    }
    expect(child.traffic().map(({ watermark }) => watermark)).toEqual([2n, 2n])
  })

  test('that claims to be ours is treated as any other', () => {
    attacker.sendTraffic({ source: ourselves.publicKey, path: pathOf([5, 99]), dest: far.publicKey })
    attacker.sendTraffic({ source: ourselves.publicKey, path: pathOf([8]), dest: far.publicKey })
    expect(parent.traffic()).toHaveLength(1)
    expect(bench.router.sizes()).toMatchObject({ paths: 0, rumors: 0 })
  })

  test('as large as frames may be passes, and a link that does not read holds little of it', () => {
    child.isReading = false
    const payload = new Uint8Array(130_900)
    for (let count = 0; count < 20; count++) {
      attacker.sendTraffic({ path: pathOf([5, child.port, 9n]), dest: bench.random.bytes(32), payload })
    }
    expect(bench.router.sizes().queuedBytes).toBeLessThanOrEqual(131_074)
    child.drain()
  })
})

describe('a replayed handshake', () => {
  test('in the name of our child takes none of its traffic, and its filter does not count', () => {
    const thief = bench.link(below, { priority: 0 })
    const all = new BloomFilter()
    thief.send(PacketType.bloomFilter, all.encode())
    parent.sendTraffic({ path: pathOf([5, child.port, 9n]), dest: far.publicKey })
    expect(thief.traffic()).toEqual([])
    expect(child.traffic()).toHaveLength(1)
    thief.send(PacketType.traffic, encodeTraffic({ ...traffic(), dest: ourselves.publicKey }))
    expect(bench.deliveries).toEqual([])
    expect(bench.proven).not.toContain(thief)
    thief.remove()
  })
})

function traffic() {
  return { path: pathOf([]), from: pathOf([]), source: below.publicKey, watermark: 9n, payload: new Uint8Array(3) }
}
