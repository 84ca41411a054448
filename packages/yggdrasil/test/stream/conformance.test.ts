import {
  createRandom,
  datagramConformance,
  type StreamConformanceOptions,
  streamConformance,
} from '@mimirjs/transport/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { toHex } from '../../src/hex.js'
import { acrossStreams, onBoth, RealNetwork } from './support/real-network.js'

const MEBIBYTE = 1024 * 1024
const NOBODY = `ygg://${'0c'.repeat(32)}:42`

interface Suite {
  readonly loss?: number
  readonly delayMs?: number
  readonly sizes: Pick<StreamConformanceOptions, 'transferBytes' | 'connects'>
}

const suites: Record<string, Suite> = {
  'a link without loss': { sizes: { transferBytes: 32 * MEBIBYTE, connects: 800 } },
  'a link that loses 2 %': { loss: 0.02, delayMs: 1, sizes: { transferBytes: 4 * MEBIBYTE, connects: 100 } },
}

for (const [name, { sizes, ...link }] of Object.entries(suites)) {
  describe(`streams over ${name}`, () => {
    const network = new RealNetwork(createRandom(11), link)
    const [near, far] = [network.host(0x0a), network.host(0x0b)]
    let ports = 1000
    const listenAddress = () => `ygg://${toHex(far.stack.publicKey)}:${++ports}`
    afterAll(() => {
      near.stop()
      far.stop()
      expect([...near.thrown, ...far.thrown]).toEqual([])
    })
    const options = { transport: acrossStreams(near, far), listenAddress, silentAddress: () => NOBODY, ...sizes }
    for (const check of streamConformance(options)) test(check.name, { timeout: 60_000 }, check.run)
  })
}

describe('streams to oneself', () => {
  const host = new RealNetwork(createRandom(13)).host(0x0a)
  let ports = 1000
  const listenAddress = () => `ygg://[::]:${++ports}`
  const options = { transport: host.streams, listenAddress, transferBytes: 8 * MEBIBYTE, connects: 500 }
  for (const check of streamConformance(options)) test(check.name, { timeout: 60_000 }, check.run)
})

describe('datagrams', () => {
  const network = new RealNetwork(createRandom(12))
  const hosts = [network.host(0x0a), network.host(0x0b)] as const
  let count = 0
  // Both ends of a conversation use one port number.
  const bindAddress = () => `ygg://${toHex(hosts[count % 2]!.stack.publicKey)}:${1000 + Math.floor(count++ / 2)}`
  for (const check of datagramConformance({ transport: onBoth(...hosts), bindAddress })) {
    test(check.name, () => {
      count += count % 2
      return check.run()
    })
  }
})
