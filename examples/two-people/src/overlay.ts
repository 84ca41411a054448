// The main job over Yggdrasil: `npm start -- overlay`. Tracker and people see each other only through a node in the
// middle, which is yggdrasil-go where there is Go to build it with.
import { job } from './job.js'
import { startMiddle } from './middle-node.js'
import { wantsJson } from './processes.js'
import { tell } from './story.js'

const json = wantsJson()
const middle = await startMiddle()
tell('middle', middle.about)
const good = await job(
  {
    title: 'Two people, one tracker, on nodes of their own; one foreign node in the middle',
    place: { overlayPeers: [middle.address] },
    moves: false,
    facts: { middle: middle.kind },
  },
  json,
)
await middle.stop()
process.exitCode = good ? 0 : 1
