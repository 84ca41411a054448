// A tracker in a process of its own, for kill.test.ts to kill.
import { createTracker } from '../src/index.js'
import { UNHURRIED } from './support.js'

const tracker = await createTracker({ address: 'udp://127.0.0.1:0', store: process.argv[2]!, limits: UNHURRIED })
process.send?.({ address: tracker.address, records: tracker.stats().records })
process.once('message', () => {
  void tracker.close().then(() => process.disconnect())
})
