// The steps of `npm test` beyond `pnpm verify`: whole programs against each other.
import { runNode, runTool } from './process.mjs'
import { outcomeOf } from './steps.mjs'

const MINUTE_MS = 60_000

/** What a run must have counted: every accepted message delivered once. */
const COUNTS = /** @type {const} */ (['accepted', 'delivered', 'lost', 'duplicated'])

/**
 * Judge a program whose last line of stdout is one JSON object with the counts above.
 * @param {import('./process.mjs').Result} result
 * @returns {import('./steps.mjs').Outcome}
 */
export function judgeCounts(result) {
  if (result.code !== 0) return outcomeOf(result)
  const lastLine = result.stdout.trimEnd().split('\n').at(-1) ?? ''
  let counts
  try {
    counts = JSON.parse(lastLine)
  } catch {
    return { failed: `the last line is not JSON: ${lastLine}\n${result.output}` }
  }
  const missing = COUNTS.filter((name) => !Number.isInteger(counts[name]))
  if (missing.length > 0) return { failed: `the last line has no ${missing.join(', ')}: ${lastLine}` }
  const { accepted, delivered, lost, duplicated } = counts
  if (accepted === 0) return { failed: `nothing was accepted: ${lastLine}` }
  if (lost !== 0 || duplicated !== 0 || delivered !== accepted) {
    return { failed: `${result.output}\nexpected every accepted message once, got ${lastLine}` }
  }
  return { detail: COUNTS.map((name) => `${counts[name]} ${name}`).join(', ') }
}

/** @param {readonly string[]} args */
function chaos(args) {
  const program = ['--conditions=mimir:source', 'tools/chaos/main.ts', '--seed', '1', '--json']
  return runTool('tsx', [...program, ...args], { timeoutMs: 5 * MINUTE_MS })
}

/** @type {readonly import('./steps.mjs').Step[]} */
export const systemSteps = [
  {
    name: 'interop',
    about: 'foreign implementations',
    run: async () => outcomeOf(await runTool('tsx', ['tools/interop/main.ts'], { timeoutMs: 15 * MINUTE_MS })),
  },
  {
    name: 'chaos',
    about: 'processes, faulty links, SIGKILLs: a short seeded run',
    run: async () => judgeCounts(await chaos(['--messages', '300', '--kills', '6'])),
  },
  {
    name: 'chaos mixed',
    about: 'the same with everything of the current generation, devices, files and a file server',
    run: async () => judgeCounts(await chaos(['--mixed', '--messages', '300', '--kills', '6'])),
  },
  {
    name: 'chaos groups',
    about: 'five members of a group, members and mediator killed',
    run: async () => judgeCounts(await chaos(['groups', '--messages', '300', '--kills', '4'])),
  },
  {
    name: 'start',
    about: 'the main job: npm start -- --json',
    run: async () => judgeCounts(await runNode(['tools/start.mjs', '--json'], { timeoutMs: 3 * MINUTE_MS })),
  },
  {
    name: 'start chat',
    about: 'the chat without a person: npm start -- chat --json',
    run: async () => judgeCounts(await runNode(['tools/start.mjs', 'chat', '--json'], { timeoutMs: 3 * MINUTE_MS })),
  },
  {
    name: 'start groups',
    about: 'a group over a mediator: npm start -- groups --json',
    run: async () => judgeCounts(await runNode(['tools/start.mjs', 'groups', '--json'], { timeoutMs: 3 * MINUTE_MS })),
  },
  {
    name: 'start overlay',
    about: 'the main job over Yggdrasil: npm start -- overlay --json',
    run: async () => judgeCounts(await runNode(['tools/start.mjs', 'overlay', '--json'], { timeoutMs: 3 * MINUTE_MS })),
  },
  {
    name: 'start web',
    about: 'the browser chat without a browser: npm start -- web --json',
    run: async () => judgeCounts(await runNode(['tools/start.mjs', 'web', '--json'], { timeoutMs: 3 * MINUTE_MS })),
  },
]
