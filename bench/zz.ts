import { buildPrograms } from '../interop/yggdrasil/go.js'
import { FULL } from './lib/settings.js'
import { table } from './lib/table.js'
import { loadNote } from './lib/load.js'
import { joinRows } from './overlay/join.js'
import { memoryRows } from './overlay/memory.js'
import { sessionRows } from './overlay/sessions.js'
import { streamRows } from './overlay/streams.js'
import { transitRows } from './overlay/transit.js'
const { node, emulator } = buildPrograms()
const s = { ...FULL, rounds: Number(process.argv[3] ?? 3) }
const all = { join: () => joinRows(node, s), memory: () => memoryRows(node, s), session: () => sessionRows(node, s), stream: () => streamRows(emulator, s), transit: () => transitRows(node, s) }
for (const name of process.argv[2]!.split(',')) console.log(table(await all[name as keyof typeof all](), true))
console.log(loadNote())
process.exit(0)
