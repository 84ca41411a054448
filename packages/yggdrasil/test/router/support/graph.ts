import type { SimulatedNetwork, SimulatedNode, Wire } from './network.js'

/** Every node gets a wire to an earlier one, and so many more are laid at random. */
export function randomGraph(network: SimulatedNetwork, nodeCount: number, extraWires: number): void {
  for (let index = 0; index < nodeCount; index++) {
    const node = network.add()
    if (index > 0) randomWire(network, node, network.nodes[network.random.integer(index)]!)
  }
  for (let count = 0; count < extraWires; count++) randomWire(network, pick(network), pick(network))
}

export function pick({ random, living }: SimulatedNetwork): SimulatedNode {
  return living[random.integer(living.length)]!
}

/** A wire of 1 to 50 ms, every fifth one so slow that queues fill; none to oneself, and one for each pair. */
export function randomWire(network: SimulatedNetwork, a: SimulatedNode, b: SimulatedNode): Wire | undefined {
  const { random } = network
  if (a === b || a.wires.some(({ ends }) => ends.some(({ node }) => node === b))) return undefined
  const delayMs = 1 + random.integer(50)
  return network.connect(a, b, random.chance(0.2) ? { delayMs, bytesPerSecond: 100_000 } : { delayMs })
}

/** One thing that happens in a network: somebody goes, comes back with the same key, a wire breaks or is laid. */
export function churn(network: SimulatedNetwork): void {
  const { random, nodes, wires } = network
  switch (random.integer(4)) {
    case 0: {
      if (network.living.length > nodes.length * 0.8) pick(network).stop()
      break
    }
    case 1: {
      const gone = nodes.filter(({ isUp }) => !isUp)
      const node = gone[random.integer(gone.length)]
      if (node === undefined) break
      node.restart()
      for (let count = 0; count < 2; count++) randomWire(network, node, pick(network))
      break
    }
    case 2:
      wires[random.integer(wires.length)]?.cut()
      break
    default:
      randomWire(network, pick(network), pick(network))
  }
}

/** Hops from one of these nodes to the one farthest from it. */
export function eccentricity(start: SimulatedNode): number {
  const seen = new Set([start])
  let hops = 0
  for (let layer = [start]; ; hops++) {
    const next: SimulatedNode[] = []
    for (const node of layer) {
      for (const { ends } of node.wires) {
        for (const end of ends) {
          if (seen.has(end.node)) continue
          seen.add(end.node)
          next.push(end.node)
        }
      }
    }
    if (next.length === 0) return hops
    layer = next
  }
}
