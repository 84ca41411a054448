// A tracker in a process of its own, for kill.test.ts to kill.
import { createTracker, type TrackerOptions } from '../src/index.js'
import { overUdp } from './kill-overlay.js'
import { publicKeyOf, UNHURRIED } from './support.js'

const [store, generation] = process.argv.slice(2) as [string, 'classic' | 'current']
const where: Pick<TrackerOptions, 'address' | 'transport'> =
  generation === 'classic'
    ? { address: 'udp://127.0.0.1:0' }
    : { address: 'ygg://[::]:69', transport: overUdp(publicKeyOf(1001)) }
const tracker = await createTracker({ generation, store, limits: UNHURRIED, ...where })
process.send?.({ address: tracker.address, records: tracker.stats().records })
process.once('message', () => {
  void tracker.close().then(() => process.disconnect())
})
