import type { Peer } from '@mimirjs/peer'
import type { AddressSource, Resolver } from '@mimirjs/resolver-client'
import { Emitter, type Listener } from '@mimirjs/transport'
import { expect, test } from 'vitest'
import type { MessengerEvents } from '../src/index.js'
import { Reachability } from '../src/reachability.js'

/** Something to listen with, and a resolver that remembers what it was asked to announce. */
function setUp(hostAddresses: string[] = []) {
  const sources: AddressSource[] = []
  const told = { refreshes: 0, stops: 0, errors: 0 }
  const listeners: Listener[] = []
  const announcing = {
    on: () => () => {},
    refresh: () => void (told.refreshes += 1),
    stop: () => void (told.stops += 1),
  }
  const reachability = new Reachability({
    network: () =>
      ({
        listen: async (address: string) => {
          const listener = { address, close: async () => {} }
          listeners.push(listener)
          return listener
        },
      }) as unknown as Peer,
    resolver: {
      startAnnouncing: ({ address }: { address: AddressSource }) => {
        sources.push(address)
        return announcing
      },
    } as unknown as Resolver,
    canAnnounce: (address) => address.startsWith('tcp://'),
    hostAddresses: () => hostAddresses,
    defaultAddress: 'tcp://[::]:5050',
    emitter: new Emitter<MessengerEvents>(() => {}),
    logger: undefined,
    assertOpen: () => {},
    onError: () => void (told.errors += 1),
  })
  const announced = (): unknown => {
    const [source] = sources
    return typeof source === 'function' ? source() : source
  }
  return { reachability, sources, announced, told, listeners }
}

test('all addresses are announced together, for the trackers keep what was announced last', async () => {
  const { reachability, sources, announced, told } = setUp()
  await reachability.listen({ address: 'tcp://10.0.0.1:5050' })
  await reachability.listen({ address: 'tcp://10.0.0.2:5050', announce: 'tcp://198.51.100.1:443' })
  expect(sources).toHaveLength(1)
  expect(announced()).toEqual(['tcp://10.0.0.1:5050', 'tcp://198.51.100.1:443'])
  expect(told.refreshes).toBe(1)
})

test('an address that is told by a function, or found on the machine, may change', async () => {
  const hostAddresses = ['200:1::1']
  let outside: string | undefined = 'tcp://198.51.100.1:443'
  const { reachability, announced } = setUp(hostAddresses)
  await reachability.listen({ address: 'tcp://10.0.0.1:5050', announce: () => outside })
  await reachability.listen({ address: 'tcp://[::]:5050' })
  expect(announced()).toEqual(['tcp://198.51.100.1:443', 'tcp://[200:1::1]:5050'])
  outside = undefined
  hostAddresses[0] = '200:2::2'
  expect(announced()).toEqual(['tcp://[200:2::2]:5050'])
})

test('a listener that is lost is not announced any more', async () => {
  const { reachability, announced, told, listeners } = setUp()
  await reachability.listen({ address: 'tcp://10.0.0.1:5050' })
  await reachability.listen({ address: 'tcp://10.0.0.2:5050' })
  const [first] = listeners
  if (first) reachability.lost(first, new Error('gone'))
  expect(announced()).toEqual(['tcp://10.0.0.2:5050'])
  expect(told.errors).toBe(1)
})

test('when the network is back it is announced again at once, and after the end no more', async () => {
  const { reachability, told } = setUp()
  await reachability.listen({ address: 'tcp://10.0.0.1:5050' })
  reachability.refresh()
  expect(told).toMatchObject({ refreshes: 1, stops: 0 })
  reachability.silence()
  expect(told).toMatchObject({ refreshes: 1, stops: 1 })
})

test('of two networks only the addresses of that of the trackers are announced', async () => {
  const { reachability, sources, announced } = setUp()
  await reachability.listen({ address: 'ygg://[::]:42' })
  expect(sources).toEqual([])
  await reachability.listen({ address: 'tcp://10.0.0.1:5050' })
  expect(announced()).toEqual(['tcp://10.0.0.1:5050'])
  await reachability.listen({ address: 'tcp://10.0.0.2:5050', announce: () => 'ygg://elsewhere' })
  expect(announced()).toEqual(['tcp://10.0.0.1:5050'])
  const wrong = reachability.listen({ address: 'tcp://10.0.0.3:5050', announce: 'ygg://elsewhere' })
  await expect(wrong).rejects.toMatchObject({ code: 'listen' })
  expect(reachability.addresses).toHaveLength(3)
})
