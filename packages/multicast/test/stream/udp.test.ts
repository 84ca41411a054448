import { createSigner } from '@mimirjs/crypto'
import { afterEach, expect, test } from 'vitest'
import { MulticastNode } from '../../src/index.js'
import { multicastUdp } from '../../src/udp.js'
import { LOOPBACK } from '../udp/support.js'
import { connect, until } from './support/nodes.js'
import { isSame, pattern } from './support/simulation.js'

const MEBIBYTE = 1024 * 1024
const nodes: MulticastNode[] = []

afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.close()))
})

/** A node with a group of its own on the loopback interface. */
async function open(number: number): Promise<MulticastNode> {
  const node = await MulticastNode.open({
    signer: createSigner(new Uint8Array(32).fill(number)),
    network: multicastUdp(),
    interface: LOOPBACK,
    group: 'ipv4',
    port: 0,
    policy: 'anybody',
    joinDelayMs: 0,
    unitMs: 100,
  })
  nodes.push(node)
  return node
}

test('4 MiB each way at once, over sockets', async () => {
  const [a, b] = [await open(1), await open(2)]
  const { dialled, accepted } = await connect(a, b)
  const words = pattern(4 * MEBIBYTE)
  await Promise.all([dialled.write(words), accepted.write(words)])
  dialled.stream.end()
  accepted.stream.end()
  await until(() => dialled.isClosed && accepted.isClosed, 'both ends to close')
  expect([dialled.error, accepted.error, dialled.isEnded, accepted.isEnded]).toEqual([undefined, undefined, true, true])
  expect(isSame(dialled.received, words)).toBe(true)
  expect(isSame(accepted.received, words)).toBe(true)
})

test('a node that is closed ends its streams on the other side, over sockets', async () => {
  const [a, b] = [await open(3), await open(4)]
  const { dialled, accepted } = await connect(a, b)
  await b.close()
  await until(() => dialled.isClosed && accepted.isClosed, 'both ends to close')
  expect([accepted.error?.code, dialled.error?.code]).toEqual(['aborted', 'reset'])
})
