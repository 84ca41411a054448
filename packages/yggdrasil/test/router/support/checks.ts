import { expect } from 'vitest'
import { eccentricity } from './graph.js'
import { type SimulatedNetwork, type SimulatedNode, treeFaults } from './network.js'

/** Two nodes, and what the first sends to the second. */
export interface Pair {
  readonly from: SimulatedNode
  readonly to: SimulatedNode
  readonly mark: number
}

/** The lowest key of those that can reach each other. */
export function lowest(component: readonly SimulatedNode[]): SimulatedNode {
  return component.reduce((low, node) => (node.id < low.id ? node : low))
}

/** The most hops between the root-to-be and anybody, of all parts of the network. */
function depthOf(network: SimulatedNetwork): number {
  return Math.max(...network.components().map((component) => eccentricity(lowest(component))))
}

export function faults(network: SimulatedNetwork): string[] {
  return network.components().flatMap(treeFaults)
}

/**
 * One root, no loops, everybody where its parent says, in every part of the network, within so many seconds of the last
 * change: news travels one hop a tick. A root that is gone is believed in until the last way to it is: three ticks for a
 * hop at most (notice, grace, root of one's own). Then the new root becomes known, one hop a tick.
 */
export function expectTree(network: SimulatedNetwork): void {
  const limitMs = 1000 * (4 * depthOf(network) + 5)
  const tookMs = network.timeline.runUntil(() => faults(network).length === 0, limitMs, 1000)
  expect(tookMs, faults(network).join('; ')).toBeDefined()
}

let lastMark = 0

/** Of a packet: no two are the same. */
export function newMark(): number {
  return ++lastMark
}

export function pairs(network: SimulatedNetwork, count: number): Pair[] {
  const chosen: Pair[] = []
  for (const component of network.components()) {
    if (component.length < 2) continue
    const share = Math.ceil((count * component.length) / network.living.length)
    for (let index = 0; index < share; index++) {
      const from = component[index % component.length]!
      const others = component.filter((node) => node !== from)
      chosen.push({ from, to: others[network.random.integer(others.length)]!, mark: newMark() })
    }
  }
  return chosen
}

export function isDelivered({ from, to, mark }: Pair): boolean {
  return to.deliveries.some(({ source, payload }) => source === from.id && markOf(payload) === mark)
}

function markOf(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint32(0)
}

export function send({ from, to, mark }: Pair): void {
  const payload = new Uint8Array(200)
  new DataView(payload.buffer).setUint32(0, mark)
  from.send(to, payload)
}

/**
 * All of these packets arrive, written again every second as upper layers do: filters go one hop a tick, up the tree and
 * down again.
 */
export function expectDelivery(network: SimulatedNetwork, chosen: readonly Pair[]): void {
  const limitSeconds = 2 * depthOf(network) + 5
  let left = chosen
  for (let second = 0; left.length > 0 && second < limitSeconds; second++) {
    for (const pair of left) send(pair)
    network.run(1000)
    left = left.filter((pair) => !isDelivered(pair))
  }
  expect(left.map(({ from, to }) => `${from.index} to ${to.index}`)).toEqual([])
}

/** What a node holds is bounded by what it has to do with, not by what goes on in the network. */
export function expectBounded(network: SimulatedNetwork): void {
  for (const node of network.living) {
    const sizes = node.router.sizes()
    expect(sizes.links).toBe(node.wires.length)
    expect(sizes.records).toBeLessThanOrEqual(network.nodes.length)
    expect(sizes.sent).toBeLessThanOrEqual(sizes.links * sizes.records)
    expect(sizes.paths).toBeLessThanOrEqual(network.nodes.length)
    expect(sizes.rumors).toBeLessThanOrEqual(network.nodes.length)
    expect(sizes.keptBytes).toBeLessThanOrEqual((sizes.paths + sizes.rumors) * 256)
    expect(sizes.queuedBytes).toBeLessThanOrEqual(sizes.links * 131_070)
  }
}

/** Nobody is ever cut off for what honest nodes do. */
export function expectNoFaults(network: SimulatedNetwork): void {
  expect(network.faults.map(({ code, message }) => `${code}: ${message}`)).toEqual([])
}
