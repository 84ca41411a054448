import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** The program answered a command with an error, or ended. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError'
}

interface Waiting {
  resolve(result: unknown): void
  reject(error: Error): void
}

/** Of what the program says on stderr, so much is kept for a failure. */
const KEPT_LINES = 200
/** Longer than any command takes on a machine that is busy. */
const CALL_TIMEOUT_MS = 60_000

/** A program that says one line of JSON when it is ready, and then answers lines of JSON: `{id, …}` with `{id, result}` or `{id, error}`. */
export class JsonProcess<Ready> {
  readonly ready: Ready
  readonly #child: ChildProcess
  readonly #said: readonly string[]
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0

  private constructor(child: ChildProcess, ready: Ready, said: readonly string[]) {
    this.#child = child
    this.ready = ready
    this.#said = said
  }

  /**
   * @param env - added to our own environment
   * @throws {ProgramError} when it ends before it is ready, with what it said
   */
  static async start<Ready>(
    file: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Promise<JsonProcess<Ready>> {
    const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
    const said: string[] = []
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line)
      if (said.length > KEPT_LINES) said.shift()
    })
    // A command to a program that has just ended: the end itself is told to all who wait.
    child.stdin.on('error', () => {})
    let answered: ((line: string) => void) | undefined
    const ready = await new Promise<Ready>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (answered === undefined) resolve(JSON.parse(line) as Ready)
        else answered(line)
        answered ??= () => {}
      })
      child.once('error', reject)
      child.once('close', (code, signal) =>
        reject(new ProgramError(`${file} ended (${signal ?? code}) before it was ready\n${said.join('\n')}`)),
      )
    })
    const program = new JsonProcess(child, ready, said)
    answered = (line) => program.#answered(JSON.parse(line) as Answer)
    child.once('close', (code, signal) => program.#ended(`${file} ended (${signal ?? code})`))
    return program
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** What it said on stderr, the last lines. */
  get said(): string {
    return this.#said.join('\n')
  }

  /**
   * @throws {ProgramError} when it answers with an error, does not answer in time, or has ended
   */
  call<Result>(command: Readonly<Record<string, unknown>>, timeoutMs: number = CALL_TIMEOUT_MS): Promise<Result> {
    const what = String(command['do'] ?? 'command')
    if (this.#hasEnded) return Promise.reject(new ProgramError(`${what}: the program has ended`))
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id)
        reject(new ProgramError(`${what}: no answer in ${timeoutMs} ms\n${this.said}`))
      }, timeoutMs)
      this.#waiting.set(id, {
        resolve: (result) => {
          clearTimeout(timer)
          resolve(result as Result)
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      })
      this.#child.stdin?.write(`${JSON.stringify({ ...command, id })}\n`)
    })
  }

  /** @param signal - SIGKILL by default, as if its machine had failed */
  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.#hasEnded) return
    const closed = once(this.#child, 'close')
    this.#child.kill(signal)
    await closed
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  #answered({ id, result, error }: Answer): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(result)
    else waiting?.reject(new ProgramError(error))
  }

  #ended(reason: string): void {
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { reject } of waiting) reject(new ProgramError(`${reason}\n${this.said}`))
  }
}

interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}
