// The file server process of the chaos run: always on the same port, so that those who know it find it again.
import { createFileServer } from '@mimirjs/messenger/testing'
import { Transports } from '@mimirjs/transport'
import { tcp } from '@mimirjs/transport/tcp'

const [address, folder] = process.argv.slice(2)
process.on('disconnect', () => process.exit(0))
// Whoever started us may be gone before we listen for that.
if (!process.connected) process.exit(0)
const server = await createFileServer({ transports: new Transports([tcp()]), address: address!, folder: folder! })
process.send!({ address: server.address })
process.on('message', async () => {
  await server.close()
  process.disconnect()
})
