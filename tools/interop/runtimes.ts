// The packages as npm would deliver them, under every runtime we promise.
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pack } from '../lib/pack.mjs'
import { root, run, runNpm } from '../lib/process.mjs'
import type { Outcome } from '../lib/steps.mjs'
import { optionalPeers, publicPackages } from '../lib/workspace.mjs'
import { smokeData } from './smoke-data.js'
import type { Suite } from './suite.js'

const INSTALL_TIMEOUT_MS = 240_000
const PROGRAM_TIMEOUT_MS = 60_000

/** Programs for a user's project, run one by one. Another package is smoked by adding a file here. */
const SMOKE = path.join(root, 'tools/interop/smoke')

/** Runtimes that npm delivers into the project itself. */
const NPM_RUNTIMES = ['bun@1.4.5', 'deno@2.9.6'] as const

interface Runtime {
  /** What the program `runtime.mjs` must report, as a prefix. */
  readonly name: string
  /** Its program and what stands before a file. @throws when npm does not deliver it */
  command(project: string): Promise<readonly [string, ...string[]]>
}

const node = (version: string): Runtime => ({
  name: `node ${version}`,
  async command(cwd) {
    const args = ['exec', '--yes', `--package=node@${version}`, '--', 'node', '--print', 'process.execPath']
    const { code, output, stdout } = await runNpm(args, { cwd, timeoutMs: INSTALL_TIMEOUT_MS })
    const file = stdout.trimEnd().split('\n').at(-1)
    if (code !== 0 || file === undefined) throw new Error(`npm did not deliver node ${version}\n${output}`)
    return [file]
  },
})

const installed = (name: string, ...args: string[]): Runtime => ({
  name,
  command: async (project) => [path.join(project, 'node_modules/.bin', name), ...args],
})

const RUNTIMES: readonly Runtime[] = [
  { name: 'node', command: async () => [process.execPath] },
  node('22.23.3'),
  node('24.21.0'),
  node('26.10.0'),
  installed('bun', 'run'),
  installed('deno', 'run', '--quiet', '--allow-all'),
]

export const runtimes: Suite = {
  name: 'runtimes',
  about: 'the packed packages under Node 20, 22, 24, 26, Bun and Deno',
  needs: 'built packages, and the npm registry for the other runtimes',

  check() {
    const missing = publicPackages().filter(({ folder, entries }) =>
      entries.some(({ js }) => !existsSync(path.join(folder, js))),
    )
    if (missing.length === 0) return undefined
    return `not built: ${missing.map(({ name }) => name).join(', ')}; run pnpm build`
  },

  async run() {
    const project = mkdtempSync(path.join(tmpdir(), 'mimirjs-runtimes-'))
    try {
      return (await prepareProject(project)) ?? (await runPrograms(project))
    } finally {
      rmSync(project, { recursive: true, force: true })
    }
  },
}

/** @returns why it cannot be prepared */
async function prepareProject(project: string): Promise<Outcome> {
  const packages = publicPackages()
  const tarballs: string[] = []
  for (const { folder } of packages) tarballs.push(await pack(folder, path.join(project, 'tarballs')))
  writeFileSync(path.join(project, 'package.json'), '{ "private": true, "type": "module" }\n')
  const others = [...optionalPeers(packages), ...NPM_RUNTIMES]
  const result = await runNpm(['install', '--no-audit', '--no-fund', ...tarballs, ...others], {
    cwd: project,
    timeoutMs: INSTALL_TIMEOUT_MS,
  })
  if (/\b(ENOTFOUND|ECONNREFUSED|EAI_AGAIN|ETIMEDOUT)\b/.test(result.output))
    return { leftOut: 'the npm registry does not answer' }
  if (result.code !== 0) return { failed: result.output }
  for (const file of readdirSync(SMOKE)) copyFileSync(path.join(SMOKE, file), path.join(project, file))
  writeFileSync(path.join(project, 'smoke-data.json'), JSON.stringify(smokeData(packages)))
  return undefined
}

async function runPrograms(project: string): Promise<Outcome> {
  const programs = readdirSync(SMOKE).sort()
  const failures: string[] = []
  for (const runtime of RUNTIMES) {
    const [file, ...args] = await runtime.command(project)
    for (const program of programs) {
      const options = { cwd: project, timeoutMs: PROGRAM_TIMEOUT_MS }
      const { code, output, stdout } = await run(file, [...args, program], options)
      const said = stdout.trimEnd().split('\n').at(-1) ?? ''
      if (code !== 0) failures.push(`${program} under ${runtime.name}: exit code ${code}\n${output}`)
      else if (program === 'runtime.mjs' && !said.startsWith(runtime.name))
        failures.push(`${runtime.name} is in truth ${said}`)
      else console.log(`runtimes: ${runtime.name}: ${program}: ${said}`)
    }
  }
  if (failures.length > 0) return { failed: failures.join('\n') }
  return { detail: `${programs.length} programs under ${RUNTIMES.map(({ name }) => name).join(', ')}` }
}
