import { CARRIERS, type CarrierName } from './lib/file-carriers.js'
import type { FileAnswer, FileCall } from './lib/file-processes.js'

// One end of a file transfer: `file-actor.js CARRIER FOLDER`, told by its parent to offer or to fetch.

const carrier = CARRIERS[process.argv[2] as CarrierName]()
const folder = process.argv[3]!

process.on('message', (call: FileCall) => {
  answer(call).then(
    (value) => process.send!(value satisfies FileAnswer),
    (error: unknown) => process.send!({ error: error instanceof Error ? String(error.stack) : String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))

async function answer(call: FileCall): Promise<FileAnswer> {
  switch (call.do) {
    case 'offer':
      return { offer: await carrier.offer(call.path, folder) }
    case 'fetch':
      return { elapsedMs: await carrier.fetch(call.offer, folder) }
    case 'measure': {
      const { user, system } = process.cpuUsage()
      return { cpuMs: (user + system) / 1000, peakBytes: process.resourceUsage().maxRSS * 1024 }
    }
  }
}
