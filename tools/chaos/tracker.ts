// The tracker process of the chaos run: always on the same port, so that those who know it find it again.
import { createTracker } from '@mimirjs/tracker'

const [address, database] = process.argv.slice(2)
process.on('disconnect', () => process.exit(0))
// Whoever started us may be gone before we listen for that.
if (!process.connected) process.exit(0)
const tracker = await createTracker({
  address: address!,
  store: database!,
  limits: { announcesPerSecond: 10_000, announcesBurst: 10_000, getAddrsPerSecond: 10_000, getAddrsBurst: 10_000 },
})
process.send!({ event: 'ready', address: tracker.address, publicKey: '' })
process.on('message', async () => {
  await tracker.close()
  process.disconnect()
})
