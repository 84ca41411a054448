import { type StreamConformanceOptions, streamConformance } from '@mimirjs/transport/testing'
import { afterAll, beforeAll, test } from 'vitest'
import type { MulticastNode } from '../../../src/index.js'
import { across, Link, nobody } from './nodes.js'

/** The suite of all streams, between two nodes on a link in memory that loses so many of its datagrams. */
export function conformanceOver(
  loss: number,
  sizes: Pick<StreamConformanceOptions, 'transferBytes' | 'connects'>,
): void {
  const link = new Link()
  const nodes: MulticastNode[] = []
  const pair = () => across(nodes[0] as MulticastNode, nodes[1] as MulticastNode)
  beforeAll(async () => {
    nodes.push(await link.open(1), await link.open(2))
    link.memory.faults = { dropChance: loss }
  })
  afterAll(() => link.close())
  const options: StreamConformanceOptions = {
    transport: {
      scheme: 'mp2p',
      dial: (...given) => pair().dial(...given),
      listen: (...given) => pair().listen(...given),
    },
    listenAddress: () => (nodes[1] as MulticastNode).address,
    silentAddress: nobody,
    ...sizes,
  }
  for (const check of streamConformance(options)) test(check.name, { timeout: 60_000 }, check.run)
}
