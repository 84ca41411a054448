// PostgreSQL and NATS of this machine, started for tests: in a folder of their own, on ports or sockets that nobody has.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export interface Server {
  /** For clients. */
  readonly url: string
  stop(): Promise<void>
}

export interface StartedProcess {
  readonly process: ChildProcess
  /** Everything it said so far, for a failure. */
  output(): string
}

/** Where Debian and its like put what is not on PATH. */
const FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin']

/** The path of a program; `undefined` when this machine has none. */
export function findProgram(name: string): string | undefined {
  const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql').sort().reverse() : []
  const folders = [
    ...(process.env['PATH'] ?? '').split(':'),
    ...FOLDERS,
    ...versions.map((version) => `/usr/lib/postgresql/${version}/bin`),
  ]
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

function program(name: string): string {
  const path = findProgram(name)
  if (path === undefined) throw new Error(`${name} is not installed here`)
  return path
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** PostgreSQL refuses to run as the superuser: its package brings a user for it. */
function postgresUser(): { uid: number; gid: number } | undefined {
  if (userInfo().uid !== 0) return undefined
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

/** What it writes may be lost with the power, and deadlocks are found soon. */
const FAST = { fsync: 'off', deadlock_timeout: '50ms' }

/** A cluster in a new folder, reached by a socket there. */
export async function startPostgres(settings: Readonly<Record<string, string>> = FAST): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'mimir-pg-'))
  const user = postgresUser()
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  try {
    const initdb = ['-D', data, '-U', 'mimir', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync']
    execFileSync(program('initdb'), initdb, { stdio: 'pipe', cwd: folder, ...user })
    const all = { ...settings, listen_addresses: '', unix_socket_directories: folder, max_connections: '60' }
    const options = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const started = start(program('postgres'), ['-D', data, ...options], { cwd: folder, ...user })
    await said(started, /ready to accept connections/)
    return {
      url: `postgres://mimir@/postgres?host=${encodeURIComponent(folder)}`,
      stop: async () => {
        // Its "fast shutdown": open connections are cut.
        await stop(started.process, 'SIGINT')
        rmSync(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

/** @param port - the same again after a stop; default a free one */
export async function startNats(port?: number): Promise<Server & { readonly port: number }> {
  const own = port ?? (await freePort())
  const started = start(program('nats-server'), ['-a', '127.0.0.1', '-p', String(own)], {})
  await said(started, /Server is ready/)
  return { url: `nats://127.0.0.1:${own}`, port: own, stop: () => stop(started.process, 'SIGKILL') }
}

function start(
  path: string,
  args: readonly string[],
  options: { cwd?: string; uid?: number; gid?: number },
): StartedProcess {
  const child = spawn(path, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => lines.push(line))
  return { process: child, output: () => lines.join('\n') }
}

/** Wait for a line; what it says goes to one of its outputs. */
async function said({ process: child, output }: StartedProcess, line: RegExp): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const look = (): void => {
      if (line.test(output())) resolve()
    }
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', () => setImmediate(look))
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${child.spawnfile} ended with ${code}:\n${output()}`)))
  })
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}
