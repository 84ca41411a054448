import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { CliError } from './error.js'
import type { OutputStream } from './io.js'

export interface ExecOptions {
  /** What it gets on standard input. */
  readonly input: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Where its output goes; `undefined`: it is returned. */
  readonly stdout: OutputStream | undefined
  readonly stderr: OutputStream
  readonly timeoutMs: number
  /** Longest output that is returned. */
  readonly maxOutputBytes: number
  /** Kills the command and all that it started. */
  readonly kill: AbortSignal
}

/**
 * Run the operator's command line in the system's shell. What strangers wrote is in `input` only, never part of the
 * command line.
 *
 * @returns what it printed, unless that went to `stdout`
 * @throws {CliError} `command` when it ended with anything but exit code 0
 */
export async function execCommand(commandLine: string, options: ExecOptions): Promise<Uint8Array> {
  // In a group of its own: Ctrl-C at the terminal is for us, and we let running commands finish.
  const child = spawn(commandLine, {
    shell: true,
    detached: process.platform !== 'win32',
    cwd: options.cwd,
    env: options.env as NodeJS.ProcessEnv,
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
  })
  let killedBecause = ''
  const kill = (why: string): void => {
    killedBecause ||= why
    killGroup(child)
  }
  const onKill = (): void => kill('it was stopped')
  const timer = setTimeout(() => kill(`it ran longer than ${options.timeoutMs} ms`), options.timeoutMs)
  options.kill.addEventListener('abort', onKill)
  if (options.kill.aborted) onKill()
  try {
    const ended = exit(child)
    // A command that does not read its input is a command, too.
    child.stdin.on('error', () => {})
    child.stdin.end(options.input)
    const [output, , how] = await Promise.all([
      options.stdout === undefined
        ? collect(child.stdout, options.maxOutputBytes, () =>
            kill(`it printed more than ${options.maxOutputBytes} bytes`),
          )
        : pass(child.stdout, options.stdout),
      pass(child.stderr, options.stderr),
      ended,
    ])
    if (killedBecause !== '') throw new CliError('command', `the command was killed: ${killedBecause}`)
    if (how !== '') throw new CliError('command', `the command failed: ${how}`)
    return output
  } finally {
    clearTimeout(timer)
    options.kill.removeEventListener('abort', onKill)
  }
}

/** Resolves with how it ended, empty for well. */
function exit(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) =>
      resolve(signal ? `killed by ${signal}` : code === 0 ? '' : `exit code ${code}`),
    )
  })
}

async function collect(stream: Readable, maxBytes: number, onTooMuch: () => void): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes <= maxBytes) chunks.push(chunk)
    else onTooMuch()
  }
  return Buffer.concat(chunks)
}

async function pass(from: Readable, to: OutputStream): Promise<Uint8Array> {
  for await (const chunk of from as AsyncIterable<Uint8Array>)
    await new Promise<void>((resolve) => to.write(chunk, () => resolve()))
  return new Uint8Array()
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    if (process.platform === 'win32') child.kill('SIGKILL')
    else process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It has ended in this moment.
  }
}
