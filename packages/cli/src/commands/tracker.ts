import { join, resolve } from 'node:path'
import { createTracker, type Tracker } from '@mimirjs/tracker'
import type { Command } from 'commander'
import type { Context } from '../context.js'
import { formatDuration } from '../duration.js'
import { ExitCode } from '../exit-code.js'
import { makeFolder, requireFile } from '../folder.js'
import { addressParser, parsePath } from '../options.js'
import type { Shell } from '../shell.js'
import { whenAborted } from '../stop.js'

interface TrackerOptions {
  readonly listen: string
  readonly db?: string
  readonly allowAnySource?: boolean
}

export function trackerCommand(shell: Shell): Command {
  return shell
    .command('tracker', 'run a tracker until Ctrl-C: it tells which address belongs to which key')
    .option('--listen <address>', 'where to listen', addressParser('udp'), 'udp://[::]:5050')
    .option('--db <file>', 'its database (default: tracker.sqlite in the home folder)', parsePath)
    .option('--allow-any-source', 'answer the open Internet, too, not only private and Yggdrasil addresses')
    .addHelpText(
      'after',
      `
SIGUSR2 prints its figures.

Example:
  mimir tracker --listen udp://127.0.0.1:5050 --db ./tracker.sqlite`,
    )
    .action((options: TrackerOptions, command: Command) =>
      shell.perform(command, (context) => runTracker(context, options)),
    )
}

async function runTracker(context: Context, options: TrackerOptions): Promise<ExitCode> {
  const { io, output } = context
  if (options.db === undefined) makeFolder(context.home)
  const store = options.db === undefined ? join(context.home, 'tracker.sqlite') : resolve(io.cwd, options.db)
  requireFile(store)
  const tracker = await createTracker({
    address: options.listen,
    store,
    logger: context.logger,
    ...(options.allowAnySource ? { allowAnySource: true } : {}),
  })
  tracker.on('down', ({ error, retryMs }) => {
    output.warn(error)
    output.status(`the socket failed; trying again in ${formatDuration(retryMs)}`)
  })
  tracker.on('up', (event) => output.status(`answering again on ${event.address}`))
  const printStats = (): void => {
    output.result({ event: 'stats', ...tracker.stats() }, () => statsText(tracker)).catch(() => {})
  }
  // Windows does not know this signal and refuses to listen for it.
  if (process.platform !== 'win32') io.signals.on('SIGUSR2', printStats)
  try {
    const { address } = tracker
    await output.result({ event: 'ready', ready: true, address, db: store }, `tracker on ${address}, database ${store}`)
    await whenAborted(context.stop)
  } finally {
    io.signals.off('SIGUSR2', printStats)
    await tracker.close()
  }
  output.status(`stopped; ${statsText(tracker)}`)
  return ExitCode.ok
}

function statsText(tracker: Tracker): string {
  return Object.entries(tracker.stats())
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')
}
