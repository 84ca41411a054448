// The tracker process: it knows which address belongs to which public key, and nothing else.
import { createTracker } from '@mimirjs/tracker'

const [database] = process.argv.slice(2)
const tracker = await createTracker({ address: 'udp://127.0.0.1:0', store: database! })
process.send!({ event: 'ready', address: tracker.address })
process.on('message', async () => {
  await tracker.close()
  process.disconnect()
})
