import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Namespace } from './namespaces.js'

export interface ProgramOptions {
  /** Where it runs; default: where we do. */
  readonly namespace?: Namespace | undefined
  /** Its working directory, where it keeps its key; default: a new one, removed with it. */
  readonly folder?: string | undefined
}

/** Longer than any line takes on a machine that is busy. */
const LINE_TIMEOUT_MS = 30_000

/** A program that says lines: a server or client of ours, of theirs or of the model. */
export class Program {
  readonly folder: string
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  readonly #removesFolder: boolean
  readonly #stdout: string[] = []
  readonly #stderr: string[] = []
  /** Called when it said something, or ended. */
  readonly #watchers = new Set<() => void>()
  #hasEnded = false

  private constructor(child: ChildProcessByStdio<null, Readable, Readable>, folder: string, removesFolder: boolean) {
    this.#child = child
    this.folder = folder
    this.#removesFolder = removesFolder
    this.#collect(child.stdout, this.#stdout)
    this.#collect(child.stderr, this.#stderr)
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => this.#stderr.push(error.message))
      child.once('close', (code, signal) => {
        this.#hasEnded = true
        this.#changed()
        resolve(signal ?? code ?? 1)
      })
    })
  }

  /** @param command - the program and its arguments */
  static start(command: readonly string[], { namespace, folder }: ProgramOptions = {}): Program {
    const cwd = folder ?? mkdtempSync(path.join(os.tmpdir(), 'mimir-mp2p-'))
    const [file = '', ...args] = [...(namespace?.prefix ?? []), ...command]
    return new Program(spawn(file, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] }), cwd, folder === undefined)
  }

  /** Lines, as they came. */
  get stdout(): readonly string[] {
    return this.#stdout
  }

  get stderr(): readonly string[] {
    return this.#stderr
  }

  /** All of it, for a failure. */
  get said(): string {
    return [...this.#stdout, ...this.#stderr].join('\n')
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /**
   * Wait for lines on stdout.
   *
   * @param count - how many of them
   * @returns what matched in the last one of them
   * @throws {Error} when it ends without them, or takes too long; with all that it said
   */
  line(pattern: RegExp, count = 1): Promise<RegExpExecArray> {
    return this.#line(this.#stdout, pattern, count)
  }

  /** As {@link line}, on stderr. */
  errorLine(pattern: RegExp, count = 1): Promise<RegExpExecArray> {
    return this.#line(this.#stderr, pattern, count)
  }

  #line(lines: readonly string[], pattern: RegExp, count: number): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(timer)
        this.#watchers.delete(look)
        settle()
      }
      const fail = (how: string): void =>
        finish(() => reject(new Error(`${how} ${pattern}, ${count} times\n${this.said}`)))
      const look = (): void => {
        const match = lines.map((line) => pattern.exec(line)).filter((found) => found !== null)[count - 1]
        if (match !== undefined) finish(() => resolve(match))
        else if (this.#hasEnded) fail('ended without saying')
      }
      const timer = setTimeout(() => fail(`${LINE_TIMEOUT_MS} ms have passed without`), LINE_TIMEOUT_MS)
      this.#watchers.add(look)
      look()
    })
  }

  /** End it and remove its folder. @param signal - default: as if its machine had failed */
  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!this.#hasEnded) this.#child.kill(signal)
    await this.ended
    if (this.#removesFolder) rmSync(this.folder, { recursive: true, force: true })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #collect(stream: Readable, lines: string[]): void {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line)
      this.#changed()
    })
  }

  #changed(): void {
    for (const watcher of [...this.#watchers]) watcher()
  }
}

/** A server that has joined its group. */
export interface StartedServer extends AsyncDisposable {
  readonly program: Program
  /** Its group, as it says it. */
  readonly address: string
  /** 64 hex digits. */
  readonly publicKey: string
}

/** @param command - with its flags; prints `my addr:` and `my publ:` */
export async function startServer(command: readonly string[], options: ProgramOptions): Promise<StartedServer> {
  const program = Program.start(command, options)
  try {
    const [, publicKey = ''] = await program.line(/^my publ: ([0-9a-f]{64})$/)
    const [, address = ''] = await program.line(/^my addr: (\S+)$/)
    return { program, address, publicKey, [Symbol.asyncDispose]: () => program.stop() }
  } catch (error) {
    await program.stop()
    throw error
  }
}
