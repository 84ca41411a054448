import { join, resolve } from 'node:path'
import { createTracker, type Tracker } from '@mimirjs/tracker'
import { toHex } from '@mimirjs/wire'
import type { Command } from 'commander'
import type { Context } from '../context.js'
import { formatDuration } from '../duration.js'
import { CliError } from '../error.js'
import { ExitCode } from '../exit-code.js'
import { makeFolder, requireFile } from '../folder.js'
import { addressParser, parsePath } from '../options.js'
import { loadNodeSeed, openNode, TRACKER_PORT } from '../overlay.js'
import type { Shell } from '../shell.js'
import { whenAborted } from '../stop.js'

interface TrackerOptions {
  readonly listen?: string
  readonly key?: string
  readonly db?: string
  readonly allowAnySource?: boolean
}

export function trackerCommand(shell: Shell): Command {
  return shell
    .command('tracker', 'run a tracker until Ctrl-C: it tells which address belongs to which key')
    .option('--listen <address>', 'where to listen (default: udp://[::]:5050)', addressParser('udp'))
    .option('--db <file>', 'its database (default: tracker.sqlite in the home folder)', parsePath)
    .option(
      '--key <file>',
      'with --peer: key of its node, made if it is not there (default: tracker.key in the home folder)',
      parsePath,
    )
    .option('--allow-any-source', 'answer the open Internet, too, not only private and Yggdrasil addresses')
    .addHelpText(
      'after',
      `
With --peer it serves the overlay, on port 69 of a node of its own, and apps of 2026 find it by the key of that node.
SIGUSR2 prints its figures.

Examples:
  mimir tracker --listen udp://127.0.0.1:5050 --db ./tracker.sqlite
  mimir tracker --peer tls://[2001:db8::7]:443`,
    )
    .action((options: TrackerOptions, command: Command) =>
      shell.perform(command, (context) => runTracker(context, options)),
    )
}

async function runTracker(context: Context, options: TrackerOptions): Promise<ExitCode> {
  const { io, output } = context
  const onOverlay = context.peers.length > 0
  if (onOverlay && options.listen !== undefined)
    throw new CliError('usage', '--listen is a UDP address, --peer the overlay: run one tracker for each')
  if (!onOverlay && options.key !== undefined) throw new CliError('usage', '--key needs --peer')
  if (options.db === undefined || (onOverlay && options.key === undefined)) makeFolder(context.home)
  const store = options.db === undefined ? join(context.home, 'tracker.sqlite') : resolve(io.cwd, options.db)
  requireFile(store)
  const keyFile = options.key === undefined ? join(context.home, 'tracker.key') : resolve(io.cwd, options.key)
  await using node = onOverlay ? await openNode(context, { seed: loadNodeSeed(context, keyFile) }) : undefined
  const tracker = await createTracker({
    ...(node === undefined
      ? { address: options.listen ?? 'udp://[::]:5050' }
      : {
          generation: 'current' as const,
          address: `ygg://${toHex(node.publicKey)}:${TRACKER_PORT}`,
          transport: node.datagramTransport,
        }),
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
