import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { keyId } from '../../src/key.js'
import { DEFAULT_LIMITS } from '../../src/limits.js'
import { supersedes } from '../../src/router/announcement.js'
import { Neighbours } from '../../src/router/neighbours.js'
import { NextHops } from '../../src/router/next-hops.js'
import { pathOf } from '../../src/wire/path.js'
import { bytesOf } from '../wire/support/bytes.js'

interface Rank {
  readonly seq: string
  readonly parent: string
  readonly nonce: string
}

interface AnnounceOrder {
  readonly name: string
  readonly old: Rank
  readonly new: Rank
  readonly isAccepted: boolean
}

interface NextHop {
  readonly name: string
  readonly path: readonly string[]
  readonly self: readonly string[]
  readonly watermark: string
  readonly links: readonly {
    readonly link: number
    readonly peer: string
    readonly coordinates: readonly string[]
    readonly cost: number
    readonly priority: number
    readonly order: number
  }[]
  readonly nextLink?: number
  readonly watermarkOut: string
}

function load<T>(name: string): T[] {
  const url = new URL(`../../../../vectors/sequences/${name}.json`, import.meta.url)
  return JSON.parse(readFileSync(url, 'utf8')) as T[]
}

function rank({ seq, parent, nonce }: Rank) {
  return { seq: BigInt(seq), parentId: keyId(bytesOf(parent)), nonce: BigInt(nonce) }
}

test.each(load<AnnounceOrder>('yggdrasil-announce-order'))('announce order: $name', (vector) => {
  expect(supersedes(rank(vector.new), rank(vector.old))).toBe(vector.isAccepted)
})

test.each(load<NextHop>('yggdrasil-next-hops'))('next hop: $name', ({ path, self, watermark, links, ...expected }) => {
  const neighbours = new Neighbours(DEFAULT_LIMITS)
  const places = new Map([['self', self]])
  const numbers = new Map<unknown, number>()
  for (const { link: number, peer, coordinates, cost, priority, order } of links) {
    const publicKey = new Uint8Array(32).fill(peer.charCodeAt(0))
    const state = neighbours.add({ id: order, publicKey, priority, write: () => true, close() {} })
    state.prove()
    state.cost = cost
    state.neighbour.chooseLink()
    places.set(state.neighbour.id, coordinates)
    numbers.set(state, number)
  }
  const ports = (id: string) => pathOf((places.get(id) ?? []).map(BigInt))
  const hops = new NextHops('self', { version: 1, coordinates: ports }, neighbours)
  const link = hops.find(pathOf(path.map(BigInt)), Number(watermark))
  expect(link === undefined ? undefined : numbers.get(link)).toBe(expected.nextLink ?? undefined)
  // Where nobody is lower than the watermark it stays as it came.
  const isLower = hops.distance < Number(watermark)
  expect(isLower ? hops.distance : Number(watermark)).toBe(Number(expected.watermarkOut))
})
