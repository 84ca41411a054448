import { createSigner } from '@mimirjs/crypto'
import { streamConformance } from '@mimirjs/transport/testing'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { RendezvousNode } from '../../src/index.js'
import { nodePlatform } from '../../src/node.js'
import { RendezvousServer } from '../../src/server.js'
import { twoEnded } from '../support/two-ended.js'

let server: RendezvousServer
let nodes: [RendezvousNode, RendezvousNode]

beforeAll(async () => {
  server = await RendezvousServer.open({ listen: 'ws://127.0.0.1:0' })
  const open = (fill: number): Promise<RendezvousNode> =>
    RendezvousNode.open({
      signer: createSigner(new Uint8Array(32).fill(fill)),
      servers: [server.address],
      platform: nodePlatform(),
      policy: () => 'accept',
    })
  nodes = [await open(1), await open(2)]
})

afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()))
  await server.close()
})

describe('streams over WebRTC', () => {
  const checks = streamConformance({
    transport: twoEnded(
      () => nodes[0].streams,
      () => nodes[1].streams,
    ),
    // The key of the second.
    listenAddress: () => nodes[1].address,
    transferBytes: 8 * 1024 * 1024,
    connects: 100,
  })
  for (const check of checks) test(check.name, { timeout: 60_000 }, check.run)
})
