import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { onTestFinished } from 'vitest'
import { Lines } from './lines.js'

const bin = fileURLToPath(new URL('../../src/bin.ts', import.meta.url))
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

/** How to start `mimir` from its sources: program and arguments. */
export const MIMIR = [process.execPath, '--conditions=mimir:source', '--import', tsx, bin] as const

export interface MimirOptions {
  env?: Record<string, string>
  /** What is on standard input; null leaves it open. */
  stdin?: string | null
  cwd?: string
  /** A shell prefix: `ulimit -f 64;` */
  shell?: string
}

/** `mimir` as a process of its own, killed when the test ends. */
export class Mimir {
  readonly out = new Lines()
  readonly err = new Lines()
  readonly process: ChildProcess
  /** Resolves with the exit code; null after a signal. */
  readonly ended: Promise<number | null>

  constructor(args: readonly string[], options: MimirOptions = {}) {
    const { HOME, PATH, TMPDIR } = process.env
    const command = [...MIMIR, ...args]
    const [program = '', ...rest] =
      options.shell === undefined ? command : ['/bin/sh', '-c', `${options.shell} exec "$0" "$@"`, ...command]
    this.process = spawn(program, rest, {
      cwd: options.cwd,
      env: { ...without({ HOME, PATH, TMPDIR }), ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.process.stdin?.on('error', () => {})
    if (options.stdin !== null) this.process.stdin?.end(options.stdin ?? '')
    this.process.stdout?.on('data', (chunk: Buffer) => this.out.push(chunk.toString()))
    this.process.stderr?.on('data', (chunk: Buffer) => this.err.push(chunk.toString()))
    this.ended = once(this.process, 'close').then(([code]) => code as number | null)
    onTestFinished(async () => {
      await this.kill('SIGKILL')
    })
  }

  async kill(signal: NodeJS.Signals): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill(signal)
    return await this.ended
  }
}

export function mimir(...args: string[]): Mimir {
  return new Mimir(args)
}

function without(env: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/** A process that has ended but was not waited for yet counts as ended. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux' || !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
