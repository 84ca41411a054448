import { describeFailure } from './failure.js'
import type { CliIo } from './io.js'
import { breaking } from './last-words.js'
import { releaseLostTerminal } from './lost-terminal.js'
import { run } from './run.js'

/**
 * This process as the `mimir` command.
 * @param overrides - parts of the process's own world to be replaced
 */
export async function main(overrides: Partial<CliIo> = {}): Promise<void> {
  process.on('uncaughtException', broken)
  process.on('unhandledRejection', broken)
  // Node announces on stderr that its SQLite is young, which is nothing the person at the terminal can act on.
  process.removeAllListeners('warning')
  const { stdin, stdout, stderr, env } = process
  // `run` says when its output cannot be written; the stream's own event may come after that.
  for (const stream of [stdout, stderr]) stream.on('error', () => {})
  const wereTerminals = [stdin, stdout, stderr].map(({ isTTY }) => isTTY)
  process.exitCode = await run(process.argv.slice(2), {
    stdin,
    stdout,
    stderr,
    env,
    cwd: process.cwd(),
    signals: process,
    ...overrides,
  })
  releaseLostTerminal(wereTerminals)
  // After a second Ctrl-C nothing is waited for; otherwise the process ends by itself, once its output is written.
  if (process.exitCode === 130) process.exit()
}

/** One line instead of a stack trace, also for a mistake of ours. The state on disk is whole at every moment. */
function broken(error: unknown): void {
  breaking()
  process.stderr.write(`mimir: internal error: ${describeFailure(error).message}\n`)
  process.exit(1)
}
