import { CliError, isCliError } from './error.js'
import { describeFailure } from './failure.js'
import { harmlessJson, harmlessLine } from './harmless.js'
import type { CliIo, OutputStream } from './io.js'

export type Verbosity = 'quiet' | 'normal' | 'verbose'
const STYLES = { bold: [1, 22], dim: [2, 22], red: [31, 39], cyan: [36, 39] } as const

/**
 * The two streams of the command. Results go to stdout, for people or as JSON lines; everything else goes to stderr, one
 * line each.
 */
export class Output {
  readonly json: boolean
  readonly verbosity: Verbosity
  readonly #io: CliIo
  /** When a line about a failure was last told, in ms. */
  readonly #toldMs = new Map<string, number>()

  constructor(io: CliIo, options: { json: boolean; verbosity: Verbosity }) {
    this.#io = io
    this.json = options.json
    this.verbosity = options.verbosity
  }

  /**
   * One result. Resolves when the system has taken it, so that a slow reader slows us down.
   * @throws {CliError} `output`
   */
  result(event: object, text: string | (() => string)): Promise<void> {
    return this.write(this.json ? harmlessJson(event) : typeof text === 'string' ? text : text())
  }

  /** A line on stdout as it is. @throws {CliError} `output` */
  write(line: string): Promise<void> {
    return writeTo(this.#io.stdout, `${line}\n`)
  }

  /** What happens meanwhile, for people. */
  status(text: string): void {
    if (!this.json && this.verbosity !== 'quiet') this.#tell(this.paint('dim', harmlessLine(text), this.#io.stderr))
  }

  /** Something failed; the command goes on. What fails the same way again and again is said once a minute. */
  warn(error: unknown): void {
    const { message } = describeFailure(error)
    const nowMs = performance.now()
    if (nowMs - (this.#toldMs.get(message) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return
    if (this.#toldMs.size >= MAX_TOLD) this.#toldMs.clear()
    this.#toldMs.set(message, nowMs)
    this.failure(error)
  }

  /** One line about a failure. @returns the exit code it stands for */
  failure(error: unknown): number {
    const { code, message, exitCode } = describeFailure(error)
    if (this.json) this.#tell(harmlessJson({ error: code, message, exitCode }))
    else this.#tell(`${this.paint('red', 'mimir:', this.#io.stderr)} ${harmlessLine(message)}`)
    return exitCode
  }

  /** A line of the log; only with --verbose. */
  log(level: string, fields: object, message: string): void {
    if (this.verbosity !== 'verbose') return
    if (this.json) this.#tell(harmlessJson({ level, message, ...printable(fields) }))
    else this.#tell(harmlessLine(`${level} ${message} ${JSON.stringify(printable(fields))}`))
  }

  paint(style: keyof typeof STYLES, text: string, stream: OutputStream = this.#io.stdout): string {
    const [on, off] = STYLES[style]
    return this.colours(stream) ? `\u001b[${on}m${text}\u001b[${off}m` : text
  }

  /** Only a terminal gets colours, and not one whose owner said no (https://no-color.org). */
  colours(stream: OutputStream = this.#io.stdout): boolean {
    const { NO_COLOR, TERM } = this.#io.env
    return stream.isTTY === true && !NO_COLOR && TERM !== 'dumb'
  }

  #tell(line: string): void {
    // Nobody is left to be told when stderr is gone; the exit code still says it.
    writeTo(this.#io.stderr, `${line}\n`).catch(() => {})
  }
}

const REPEAT_MS = 60_000
const MAX_TOLD = 100

/** Resolves when the system has taken it. @throws {CliError} `output` */
export function writeTo(stream: OutputStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error): void => reject(outputError(cause))
    try {
      stream.write(text, (cause) => (cause ? failed(cause) : resolve()))
    } catch (cause) {
      failed(cause as Error)
    }
  })
}

function outputError(cause: Error): CliError {
  const { message } = describeFailure(cause)
  return new CliError('output', `the output cannot be written: ${message}`, { cause })
}

/**
 * Do what ends in output: when that cannot be written, say what was done before.
 * @param done - the beginning of a sentence
 * @throws {CliError} `output`
 */
export async function reporting<T>(done: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isCliError(error) || error.code !== 'output') throw error
    throw new CliError('output', `${done}, but ${error.message}`, { cause: error })
  }
}

/** Whether the other end of our pipe has simply stopped reading, as `head` does. */
export function isClosedPipe(error: unknown): boolean {
  for (let next = error; next instanceof Error; next = next.cause)
    if ('code' in next && (next.code === 'EPIPE' || next.code === 'ERR_STREAM_DESTROYED')) return true
  return false
}

/** Log fields as JSON can carry them: errors by their message, big integers as text. */
function printable(fields: object): Record<string, unknown> {
  const entries = Object.entries(fields).map(([name, value]: [string, unknown]) => {
    if (value instanceof Error) return [name, describeFailure(value).message]
    if (value instanceof Uint8Array) return [name, Buffer.from(value).toString('hex')]
    return [name, typeof value === 'bigint' ? String(value) : value]
  })
  return Object.fromEntries(entries) as Record<string, unknown>
}
