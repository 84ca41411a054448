import { createRandom } from '@mimirjs/transport/testing'
import { describe, expect, test } from 'vitest'
import { addressForKey, keyForAddress, transformKey } from '../../src/address.js'
import { keyId } from '../../src/key.js'
import type { RouterLimits } from '../../src/limits.js'
import { PacketType } from '../../src/wire/frame.js'
import { type Path, pathOf, portsOf } from '../../src/wire/path.js'
import {
  decodePathBroken,
  decodePathLookup,
  decodePathNotify,
  encodePathBroken,
  encodePathLookup,
  encodePathNotify,
  type PathLookup,
  signedPathBytes,
} from '../../src/wire/pathfinder.js'
import { codeOf } from '../wire/support/bytes.js'
import { cheapIdentity, type Identity } from './support/identity.js'
import { Bench, notifyOf, type Puppet, START_MS } from './support/puppet.js'

const NOW_SECONDS: number = START_MS / 1000
const PACKET: Uint8Array = Uint8Array.of(1, 2, 3)
const OTHER: Uint8Array = Uint8Array.of(4, 5, 6, 7)

/** We are at 5, with a parent, a child at 5.2, and somebody far away behind the parent. */
function setUp(limits: Partial<RouterLimits> = {}, identity?: Identity) {
  const bench = new Bench({ limits, ...(identity && { identity }) })
  const parent = bench.parent({ port: 5n })
  const child = bench.child()
  const far = bench.someone(0xfa)
  parent.filterOf(far.publicKey)
  child.filterOf(child.publicKey)
  bench.advance(3000)
  for (const puppet of bench.puppets) puppet.takeAll()
  const send = (payload = PACKET, to: Identity = far) => bench.router.send(to.publicKey, payload, bench.nowMs)
  const seconds = () => Math.floor(bench.nowMs / 1000)
  return { bench, parent, child, far, send, seconds }
}

/** The same, with the path to the one far away known. */
function setUpPath(limits: Partial<RouterLimits> = {}) {
  const all = setUp(limits)
  all.send(Uint8Array.of(0))
  all.parent.notify(all.far, pathOf([7, 8]), all.seconds())
  all.parent.takeAll()
  return all
}

function lookups(puppet: Puppet): PathLookup[] {
  return puppet.take(PacketType.pathLookup).map((body) => decodePathLookup(body))
}

function ports(path: Path | undefined): string {
  return path === undefined ? '' : portsOf(path).join('.')
}

function broken(dest: Identity, source: Uint8Array): Uint8Array {
  return encodePathBroken({ path: pathOf([5]), watermark: 9n, source, dest: dest.publicKey })
}

describe('sending to a key without a path', () => {
  test('sends a lookup from our place to those behind whom it may be', () => {
    const { bench, parent, child, far, send } = setUp()
    send()
    expect(lookups(parent)).toEqual([{ source: bench.key, dest: far.publicKey, from: pathOf([5]) }])
    expect(lookups(child)).toEqual([])
  })

  test('at most one a second, repeated by itself for ten seconds after the last packet', () => {
    const { bench, parent, send } = setUp()
    for (let count = 0; count < 9; count++) {
      send()
      bench.advance(100)
    }
    expect(lookups(parent)).toHaveLength(1)
    bench.advance(8000)
    expect(lookups(parent)).toHaveLength(8)
    bench.advance(60_000)
    expect(lookups(parent).length).toBeLessThanOrEqual(2)
    expect(bench.router.sizes()).toMatchObject({ rumors: 1 })
    bench.advance(15_000)
    expect(bench.router.sizes()).toMatchObject({ rumors: 0, keptBytes: 0 })
  })

  test('goes on without a lookup when nobody leads there, and looks up as soon as somebody does', () => {
    const { bench, parent, child, send } = setUp()
    const late = bench.someone(0xfb)
    send(PACKET, late)
    expect([lookups(parent), lookups(child)]).toEqual([[], []])
    child.filterOf(child.publicKey, late.publicKey)
    expect(lookups(child)).toHaveLength(1)
  })

  test('only the newest packet waits, and leaves when the answer comes', () => {
    const { bench, parent, far, send, seconds } = setUp()
    send(PACKET)
    send(OTHER)
    expect(parent.traffic()).toEqual([])
    parent.notify(far, pathOf([7, 8]), seconds())
    expect(bench.found).toEqual([keyId(far.publicKey)])
    const [traffic, ...more] = parent.traffic()
    expect(more).toEqual([])
    expect(traffic).toMatchObject({ source: bench.key, dest: far.publicKey, payload: OTHER, watermark: 3n })
    expect([ports(traffic?.path), ports(traffic?.from)]).toEqual(['7.8', '5'])
  })

  test('a packet for one key does not leave with the answer of another that looks alike', () => {
    const { bench, parent, far, send, seconds } = setUp()
    // The first bits are the same, which is all that lookups go by.
    const twin = bench.someone(0xfa)
    twin.publicKey.set(far.publicKey.subarray(0, 16))
    send(PACKET)
    parent.notify(twin, pathOf([7, 9]), seconds())
    expect(bench.found).toEqual([keyId(twin.publicKey)])
    expect(parent.traffic()).toEqual([])
    lookups(parent)
    bench.advance(2000)
    expect(lookups(parent)).toHaveLength(2)
    parent.notify(far, pathOf([7, 8]), seconds())
    expect(parent.traffic().map(({ payload }) => payload)).toEqual([PACKET])
  })
})

describe('an answer', () => {
  test.each([
    ['without having been asked', { ask: false }],
    ['with a wrong signature', { forge: true }],
    ['from more than a day ahead', { ahead: 86_401 }],
    ['to somebody else', { dest: true }],
  ])('%s does not count', (_, fault: { ask?: boolean; forge?: boolean; ahead?: number; dest?: boolean }) => {
    const { bench, parent, far, send, seconds } = setUp()
    if (fault.ask !== false) send()
    const notify = notifyOf(far, bench.key, pathOf([7, 8]), BigInt(seconds() + (fault.ahead ?? 0)))
    const changed = {
      ...notify,
      ...(fault.forge ? { infoPath: pathOf([7, 9]) } : undefined),
      ...(fault.dest ? { dest: parent.publicKey } : undefined),
    }
    expect(parent.send(PacketType.pathNotify, encodePathNotify(changed))).toBeUndefined()
    expect(bench.router.paths()).toEqual([])
    expect(bench.found).toEqual([])
  })

  test('for us is taken even where the path in it leads past us', () => {
    const { bench, parent, far, send, seconds } = setUp()
    send()
    const notify = { ...notifyOf(far, bench.key, pathOf([7, 8]), BigInt(seconds())), path: pathOf([5, 2]) }
    parent.send(PacketType.pathNotify, encodePathNotify(notify))
    expect(bench.router.paths()).toHaveLength(1)
  })

  test('counts only with a higher number', () => {
    const { bench, parent, far, seconds } = setUpPath()
    const at = () => ports(pathOf(bench.router.paths()[0]?.coordinates ?? []))
    parent.notify(far, pathOf([7, 9]), seconds())
    expect(at()).toBe('7.8')
    parent.notify(far, pathOf([7, 9]), seconds() + 1)
    expect(at()).toBe('7.9')
  })

  test('is checked so often in a second and no more', () => {
    const { bench, parent, far, send, seconds } = setUp({ notifiesPerSecond: 5 })
    send()
    const { verifications } = bench.router.stats()
    const notify = { ...notifyOf(far, bench.key, pathOf([7]), BigInt(seconds())), infoPath: pathOf([8]) }
    for (let count = 0; count < 50; count++) parent.send(PacketType.pathNotify, encodePathNotify(notify))
    expect(bench.router.stats().verifications - verifications).toBe(5)
  })
})

describe('a known path', () => {
  test('takes every packet at once', () => {
    const { bench, parent, far, send } = setUpPath()
    expect(bench.router.hasPath(far.publicKey, bench.nowMs)).toBe(true)
    send(PACKET)
    send(OTHER)
    expect(parent.traffic().map(({ payload }) => payload)).toEqual([PACKET, OTHER])
    expect(lookups(parent)).toEqual([])
  })

  test('goes by our own place of the moment', () => {
    const { bench, parent, far, send } = setUpPath()
    parent.announceRoot()
    bench.advance(1000)
    const better = bench.neighbour(bench.someone(0), { port: 9n })
    better.announceRoot()
    bench.advance(1000)
    for (const puppet of bench.puppets) puppet.takeAll()
    send(PACKET)
    // Both are roots, as far as we know, and so in the same place.
    const [traffic] = [...better.traffic(), ...parent.traffic()]
    expect(traffic).toMatchObject({ dest: far.publicKey, payload: PACKET })
    expect(ports(traffic?.from)).toBe('9')
  })

  test('lives for a minute after the last word from there; sending does not prolong it', () => {
    const { bench, parent, far, send } = setUpPath()
    for (let second = 0; second < 50; second++) {
      send()
      bench.advance(1000)
    }
    parent.sendTraffic({ source: far.publicKey })
    for (let second = 0; second < 58; second++) {
      send()
      bench.advance(1000)
    }
    expect(bench.router.paths()).toHaveLength(1)
    for (let second = 0; second < 3; second++) {
      send()
      bench.advance(1000)
    }
    expect(bench.router.paths()).toEqual([])
    expect(lookups(parent)).not.toEqual([])
  })

  test('takes what was kept for it along when it ends', () => {
    const { bench, send } = setUpPath()
    send(PACKET)
    expect(bench.router.sizes().keptBytes).toBeGreaterThan(0)
    bench.advance(61_000)
    expect(bench.router.sizes()).toMatchObject({ paths: 0, keptBytes: 0 })
  })

  test('a change sends the newest packet again: it was perhaps lost', () => {
    const { parent, far, send, seconds } = setUpPath()
    send(PACKET)
    parent.takeAll()
    parent.notify(far, pathOf([7, 9]), seconds() + 1)
    expect(parent.traffic().map(({ path, payload }) => [ports(path), payload])).toEqual([['7.9', PACKET]])
  })

  test('a large packet is not kept', () => {
    const { bench, parent, far, send, seconds } = setUpPath({ keptPacketBytes: 100 })
    send(new Uint8Array(100))
    expect(bench.router.sizes().keptBytes).toBeGreaterThan(0)
    send(new Uint8Array(101))
    parent.takeAll()
    parent.notify(far, pathOf([7, 9]), seconds() + 1)
    expect(parent.traffic()).toEqual([])
  })
})

describe('a path said to be broken', () => {
  test('is looked up again, at most once a second', () => {
    const { bench, parent, far } = setUpPath()
    bench.advance(1000)
    for (let count = 0; count < 20; count++) {
      parent.send(PacketType.pathBroken, broken(far, bench.key))
      bench.advance(100)
    }
    expect(lookups(parent).length).toBeLessThanOrEqual(3)
    expect(bench.router.paths()[0]?.broken).toBe(true)
  })

  test('is still used for three seconds, then it is as good as unknown', () => {
    const { bench, parent, far, send } = setUpPath()
    parent.send(PacketType.pathBroken, broken(far, bench.key))
    bench.advance(2999)
    send(PACKET)
    expect(parent.traffic()).toHaveLength(1)
    bench.advance(1)
    expect(bench.router.hasPath(far.publicKey, bench.nowMs)).toBe(false)
    send(OTHER)
    expect(parent.traffic()).toEqual([])
    parent.notify(far, pathOf([7, 8]), NOW_SECONDS + 20)
    expect(parent.traffic().map(({ payload }) => payload)).toEqual([OTHER])
  })

  test('is used as long as its node is heard: it has no say in what others tell of it', () => {
    const { bench, parent, far, send } = setUpPath()
    for (let second = 0; second < 50; second++) {
      parent.send(PacketType.pathBroken, broken(far, bench.key))
      if (second % 2 === 0) parent.sendTraffic({ source: far.publicKey })
      send(PACKET)
      bench.advance(1000)
    }
    expect(parent.traffic()).toHaveLength(50)
    expect(bench.router.paths()[0]?.broken).toBe(true)
    bench.advance(3000)
    send(PACKET)
    expect(parent.traffic()).toEqual([])
  })

  test('keeps the newest packet whole, however long, until the answer comes', () => {
    const { bench, parent, far, send } = setUpPath()
    parent.send(PacketType.pathBroken, broken(far, bench.key))
    const long = new Uint8Array(9000).fill(7)
    send(PACKET)
    send(long)
    expect(bench.router.sizes().keptBytes).toBe(9000)
    parent.takeAll()
    parent.notify(far, pathOf([7, 9]), NOW_SECONDS + 20)
    expect(parent.traffic().map(({ path, payload }) => [ports(path), payload])).toEqual([['7.9', long]])
    expect(bench.router.sizes().keptBytes).toBe(0)
  })

  test('is whole again with the same place and a newer number', () => {
    const { bench, parent, far } = setUpPath()
    parent.send(PacketType.pathBroken, broken(far, bench.key))
    parent.notify(far, pathOf([7, 8]), NOW_SECONDS + 20)
    expect(bench.router.paths()[0]?.broken).toBe(false)
  })

  test('does not live on by traffic from there', () => {
    const { bench, parent, far } = setUpPath()
    parent.send(PacketType.pathBroken, broken(far, bench.key))
    bench.advance(30_000)
    parent.sendTraffic({ source: far.publicKey })
    bench.advance(31_000)
    expect(bench.router.paths()).toEqual([])
  })

  test('that is none of ours is nothing', () => {
    const { bench, parent, far } = setUp()
    parent.send(PacketType.pathBroken, broken(far, bench.key))
    expect(lookups(parent)).toEqual([])
    expect(bench.router.sizes()).toMatchObject({ paths: 0, rumors: 0 })
  })

  test('forged again and again does not silence us as long as lookups are answered', () => {
    const { bench, parent, far, send } = setUpPath()
    let sent = 0
    for (let count = 0; count < 200; count++) {
      parent.send(PacketType.pathBroken, broken(far, bench.key))
      for (const _ of lookups(parent)) parent.notify(far, pathOf([7, 8]), Math.ceil(bench.nowMs / 1000))
      bench.advance(50)
      send(PACKET)
      sent++
    }
    expect(parent.traffic().length).toBeGreaterThanOrEqual(sent)
  })
})

describe('a path that ends at ourselves', () => {
  test('is broken: nobody is closer', () => {
    const { bench, parent, far, send } = setUp()
    send()
    parent.notify(far, pathOf([5, 99]), NOW_SECONDS + 10)
    expect(bench.router.paths()[0]?.broken).toBe(true)
    expect(parent.traffic()).toEqual([])
  })
})

describe('lookups of others', () => {
  const from = pathOf([3, 1])

  test('go on to all but the sender behind whom the key may be', () => {
    const { bench, parent, child, far } = setUp()
    const source = bench.someone(0xee).publicKey
    const lookup = { source, dest: far.publicKey, from }
    child.send(PacketType.pathLookup, encodePathLookup(lookup))
    expect(lookups(parent)).toEqual([lookup])
    expect(lookups(child)).toEqual([])
    parent.send(PacketType.pathLookup, encodePathLookup({ ...lookup, source: child.publicKey }))
    expect([lookups(parent), lookups(child)]).toEqual([[], []])
  })

  test('are ignored from who is not on the tree', () => {
    const { bench, parent, far } = setUp()
    const stranger = bench.neighbour()
    stranger.announceRoot()
    bench.advance(1000)
    stranger.send(PacketType.pathLookup, encodePathLookup({ source: stranger.publicKey, dest: far.publicKey, from }))
    stranger.send(PacketType.pathLookup, encodePathLookup({ source: stranger.publicKey, dest: bench.key, from }))
    expect(lookups(parent)).toEqual([])
    expect(parent.take(PacketType.pathNotify)).toEqual([])
  })

  test('that come in a circle are stopped', () => {
    const { bench, parent, child, far } = setUp()
    const body = encodePathLookup({ source: bench.someone(0xee).publicKey, dest: far.publicKey, from })
    for (let count = 0; count < 10; count++) child.send(PacketType.pathLookup, body)
    expect(lookups(parent)).toHaveLength(1)
    bench.advance(1000)
    child.send(PacketType.pathLookup, body)
    expect(lookups(parent)).toHaveLength(1)
  })

  test('for us are answered with our place, signed, along the path they name', () => {
    const { bench, parent, seconds } = setUp()
    const asker = bench.someone(0xee)
    parent.send(PacketType.pathLookup, encodePathLookup({ source: asker.publicKey, dest: bench.key, from }))
    const [notify] = parent.take(PacketType.pathNotify).map((body) => decodePathNotify(body))
    expect(notify).toMatchObject({
      source: bench.key,
      dest: asker.publicKey,
      path: from,
      watermark: 3n,
      infoPath: pathOf([5]),
      infoSeq: BigInt(seconds()),
    })
    const signed = signedPathBytes(BigInt(seconds()), pathOf([5]))
    expect(bench.identity.verify(notify?.infoSig ?? PACKET, signed, bench.key)).toBe(true)
  })

  test('by a part of our key are answered too', () => {
    const { bench, parent } = setUp()
    const dest = keyForAddress(addressForKey(bench.key))
    expect(dest).not.toEqual(bench.key)
    parent.send(PacketType.pathLookup, encodePathLookup({ source: parent.publicKey, dest, from: pathOf([]) }))
    expect(parent.take(PacketType.pathNotify)).toHaveLength(1)
  })

  test('are answered so often a second for each link, and once for the same asker in the same place', () => {
    const { bench, parent, child } = setUp({ answersPerLinkPerSecond: 100 })
    const ask = (source: Uint8Array, at: Path, puppet = parent) =>
      puppet.send(PacketType.pathLookup, encodePathLookup({ source, dest: bench.key, from: at }))
    const answers = () => parent.take(PacketType.pathNotify).length
    // Partial keys make different lookups of the same asker.
    for (let bit = 0; bit < 5; bit++) {
      const dest = transformKey(bench.key)
      dest[31] = (dest[31] ?? 0) ^ (1 << bit)
      parent.send(PacketType.pathLookup, encodePathLookup({ source: parent.publicKey, dest, from: pathOf([]) }))
    }
    expect(answers()).toBe(1)
    bench.advance(1000)
    for (let count = 0; count < 500; count++) ask(bench.random.bytes(32), pathOf([3]))
    expect(answers()).toBe(100)
    // The others have not used up theirs.
    for (let count = 0; count < 20; count++) ask(bench.random.bytes(32), pathOf([3]), child)
    expect(answers()).toBe(20)
    bench.advance(1000)
    ask(parent.publicKey, pathOf([]))
    expect(answers()).toBe(1)
  })

  test('are answered so often in all, with one signature', () => {
    let signed = 0
    const ours = cheapIdentity(createRandom(5), 0x80)
    const sign = (message: Uint8Array) => {
      signed++
      return ours.sign(message)
    }
    const { bench, parent, child } = setUp({ answersPerSecond: 150 }, { ...ours, sign })
    signed = 0
    for (let count = 0; count < 400; count++) {
      const lookup = { source: bench.random.bytes(32), dest: bench.key, from: pathOf([3]) }
      ;(count % 2 === 0 ? parent : child).send(PacketType.pathLookup, encodePathLookup(lookup))
    }
    expect(parent.take(PacketType.pathNotify)).toHaveLength(150)
    expect(child.take(PacketType.pathNotify)).toEqual([])
    expect(signed).toBe(1)
  })

  test('are numbered upwards whatever the clock does, and not signed twice for one answer', () => {
    const { bench, parent } = setUp()
    const answer = () => {
      const lookup = { source: bench.random.bytes(32), dest: bench.key, from: pathOf([3]) }
      parent.send(PacketType.pathLookup, encodePathLookup(lookup))
      const [notify] = parent.take(PacketType.pathNotify).map((body) => decodePathNotify(body))
      return notify
    }
    const first = answer()
    expect(answer()?.infoSeq).toBe(first?.infoSeq)
    bench.skewSeconds = -3600
    bench.advance(1000)
    expect(answer()?.infoSeq).toBe((first?.infoSeq ?? 0n) + 1n)
  })
})

describe('what is on its way to others', () => {
  test('answers are passed on with a lower watermark', () => {
    const { bench, parent, child, far } = setUp()
    const notify = { ...notifyOf(far, bench.someone(9).publicKey, pathOf([7, 8]), 5n), path: pathOf([5, 2, 4]) }
    parent.send(PacketType.pathNotify, encodePathNotify(notify))
    const [passed] = child.take(PacketType.pathNotify).map((body) => decodePathNotify(body))
    expect(passed).toEqual({ ...notify, watermark: 2n })
  })

  test('so is word of broken paths', () => {
    const { bench, parent, child, far } = setUp()
    const word = {
      path: pathOf([9]),
      watermark: 2n ** 64n - 1n,
      source: bench.someone(9).publicKey,
      dest: far.publicKey,
    }
    child.send(PacketType.pathBroken, encodePathBroken(word))
    const [passed] = parent.take(PacketType.pathBroken).map((body) => decodePathBroken(body))
    expect(passed).toEqual({ ...word, watermark: 2n })
  })

  test('neither goes on where nobody is closer, or the watermark is too low', () => {
    const { bench, parent, child, far } = setUp()
    const elsewhere = { source: bench.someone(9).publicKey, dest: far.publicKey }
    for (const [path, watermark] of [
      [pathOf([5, 77]), 9n],
      [pathOf([5, 2, 4]), 2n],
    ] as const) {
      parent.send(PacketType.pathBroken, encodePathBroken({ path, watermark, ...elsewhere }))
      const notify = notifyOf(far, elsewhere.source, pathOf([7]), 5n)
      parent.send(PacketType.pathNotify, encodePathNotify({ ...notify, path, watermark }))
    }
    expect([...parent.takeAll(), ...child.takeAll()]).toEqual([])
  })
})

describe('lookup on its own', () => {
  test('finds a key by the part that its address tells', () => {
    const { bench, parent, far, seconds } = setUp()
    bench.router.lookup(keyForAddress(addressForKey(far.publicKey)), bench.nowMs)
    expect(lookups(parent)).toHaveLength(1)
    parent.notify(far, pathOf([7, 8]), seconds())
    expect(bench.found).toEqual([keyId(far.publicKey)])
    bench.advance(20_000)
    expect(lookups(parent)).toEqual([])
  })

  test('of what is known tells so, not from inside the call', () => {
    const { bench, far } = setUpPath()
    bench.found.length = 0
    bench.router.lookup(keyForAddress(addressForKey(far.publicKey)), bench.nowMs)
    expect(bench.found).toEqual([])
    expect(bench.router.nextDeadlineMs).toBe(bench.nowMs)
    bench.router.advance(bench.nowMs)
    expect(bench.found).toEqual([keyId(far.publicKey)])
  })

  test('of ourselves finds ourselves', () => {
    const { bench, parent } = setUp()
    bench.router.lookup(bench.key, bench.nowMs)
    bench.router.advance(bench.nowMs)
    expect(bench.found).toEqual([bench.id])
    expect(lookups(parent)).toEqual([])
  })

  test('of something that is no key is refused', () => {
    const { bench } = setUp()
    expect(codeOf(() => bench.router.lookup(new Uint8Array(31), bench.nowMs))).toBe('bad-key')
    expect(codeOf(() => bench.router.send(new Uint8Array(33), PACKET, bench.nowMs))).toBe('bad-key')
    expect(codeOf(() => bench.router.send(bench.key, new Uint8Array(130_994), bench.nowMs))).toBe('too-large')
  })
})

describe('tables are bounded', () => {
  test('keys looked for: the oldest goes', () => {
    const { bench, send } = setUp({ rumors: 10 })
    for (let count = 0; count < 30; count++) send(PACKET, bench.someone(0xf0))
    expect(bench.router.sizes()).toMatchObject({ rumors: 10, keptBytes: 10 * PACKET.length })
  })

  test('paths: the one that expires first goes', () => {
    const { bench, parent, send, seconds } = setUp({ paths: 10 })
    const others = Array.from({ length: 15 }, () => bench.someone(0xf0))
    for (const other of others) {
      send(PACKET, other)
      parent.notify(other, pathOf([7, 8]), seconds())
      bench.advance(100)
    }
    expect(bench.router.sizes().paths).toBe(10)
    expect(bench.router.hasPath(others[4]!.publicKey, bench.nowMs)).toBe(false)
    expect(bench.router.hasPath(others[5]!.publicKey, bench.nowMs)).toBe(true)
  })

  test('bytes that wait: the oldest packets go', () => {
    const { bench, parent, send, seconds } = setUp({ keptBytes: 10_000, copiedBytes: 4096 })
    const others = Array.from({ length: 15 }, () => bench.someone(0xf0))
    for (const other of others) send(new Uint8Array(1000).fill(7), other)
    expect(bench.router.sizes()).toMatchObject({ rumors: 15, keptBytes: 10_000 })
    for (const other of others) parent.notify(other, pathOf([7, 8]), seconds())
    expect(parent.traffic().map(({ dest }) => dest)).toEqual(others.slice(5).map(({ publicKey }) => publicKey))
    // Copies of four of them, in case.
    expect(bench.router.sizes().keptBytes).toBe(4096)
    send(new Uint8Array(20_000), bench.someone(0xf1))
    expect(bench.router.sizes().keptBytes).toBe(4096)
  })

  test('copies of what was sent take no room from what waits, and go when they are old', () => {
    const { bench, parent, send, seconds } = setUp({ keptBytes: 4096, copiedBytes: 4096 })
    for (const other of Array.from({ length: 10 }, () => bench.someone(0xf0))) {
      send(new Uint8Array(1000), other)
      parent.notify(other, pathOf([7, 8]), seconds())
    }
    const late = bench.someone(0xf1)
    send(OTHER, late)
    expect(bench.router.sizes().keptBytes).toBe(4096 + OTHER.length)
    parent.takeAll()
    parent.notify(late, pathOf([7, 8]), seconds())
    expect(parent.traffic().map(({ payload }) => payload)).toEqual([OTHER])
    bench.advance(11_000)
    expect(bench.router.sizes()).toMatchObject({ paths: 11, keptBytes: 0 })
  })
})
