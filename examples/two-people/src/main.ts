// The main job on this machine's loopback: `npm start`.
import { job } from './job.js'
import { wantsJson } from './processes.js'

const good = await job(
  { title: 'Two people, one tracker, no server in between', place: {}, moves: true, facts: {} },
  wantsJson(),
)
process.exitCode = good ? 0 : 1
