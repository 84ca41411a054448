import { createRandom, type Random } from '@mimirjs/transport/testing'
import { expect, test } from 'vitest'
import type { KeyId } from '../../src/key.js'
import { DEFAULT_LIMITS } from '../../src/limits.js'
import type { LinkState } from '../../src/router/link-state.js'
import { Neighbours } from '../../src/router/neighbours.js'
import { NextHops } from '../../src/router/next-hops.js'
import { pathOf } from '../../src/wire/path.js'

type Ports = readonly number[]

/** Somebody in the middle of neighbours with several links each. */
class Junction {
  readonly neighbours = new Neighbours(DEFAULT_LIMITS)
  readonly places = new Map<KeyId, Ports>()
  version = 1
  readonly hops: NextHops
  #lastId = 0

  constructor(self: Ports) {
    this.places.set('self', self)
    this.hops = new NextHops('self', this, this.neighbours)
  }

  coordinates(id: KeyId): Uint8Array {
    return pathOf(this.places.get(id) ?? [])
  }

  link(key: Uint8Array, ports: Ports, cost: number, priority = 0): LinkState {
    const link = this.neighbours.add({ id: ++this.#lastId, publicKey: key, priority, write: () => true, close() {} })
    link.prove()
    link.cost = cost
    link.neighbour.chooseLink()
    this.places.set(link.neighbour.id, ports)
    this.version++
    return link
  }
}

function distance(a: Ports, b: Ports): number {
  let common = 0
  while (common < a.length && common < b.length && a[common] === b[common]) common++
  return a.length + b.length - 2 * common
}

/** The rule as the protocol words it, over all links at once. */
function expected({ neighbours, places }: Junction, path: Ports): LinkState | undefined {
  const own = distance(path, places.get('self') ?? [])
  const candidates = [...neighbours.links].filter((link) => {
    const siblings = link.neighbour.links
    const lowest = Math.min(...siblings.map(({ link: { priority } }) => priority))
    return link.link.priority === lowest && distanceOf(link) < own
  })
  function distanceOf(link: LinkState): number {
    return distance(path, places.get(link.neighbour.id) ?? [])
  }
  const rank = (link: LinkState) => [link.cost * distanceOf(link), distanceOf(link), link.cost, link.link.id]
  return candidates.sort((a, b) => compare(rank(a), rank(b)))[0]
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [at, value] of a.entries()) if (value !== b[at]) return value - (b[at] ?? 0)
  return 0
}

function somewhere(random: Random, depth: number): number[] {
  return Array.from({ length: random.integer(depth) }, () =>
    random.chance(0.2) ? 128 + random.integer(3) : 1 + random.integer(3),
  )
}

test('who is not closer is no next hop', () => {
  const junction = new Junction([2, 7])
  junction.link(new Uint8Array(32).fill(1), [2, 8], 1)
  expect(junction.hops.find(pathOf([2, 9]), 100)).toBeUndefined()
  expect(junction.hops.distance).toBe(2)
})

test('any choice is that of the rule, the first time and when it is remembered', () => {
  const random = createRandom(1)
  for (let round = 0; round < 300; round++) {
    const junction = new Junction(somewhere(random, 6))
    const keys = [1, 2, 3, 4].map((byte) => new Uint8Array(32).fill(byte))
    const places = keys.map(() => somewhere(random, 6))
    for (let count = 0; count < 6; count++) {
      const at = random.integer(keys.length)
      junction.link(keys[at]!, places[at]!, 1 + random.integer(4), random.integer(2))
    }
    for (let count = 0; count < 20; count++) {
      // Some are longer than what is remembered.
      const path = somewhere(random, count === 0 ? 200 : 8)
      const own = distance(path, junction.places.get('self') ?? [])
      for (let repeat = 0; repeat < 2; repeat++) {
        expect(junction.hops.find(pathOf(path), own + 1)).toBe(expected(junction, path))
        expect(junction.hops.distance).toBe(own)
        expect(junction.hops.find(pathOf(path), own)).toBeUndefined()
      }
    }
  }
})

test('what is remembered is forgotten when places, links or costs change', () => {
  const junction = new Junction([2, 7])
  const [left, right] = [1, 2].map((byte) => junction.link(new Uint8Array(32).fill(byte), [2], 10 * byte)) as [
    LinkState,
    LinkState,
  ]
  const find = () => junction.hops.find(pathOf([4]), 100)
  expect(find()).toBe(left)
  left.cost = 30
  junction.neighbours.version++
  expect(find()).toBe(right)
  junction.places.set(left.neighbour.id, [4])
  junction.version++
  expect(find()).toBe(left)
  const epoch = junction.hops.epoch
  junction.neighbours.remove(left.link)
  expect(junction.hops.epoch).not.toBe(epoch)
  expect(find()).toBe(right)
})

test('our own path is the same object as long as we stay where we are', () => {
  const junction = new Junction([2, 7])
  const { own } = junction.hops
  junction.version++
  expect(junction.hops.own).toBe(own)
  junction.places.set('self', [2, 8])
  junction.version++
  expect(junction.hops.own).toEqual(pathOf([2, 8]))
})
