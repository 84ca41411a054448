// pnpm fuzz [NAME] [--seconds N] [--seed N]   feed mutated bytes to every decoder, and seeds to every model, whose name
//                                             contains NAME
// pnpm fuzz --list                            print the names
// Exit: 0 nothing found, 1 an invariant broke (the input is printed), 2 wrong arguments.
import { readArguments } from '../lib/arguments.mjs'
import { fuzz } from './fuzz.js'
import { RUNS } from './runs.js'
import { TARGETS } from './targets.js'
import { Watchdog } from './watchdog.js'

const USAGE = 'usage: pnpm fuzz [NAME] [--seconds N] [--seed N] [--list]'
const DEFAULT_SECONDS = 60
/** Cases of one target before the next has its turn. */
const BATCH = 500
const ALIVE_MS = 1_000
const NO_INPUT: Uint8Array = new Uint8Array(0)

interface Options {
  readonly name: string
  readonly seconds: number
  readonly seed: number
  readonly list: boolean
  readonly help: boolean
}

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  const options = read(args)
  if (typeof options === 'string') {
    console.error(`fuzz: ${options}; ${USAGE}`)
    return 2
  }
  if (options.help) {
    console.log(USAGE)
    return 0
  }
  const targets = TARGETS.filter(({ name }) => name.includes(options.name))
  const runs = RUNS.filter(({ name }) => name.includes(options.name))
  const names = [...targets, ...runs].map(({ name }) => name)
  if (names.length === 0) {
    console.error(`fuzz: nothing is called ${options.name}: see --list`)
    return 2
  }
  if (options.list) {
    console.log(names.join('\n'))
    return 0
  }
  console.log(`seed ${options.seed}, ${options.seconds} s, ${names.length} targets`)
  const watchdog = new Watchdog(names)
  const hooks = {
    nowMs: () => performance.now(),
    before: ({ name }: { readonly name: string }, input: Uint8Array) => watchdog.note(name, input),
  }
  const endMs = performance.now() + options.seconds * 1000
  let cases = 0
  const failed = async (name: string, seed: number, reason: string): Promise<number> => {
    console.error(`fuzz: ${name} (seed ${seed}): ${reason}`)
    await watchdog.stop()
    console.log(`${cases} cases, 1 failed`)
    return 1
  }
  for (let round = 0; performance.now() < endMs || round === 0; round++) {
    for (const target of targets) {
      const failure = fuzz(target, (options.seed + round * BATCH) | 0, BATCH, hooks)
      cases += BATCH
      if (failure !== undefined)
        return failed(failure.target, failure.seed, `${failure.reason}\n  input ${failure.input}`)
    }
    for (const run of runs) {
      const seed = (options.seed + round) | 0
      // It takes its time, but not in one piece.
      const alive = setInterval(() => watchdog.note(run.name, NO_INPUT), ALIVE_MS)
      watchdog.note(run.name, NO_INPUT)
      cases += 1
      try {
        await run.run(seed)
      } catch (error) {
        return await failed(run.name, seed, error instanceof Error ? `${error.name}: ${error.message}` : String(error))
      } finally {
        clearInterval(alive)
      }
    }
  }
  await watchdog.stop()
  console.log(`${cases} cases passed, 0 failed`)
  return 0
}

/** The options, or what is wrong with them. */
function read(args: readonly string[]): Options | string {
  try {
    const { values, positionals } = readArguments(args, {
      allowPositionals: true,
      options: {
        seconds: { type: 'string' },
        seed: { type: 'string' },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    if (positionals.length > 1) return `expected one name, got ${positionals.join(' ')}`
    const seconds = Number(values.seconds ?? DEFAULT_SECONDS)
    if (!(seconds >= 0 && seconds <= 1_000_000)) return `--seconds: expected a number from 0 on, got ${values.seconds}`
    const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
    if (!Number.isInteger(seed)) return `--seed: expected an integer, got ${values.seed}`
    return { name: positionals[0] ?? '', seconds, seed, list: values.list, help: values.help }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
