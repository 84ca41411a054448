import { createSigner } from '@mimirjs/crypto'
import { streamConformance } from '@mimirjs/transport/testing'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { RendezvousNode } from '../../src/index.js'
import { createMemoryRendezvous } from '../../src/testing/index.js'
import { twoEnded } from '../support/two-ended.js'

const { platform, urls } = createMemoryRendezvous()
let nodes: [RendezvousNode, RendezvousNode]

beforeAll(async () => {
  const open = (fill: number): Promise<RendezvousNode> =>
    RendezvousNode.open({
      signer: createSigner(new Uint8Array(32).fill(fill)),
      servers: urls,
      platform,
      policy: () => 'accept',
    })
  nodes = [await open(1), await open(2)]
})

afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()))
})

describe('streams over data channels in memory', () => {
  const transport = twoEnded(
    () => nodes[0].streams,
    () => nodes[1].streams,
  )
  const listenAddress = (): string => nodes[1].address
  const checks = streamConformance({ transport, listenAddress, transferBytes: 8 * 1024 * 1024, connects: 500 })
  for (const check of checks) test(check.name, { timeout: 60_000 }, check.run)
})
