// The tracker process: it knows which address belongs to which public key, and nothing else.
import { createTracker } from '@mimirjs/tracker'
import { toHex } from '@mimirjs/wire'
import { Yggdrasil } from '@mimirjs/yggdrasil'
import type { TrackerSettings } from './protocol.js'

const { database, overlayPeers } = JSON.parse(process.argv[2] ?? '') as TrackerSettings
const node = overlayPeers === undefined ? undefined : await Yggdrasil.start({ peers: overlayPeers })
const tracker = await createTracker({
  store: database,
  ...(node === undefined
    ? { address: 'udp://127.0.0.1:0' }
    : {
        generation: 'current' as const,
        address: `ygg://${toHex(node.publicKey)}:69`,
        transport: node.datagramTransport,
      }),
})
process.send!({ event: 'ready', address: tracker.address })
process.on('message', async () => {
  await tracker.close()
  await node?.close()
  process.disconnect()
})
