// The node in the middle, where there is no yggdrasil-go: one of ours.
import { Yggdrasil } from '@mimirjs/yggdrasil'

const { listen } = JSON.parse(process.argv[2] ?? '') as { listen: string }
const node = await Yggdrasil.start({ listen: [listen] })
process.send!({ listen: node.listenAddresses[0] })
process.on('message', async () => {
  await node.close()
  process.disconnect()
})
