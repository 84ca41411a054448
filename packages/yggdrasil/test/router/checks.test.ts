import { describe, expect, test } from 'vitest'
import { encodeAnnounce } from '../../src/wire/announce.js'
import { PacketType } from '../../src/wire/frame.js'
import { pathOf } from '../../src/wire/path.js'
import { encodePathNotify } from '../../src/wire/pathfinder.js'
import { Bench, childOf, notifyOf, rootOf } from './support/puppet.js'

/** A bench with so many who say as much as one link may. */
function flooded(links: number, isProven: boolean) {
  const bench = new Bench()
  const parent = bench.parent()
  const honest = bench.neighbour()
  const hostile = Array.from({ length: links }, () => (isProven ? bench.neighbour() : bench.link()))
  bench.advance(2000)
  /** For so long; at most 200 a second of each link. */
  const flood = (ms: number, each = (_: number): void => undefined) => {
    const start = bench.nowMs
    while (bench.nowMs - start < ms) {
      for (const puppet of hostile) puppet.announce(rootOf(bench.someone(0xff), 1n))
      each(bench.nowMs - start)
      bench.advance(5)
    }
  }
  return { bench, parent, honest, hostile, flood }
}

const verifications = (bench: Bench): number => bench.router.stats().verifications

describe('checks of signatures', () => {
  test('are limited for all links together; nobody is cut for what others say', () => {
    const { bench, hostile, flood } = flooded(8, true)
    const before = verifications(bench)
    flood(2000)
    // What was saved up, and two seconds' worth.
    expect(verifications(bench) - before).toBeLessThanOrEqual(3 * 500)
    expect(verifications(bench) - before).toBeGreaterThan(2 * 450)
    expect(hostile.map(({ cut }) => cut).filter((cut) => cut !== undefined)).toEqual([])
  })

  test('are there at once for who says little, whatever the others do', () => {
    const { bench, honest, flood } = flooded(8, true)
    flood(2000)
    const news = Array.from({ length: 20 }, () => bench.someone(0xe0))
    for (const identity of news) honest.announce(rootOf(identity, 2n))
    flood(200)
    honest.takeAll()
    // What is known is told to whoever is behind the times.
    for (const identity of news) honest.announce(rootOf(identity, 1n))
    flood(100)
    expect(honest.announces()).toHaveLength(20)
  })

  test('that had to wait are made later', () => {
    const { bench, hostile, flood } = flooded(4, true)
    const before = bench.router.stats().announcements
    flood(1200)
    const { throttled, announcements } = bench.router.stats()
    expect(throttled).toBe(0)
    expect(announcements - before).toBeLessThan(4 * 240 - 200)
    bench.advance(5000)
    expect(bench.router.stats().announcements - before).toBe(4 * 240)
    expect(hostile.every(({ cut }) => cut === undefined)).toBe(true)
  })

  test('cut the link when they fail, later too', () => {
    const { bench, honest, flood } = flooded(8, true)
    const forged = { ...rootOf(bench.someone(0xf0), 2n), seq: 3n }
    flood(1500)
    expect(honest.announce(forged)).toBeUndefined()
    bench.advance(500)
    expect(honest.cut?.code).toBe('bad-signature')
  })

  test('are not made for what is older than ours', () => {
    const { bench, honest } = flooded(0, true)
    const third = bench.someone(0xee)
    honest.announce(rootOf(third, 5n))
    const before = verifications(bench)
    honest.announce({ ...rootOf(third, 4n), sig: new Uint8Array(64) })
    expect(verifications(bench)).toBe(before)
    expect(honest.cut).toBeUndefined()
  })

  test('that are not needed are there for others', () => {
    const { bench, hostile } = flooded(8, true)
    const third = bench.someone(0xee)
    hostile[0]?.announce(rootOf(third, 5n))
    for (const puppet of hostile) puppet.takeAll()
    for (const puppet of hostile) for (let seq = 0n; seq < 190n; seq++) puppet.announce(rootOf(third, seq % 5n))
    expect(hostile.map((puppet) => puppet.announces().length)).toEqual(hostile.map(() => 190))
  })

  test('are not made for a link that is gone', () => {
    const { bench, honest, flood } = flooded(8, true)
    flood(1500)
    honest.announce({ ...rootOf(bench.someone(0xf0), 2n), seq: 3n })
    honest.remove()
    bench.advance(5000)
    expect(honest.cut).toBeUndefined()
  })

  test('of answers count too', () => {
    const { bench, parent, flood } = flooded(8, true)
    const far = bench.someone(0xfa)
    flood(1500)
    bench.router.send(far.publicKey, Uint8Array.of(1), bench.nowMs)
    const before = verifications(bench)
    const forged = {
      ...notifyOf(far, bench.key, pathOf([7]), BigInt(Math.floor(bench.nowMs / 1000))),
      infoPath: pathOf([8]),
    }
    flood(1000, () => void parent.send(PacketType.pathNotify, encodePathNotify(forged)))
    expect(verifications(bench) - before).toBeLessThanOrEqual(600)
    parent.notify(far, pathOf([7, 8]), Math.floor(bench.nowMs / 1000) + 1)
    bench.advance(1000)
    expect(bench.router.hasPath(far.publicKey, bench.nowMs)).toBe(true)
  })
})

describe('before a link is proven', () => {
  test('what it announces costs no check, and waits in little room', () => {
    const { bench, hostile, flood } = flooded(8, false)
    const before = verifications(bench)
    flood(2000)
    expect(verifications(bench)).toBe(before)
    expect(bench.router.stats().throttled).toBeGreaterThan(8 * 100)
    expect(hostile.every(({ cut }) => cut === undefined)).toBe(true)
  })

  test('what it announces is taken once it is', () => {
    const bench = new Bench()
    const parent = bench.link(bench.someone(1))
    parent.announceRoot()
    expect(bench.router.tree().records).toBe(1)
    parent.answer(5n)
    expect(bench.router.tree().records).toBe(2)
    bench.advance(1000)
    expect(bench.router.tree()).toMatchObject({ parent: parent.publicKey, coordinates: [5n] })
  })

  test('what it announces goes with it', () => {
    const bench = new Bench()
    const link = bench.link()
    link.announceRoot()
    link.remove()
    const again = bench.link(link.identity)
    again.answer()
    bench.advance(1000)
    expect(bench.router.tree().records).toBe(1)
  })

  test('what makes no sense cuts it at the latest when it is', () => {
    const bench = new Bench()
    const link = bench.link()
    link.send(PacketType.announce, encodeAnnounce(childOf(bench.someone(3), bench.someone(4), 1n, 1n)).subarray(1))
    link.answer()
    bench.advance(1000)
    expect(link.cut?.code).toBe('malformed')
  })
})
