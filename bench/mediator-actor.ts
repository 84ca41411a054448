import {
  type FanOutAnswer,
  type FanOutCall,
  type FanOutServer,
  HISTORY_MESSAGES,
  SENDERS,
  type Topology,
} from './lib/fan-out.js'
import { FanOutLoad } from './lib/fan-out-load.js'
import { serveNetRooms } from './lib/fan-out-net.js'

// A server with rooms, or all of its clients: `mediator-actor.js SERVER FOLDER`, driven by messages from its parent.

const [, , server, folder] = process.argv as unknown as [string, string, FanOutServer, string]
let load: FanOutLoad | undefined

process.on('message', (call: FanOutCall) => {
  answer(call)
    .catch((error: unknown) => ({ error: error instanceof Error ? String(error.stack) : String(error) }))
    .then(
      (reply) => process.send?.(reply),
      () => {},
    )
})
process.on('disconnect', () => process.exit(0))

async function answer(call: FanOutCall): Promise<FanOutAnswer> {
  switch (call.do) {
    case 'serve':
      return { place: { ...call.topology, server, port: await serve(call.topology) } }
    case 'open':
      load = await FanOutLoad.open(call.place)
      return {}
    case 'flood':
      return { perSecond: await opened().flood(call.durationMs), messages: opened().messages }
    case 'pace':
      return opened().pace(call.perSecond, call.durationMs)
    case 'pages':
      return { perSecond: await opened().readPages(call.durationMs) }
    case 'cpu': {
      const { user, system } = process.cpuUsage()
      return { cpuMs: (user + system) / 1000, messages: load?.messages ?? 0 }
    }
  }
}

function opened(): FanOutLoad {
  if (load === undefined) throw new Error('not open')
  return load
}

async function serve({ rooms, subscribersPerRoom }: Topology): Promise<number> {
  if (server !== 'mimir-mediator') return serveNetRooms(rooms, server === 'net' ? 'plain' : 'coalesced')
  // Loaded here only: the others run none of it.
  const { portOf, serveRooms } = await import('./stacks/mediator-rooms.js')
  const subscribers = rooms * subscribersPerRoom
  const others = Array.from({ length: SENDERS + 1 }, (_, index) => subscribers + index)
  const mediator = await serveRooms({
    path: `${folder}/mediator.sqlite`,
    rooms,
    members: (room) => [...others, ...Array.from({ length: subscribersPerRoom }, (_, index) => room + index * rooms)],
    messages: HISTORY_MESSAGES,
  })
  mediator.on('cut', ({ reason }) => process.stderr.write(`the mediator cut a connection: ${reason}\n`))
  return portOf(mediator)
}
