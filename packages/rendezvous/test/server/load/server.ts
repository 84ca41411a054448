// A server in a process of its own, so that its memory can be measured. It says where it listens, and answers `measure`.
import { RendezvousServer } from '../../../src/server.js'

declare const gc: () => void

const server = await RendezvousServer.open({
  listen: 'ws://127.0.0.1:0',
  // All clients of the test come from one address.
  limits: {
    connectionsPerAddress: 100_000,
    connectsBurst: 1e9,
    unauthenticated: 5_000,
    envelopesPerAddressPerSecond: 1e9,
    envelopesPerAddressBurst: 1e9,
  },
})
process.on('message', (message) => {
  if (message !== 'measure') return
  gc()
  const { heapUsed, rss, external } = process.memoryUsage()
  process.send?.({ heapBytes: heapUsed + external, rssBytes: rss, stats: server.stats() })
})
process.on('disconnect', () => process.exit())
process.send?.({ address: server.address })
