import { describe, expect, test } from 'vitest'
import { encodeAnnounce } from '../../src/wire/announce.js'
import { PacketType } from '../../src/wire/frame.js'
import { pathOf } from '../../src/wire/path.js'
import { encodePathBroken, encodePathLookup } from '../../src/wire/pathfinder.js'
import { encodeTraffic } from '../../src/wire/traffic.js'
import { expectNoFaults, expectTree, isDelivered, pairs, send } from './support/checks.js'
import { randomGraph, randomWire } from './support/graph.js'
import { cheapIdentity } from './support/identity.js'
import { SimulatedNetwork, type SimulatedNode, type WireEnd } from './support/network.js'
import { rootOf } from './support/puppet.js'

describe('60 nodes with somebody among them who floods', () => {
  /** Somebody with three wires, who says every tenth of a second whatever this makes. */
  function underFlood(make: (network: SimulatedNetwork, hostile: SimulatedNode, end: WireEnd) => void) {
    const network = new SimulatedNetwork(9)
    network.limits = { records: 256 }
    randomGraph(network, 60, 40)
    const hostile = network.add()
    for (let count = 0; count < 3; count++) randomWire(network, hostile, network.nodes[7 * count]!)
    expectTree(network)
    const honest = network.nodes.filter((node) => node !== hostile)
    const before = honest.map(({ router }) => router.tree().coordinates.join('.'))
    const chosen = pairs(network, 60).filter(({ from, to }) => from !== hostile && to !== hostile)
    for (let step = 0; step < 100; step++) {
      for (const wire of hostile.wires) make(network, hostile, wire.at(hostile).other)
      if (step % 10 === 0) for (const pair of chosen) if (!isDelivered(pair)) send(pair)
      network.run(100)
    }
    expect(chosen.filter((pair) => !isDelivered(pair))).toEqual([])
    expect(honest.map(({ router }) => router.tree().coordinates.join('.'))).toEqual(before)
    for (const { router } of honest) {
      expect(router.sizes().records).toBeLessThanOrEqual(256)
      expect(router.sizes().queuedBytes).toBeLessThanOrEqual(router.sizes().links * 131_070)
    }
    return { network, hostile }
  }

  test('with announces of fresh keys, just below the limit', () => {
    const { network, hostile } = underFlood(({ random }, _, end) => {
      for (let count = 0; count < 15; count++) {
        const body = encodeAnnounce(rootOf(cheapIdentity(random, 0xff), 1n))
        end.receive(PacketType.announce, body)
      }
    })
    expect(hostile.wires).toHaveLength(3)
    expectNoFaults(network)
  })

  test('with announces above the limit: cut off', () => {
    const { network, hostile } = underFlood(({ random }, _, end) => {
      for (let count = 0; count < 50; count++) {
        end.receive(PacketType.announce, encodeAnnounce(rootOf(cheapIdentity(random, 0xff), 1n)))
      }
    })
    expect(hostile.wires).toEqual([])
    expect(network.faults.map(({ code }) => code)).toEqual(['flood', 'flood', 'flood'])
  })

  test('with lookups for everybody, traffic to everywhere, and word of broken paths', () => {
    const { network } = underFlood(({ random, nodes }, { key }, end) => {
      for (let count = 0; count < 20; count++) {
        const [source, dest] = [random.chance(0.5) ? key : random.bytes(32), nodes[random.integer(nodes.length)]!.key]
        const path = pathOf(Array.from({ length: random.integer(8) }, () => 1 + random.integer(4)))
        const payload = random.bytes(100)
        end.receive(PacketType.pathLookup, encodePathLookup({ source, dest, from: path }))
        end.receive(PacketType.traffic, encodeTraffic({ path, from: path, source, dest, watermark: 99n, payload }))
        end.receive(PacketType.pathBroken, encodePathBroken({ path, watermark: 99n, source: dest, dest: source }))
      }
    })
    expectNoFaults(network)
  })
})

describe('a node of which somebody asks the way 160 times a second, in ever new names', () => {
  function setUp() {
    const network = new SimulatedNetwork(3)
    const [hub, hostile, victim, other] = [network.add(), network.add(), network.add(), network.add()]
    const wire = network.connect(hostile, hub)
    network.connect(victim, hub)
    network.connect(other, hub)
    network.run(6000)
    const end = wire.at(hub)
    const from = pathOf(hostile.router.tree().coordinates)
    /** For a quarter of a second. */
    const flood = () => {
      for (let count = 0; count < 40; count++) {
        const lookup = { source: network.random.bytes(32), dest: victim.key, from }
        end.receive(PacketType.pathLookup, encodePathLookup(lookup))
      }
      network.run(250)
    }
    return { network, victim, other, end, flood }
  }

  test('is found by others all the same', () => {
    const { victim, other, flood } = setUp()
    for (let count = 0; count < 20; count++) flood()
    other.send(victim, Uint8Array.of(1))
    for (let count = 0; count < 4; count++) flood()
    expect(victim.deliveries).toHaveLength(1)
  })

  test('goes on talking with others, whatever is said of the path to it', () => {
    const { network, victim, other, end, flood } = setUp()
    const talk = () => {
      other.send(victim, Uint8Array.of(1))
      victim.send(other, Uint8Array.of(2))
    }
    talk()
    network.run(1000)
    const path = pathOf(other.router.tree().coordinates)
    const broken = { path, watermark: 2n ** 64n - 1n, source: other.key, dest: victim.key }
    victim.deliveries = []
    for (let count = 0; count < 80; count++) {
      end.receive(PacketType.pathBroken, encodePathBroken(broken))
      flood()
      talk()
    }
    network.run(100)
    expect(victim.deliveries.length).toBeGreaterThanOrEqual(80)
  })
})
