import { constants } from 'node:os'
import process from 'node:process'

/** What can be closed in order: a messenger. */
export interface Closable {
  close(options: { timeoutMs: number }): Promise<void>
}

export interface CloseOnSignalsOptions {
  /** Default SIGINT and SIGTERM. */
  readonly signals?: readonly NodeJS.Signals[]
  /** How long handlers and connections may take, in ms. Default 5 000. */
  readonly timeoutMs?: number
  /** Called first: stop what brings new work, such as an HTTP server. */
  readonly before?: () => unknown
  /** Called last, when all is closed. */
  readonly after?: () => unknown
  /** Something of it failed; the rest went on. Default: a line on stderr, and the exit code 1. */
  readonly onError?: (error: unknown) => void
}

/**
 * Close a messenger in order when the process is told to end: running handlers finish, the database closes, and the process
 * ends by itself. A second signal cuts that short: the process exits with 128 + the signal's number, and what was not
 * finished comes again at the next start.
 * @returns takes the listeners off again
 */
export function closeOnSignals(messenger: Closable, options: CloseOnSignalsOptions = {}): () => void {
  const { signals = ['SIGINT', 'SIGTERM'], timeoutMs = 5_000, before, after, onError = report } = options
  let isClosing = false
  const close = async (): Promise<void> => {
    for (const step of [before, () => messenger.close({ timeoutMs }), after]) {
      try {
        await step?.()
      } catch (error) {
        onError(error)
      }
    }
  }
  const onSignal = (signal: NodeJS.Signals): void => {
    if (isClosing) process.exit(128 + constants.signals[signal])
    isClosing = true
    void close()
  }
  for (const signal of signals) process.on(signal, onSignal)
  return () => {
    for (const signal of signals) process.off(signal, onSignal)
  }
}

function report(error: unknown): void {
  process.exitCode = 1
  process.stderr.write(`closing failed: ${error instanceof Error ? error.message : String(error)}\n`)
}
