// From a bare clone to built packages, with Node and npm alone. Progress goes to stderr: stdout belongs to the job.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { commandFile, root, runNode, runNpm, runTool } from './process.mjs'
import { seconds } from './steps.mjs'
import { readJson } from './workspace.mjs'

const STAMP = path.join(root, 'node_modules/.mimir-installed.json')

/** turbo asks the network for nothing, and finds pnpm although only npm may be installed. */
export const TURBO_ENV = {
  TURBO_TELEMETRY_DISABLED: '1',
  DO_NOT_TRACK: '1',
  PATH: `${path.join(root, 'node_modules/.bin')}${path.delimiter}${process.env.PATH ?? ''}`,
}

/** A step of the preparation went wrong; `output` is what it printed. */
class PrepareError extends Error {
  /** @param {string} message @param {string} output */
  constructor(message, output) {
    super(message)
    this.name = 'PrepareError'
    this.output = output
  }
}

/** Hash of everything that decides what an installation contains. */
function installKey() {
  const hash = createHash('sha256')
  const manifests = ['packages', 'examples'].flatMap((group) =>
    readdirSync(path.join(root, group)).map((name) => `${group}/${name}/package.json`),
  )
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', ...manifests.sort()]) {
    if (existsSync(path.join(root, file))) hash.update(file).update(readFileSync(path.join(root, file)))
  }
  return hash.digest('hex')
}

/** @param {readonly string[]} args */
function runPnpm(args) {
  const env = { CI: '1' } // no questions and no progress bars
  if (existsSync(path.join(root, 'node_modules/pnpm/package.json'))) {
    return runNode([commandFile('pnpm'), ...args], { env })
  }
  const { pnpm } = readJson(path.join(root, 'package.json')).devDependencies
  return runNpm(['exec', '--yes', '--', `pnpm@${pnpm}`, ...args], { env })
}

/** Install without running anybody's scripts: the compilation of native code, a minute, is what they are about. */
const WITHOUT_SCRIPTS = ['--config.onlyBuiltDependencies=none']

/**
 * Arguments of `pnpm install`; each scope holds the ones before it. `start` goes without what only benchmarks and tools
 * need, `commands` without native code, which only tests use.
 */
const SCOPES = {
  start: [...WITHOUT_SCRIPTS, '--filter', '!@mimirjs/bench', '--filter', '!@mimirjs/tools'],
  commands: WITHOUT_SCRIPTS,
  all: [],
}

/**
 * Install what the lockfile says, unless that was done already.
 * @param {keyof SCOPES} scope
 * @returns {Promise<import('./steps.mjs').Outcome>}
 */
export async function install(scope) {
  const key = installKey()
  /** @type {{ key: string, scope: string, missing: string[] } | undefined} */
  const done = existsSync(STAMP) ? readJson(STAMP) : undefined
  const scopes = Object.keys(SCOPES)
  if (done?.key === key && scopes.indexOf(done.scope) >= scopes.indexOf(scope)) return { missing: done.missing }
  /** @type {string[]} */
  const missing = []
  await progress('installing', async () => {
    const everything = ['install', '--frozen-lockfile']
    let result = await runPnpm([...everything, ...SCOPES[scope]])
    if (result.code !== 0 && /better-sqlite3.*(ELIFECYCLE|Failed)/s.test(result.output)) {
      missing.push('better-sqlite3 cannot be compiled here: no C++ compiler or no Python')
      result = await runPnpm([...everything, ...WITHOUT_SCRIPTS])
    }
    if (result.code !== 0) throw new PrepareError('pnpm install failed', result.output)
  })
  writeFileSync(STAMP, `${JSON.stringify({ key, scope, missing })}\n`)
  return { missing }
}

/**
 * Build the JavaScript of these packages and of all they need. Declarations are not part of it.
 * @param {readonly string[]} filters turbo filters; none = everything
 */
export async function buildJs(filters = []) {
  await progress('building', async () => {
    const args = ['run', 'build', '--output-logs=errors-only', ...filters.map((filter) => `--filter=${filter}`)]
    const result = await runTool('turbo', args, { env: TURBO_ENV })
    if (result.code !== 0) throw new PrepareError('the build failed', result.output)
  })
}

/** Emit the declarations of every package. */
export async function buildTypes() {
  await progress('declarations', async () => {
    const result = await runTool('typescript', ['-b', 'tsconfig.build.json'], { command: 'tsc' })
    if (result.code !== 0) throw new PrepareError('emitting the declarations failed', result.output)
  })
}

/** @param {string} what @param {() => Promise<void>} work */
async function progress(what, work) {
  const startedMs = performance.now()
  if (process.stderr.isTTY) process.stderr.write(`${what} …`)
  await work().finally(() => {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  })
  process.stderr.write(`${what}: ${seconds(performance.now() - startedMs)}\n`)
}

/**
 * Run `work`; a failed preparation prints its output and one clear line, and ends the process with 1.
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function prepare(work) {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof PrepareError)) throw error
    process.stderr.write(`${error.output.trimEnd()}\n\nmimirjs: ${error.message}; the output is above\n`)
    process.exit(1)
  }
}
