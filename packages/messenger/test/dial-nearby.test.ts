// In which order somebody is dialled who is said to be on the local network.
import { generateSeed } from '@mimirjs/crypto'
import type { Peer } from '@mimirjs/peer'
import { describe, expect, test } from 'vitest'
import { type DialContext, dialPeer, type NearbyWay } from '../src/dial.js'

const KEY = generateSeed()
const NEAR = ['mp2p://near-1', 'mp2p://near-2']

interface World {
  /** Addresses that lead to the peer. */
  readonly works?: readonly string[]
  readonly known?: readonly string[]
  readonly near?: readonly string[] | undefined
  readonly isDoubtful?: boolean
  readonly lastResort?: string
  readonly sources?: DialContext['sources']
}

const SOURCES = { hasTrackers: true, hasLocalNetwork: true }

function setUp({ works = [], known = [], near = NEAR, isDoubtful = false, lastResort, sources = SOURCES }: World) {
  const dialled: (readonly string[])[] = []
  const tried: string[] = []
  const abort = new AbortController()
  const network = {
    connect: async (_: Uint8Array, addresses: readonly string[]) => {
      dialled.push(addresses)
      if (addresses.includes('abort')) abort.abort(new Error('enough'))
      if (!addresses.some((address) => works.includes(address))) throw new Error(`nobody at ${addresses.join()}`)
    },
  }
  const way: NearbyWay = {
    addresses: near,
    isDoubtful,
    tried: (address, success) => void tried.push(`${address} ${success}`),
  }
  const context: DialContext = {
    network: network as unknown as Peer,
    resolve: async (_, { force }) => (force ? [] : [...known]),
    forget: () => {},
    lastResort: lastResort === undefined ? undefined : () => lastResort,
    nearby: () => (near.length === 0 ? undefined : way),
    sources,
    meet: () => undefined,
  }
  return { dialled, tried, dial: () => dialPeer(context, KEY, abort.signal) }
}

describe('somebody near by', () => {
  test('is dialled there, and nowhere else when they answer', async () => {
    const { dial, dialled, tried } = setUp({ works: ['mp2p://near-2'], known: ['tcp://far'] })
    await dial()
    expect(dialled).toEqual(NEAR.map((address) => [address]))
    expect(tried).toEqual(['mp2p://near-1 false', 'mp2p://near-2 true'])
  })

  test('who does not answer there is dialled everywhere else, as anybody would be', async () => {
    const { dial, dialled, tried } = setUp({ works: ['tcp://far'], known: ['tcp://far'] })
    await dial()
    expect(dialled).toEqual([...NEAR, 'tcp://far'].map((address) => [address]))
    expect(tried).toEqual(NEAR.map((address) => `${address} false`))
  })

  test('whose addresses led nowhere the last time is dialled there last', async () => {
    const far = setUp({ works: ['tcp://far'], known: ['tcp://far'], isDoubtful: true })
    await far.dial()
    expect(far.dialled).toEqual([['tcp://far']])
    expect(far.tried).toEqual([])

    const near = setUp({ works: ['mp2p://near-1'], known: ['tcp://far'], isDoubtful: true })
    await near.dial()
    expect(near.dialled).toEqual([['tcp://far'], ['mp2p://near-1']])
    expect(near.tried).toEqual(['mp2p://near-1 true'])
  })

  test('who is nowhere: it is said of each way', async () => {
    const { dial, tried } = setUp({})
    await expect(dial()).rejects.toMatchObject({
      code: 'unreachable',
      message: 'nobody at mp2p://near-2; no tracker knows an address of this peer',
    })
    expect(tried).toEqual(NEAR.map((address) => `${address} false`))
  })

  test('the last resort is what it was', async () => {
    const { dial, dialled } = setUp({ works: ['ygg://resort'], lastResort: 'ygg://resort' })
    await dial()
    expect(dialled).toEqual([...NEAR, 'ygg://resort'].map((address) => [address]))
  })

  test('no way is tried, nor doubted, once the caller has given up', async () => {
    const { dial, dialled, tried } = setUp({ near: ['abort'], known: ['tcp://far'] })
    await expect(dial()).rejects.toThrow('nobody at abort')
    expect(dialled).toEqual([['abort']])
    expect(tried).toEqual([])
  })
})

test('somebody who is not near by is dialled as if there were no local network', async () => {
  const { dial, dialled } = setUp({ near: [], works: ['tcp://far'], known: ['tcp://far'] })
  await dial()
  expect(dialled).toEqual([['tcp://far']])
  await expect(setUp({ near: [], known: ['tcp://far'] }).dial()).rejects.toThrow('nobody at tcp://far')
})

describe('somebody of whom no address is known: it is said who was asked', () => {
  const near = ['mp2p://near-1']
  test.each<[World, string]>([
    [{ near: [] }, 'no tracker knows an address of this peer, and they are not heard on the local network'],
    [
      { near: [], sources: { hasTrackers: false, hasLocalNetwork: true } },
      'no address of this peer is known, and they are not heard on the local network',
    ],
    [{ near: [], sources: { hasTrackers: true, hasLocalNetwork: false } }, 'no tracker knows an address of this peer'],
    [{ near: [], sources: { hasTrackers: false, hasLocalNetwork: false } }, 'no address of this peer is known'],
    [{ near }, 'nobody at mp2p://near-1; no tracker knows an address of this peer'],
    [
      { near, sources: { hasTrackers: false, hasLocalNetwork: true } },
      'nobody at mp2p://near-1; no other address of this peer is known',
    ],
  ])('%j', async (world, message) => {
    await expect(setUp(world).dial()).rejects.toMatchObject({ code: 'unreachable', message })
  })
})
