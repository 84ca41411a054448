// pnpm soak [--minutes N] [--nodes N] [--seed N] [--json]: our overlay nodes among Go nodes in real time, outside
// continuous integration. The last line is the verdict as JSON.
// Exit: 0 nothing missed and no growth, 1 otherwise, 2 wrong arguments or no Go.
import { findGo } from '../../interop/go.js'
import { buildPrograms } from '../../interop/yggdrasil/go.js'
import { Mesh } from '../../interop/yggdrasil/mesh.js'
import { type Options, parseOptions, USAGE } from './options.js'
import { Soak } from './soak.js'

const { minutes, nodes, seed, json } = optionsOrExit()
if (findGo() === undefined) {
  console.error('soak: no Go from 1.25 on here, on PATH or named by MIMIR_GO; it runs against nodes in Go')
  process.exit(2)
}
const mesh = await Mesh.start({ program: buildPrograms().node, nodes, seed })
say(`seed ${seed}: ${nodes} nodes, every other one of ours, ${minutes} minutes`)
const soak = new Soak(mesh, seed)
const endMs = performance.now() + minutes * 60_000
while (performance.now() < endMs) say(await soak.round())
await mesh.stop()

const verdict = soak.verdict
if (!json)
  for (const [name, value] of Object.entries(verdict)) console.log(`${name.padEnd(18)}${String(value).padStart(10)}`)
if (!soak.isMemoryJudged) say('too short to say whether memory grows')
console.log(JSON.stringify({ ...verdict, seed, minutes, nodes }))
process.exit(soak.isGood ? 0 : 1)

function optionsOrExit(): Options {
  try {
    const options = parseOptions(process.argv.slice(2))
    if (!options.help) return options
    console.log(USAGE)
  } catch (error) {
    console.error(`soak: ${(error as Error).message}; see pnpm soak --help`)
    process.exit(2)
  }
  process.exit(0)
}

function say(line: string): void {
  if (!json) console.log(line)
}
