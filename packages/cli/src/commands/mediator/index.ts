import { join, resolve } from 'node:path'
import { loadKeyFile } from '@mimirjs/crypto/keyfile'
import { createMediator, loadMediatorKey, type Mediator, type Moderation } from '@mimirjs/mediator'
import { Transports } from '@mimirjs/transport'
import { tcp } from '@mimirjs/transport/tcp'
import { toHex } from '@mimirjs/wire'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Context } from '../../context.js'
import { CliError } from '../../error.js'
import { ExitCode } from '../../exit-code.js'
import { makeFolder, requireFile } from '../../folder.js'
import { addressParser, durationOption, parseCount, parsePath } from '../../options.js'
import { MEDIATOR_PORT, openNode } from '../../overlay.js'
import type { Shell } from '../../shell.js'
import { whenAborted } from '../../stop.js'
import { Copies } from './copies.js'
import { openShared, type SharedOptions } from './shared.js'

interface MediatorCommandOptions extends SharedOptions {
  readonly listen?: string
  readonly key?: string
  readonly db?: string
  readonly moderation: Moderation
  /** Days. */
  readonly retention?: number
  readonly http?: string
  readonly backup?: string
  /** Milliseconds. */
  readonly backupEvery?: number
}

export function mediatorCommand(shell: Shell): Command {
  return shell
    .command('mediator', 'run a mediator until Ctrl-C: the server where groups meet, which sees only ciphertext')
    .option(
      '--listen <address>',
      'where to listen (default: tcp://[::]:5042, with --peer only the overlay)',
      addressParser('tcp'),
    )
    .option('--key <file>', 'its key, made if it is not there (default: mediator.key in the home folder)', parsePath)
    .option('--db <file>', 'its database (default: mediator.sqlite in the home folder)', parsePath)
    .addOption(
      new Option('--postgres <url>', 'keep everything in this PostgreSQL database instead').conflicts(['db', 'backup']),
    )
    .option('--nats <url>', 'with --postgres: the NATS server by which several mediators serve the same groups')
    .addOption(
      new Option('--moderation <mode>', 'strict protects owners and equals; original does as the original servers do')
        .choices(['strict', 'original'])
        .default('strict'),
    )
    .option('--retention <days>', 'forget what messages say after so many days (default: never)', parseCount)
    .option('--http <address>', 'serve /health and /metrics here, such as http://127.0.0.1:9100', parseHttp)
    .option('--backup <folder>', 'keep copies of the database here, made while it serves; the newest 7 stay', parsePath)
    .addOption(durationOption('--backup-every <time>', 'how old the newest copy may become (default: 24h)'))
    .addHelpText(
      'after',
      `
Others name it by the line that it prints: <key>@<address>, with an address where they reach it. With --peer it serves the
overlay on a node of its own with its key, which is then all that others need. SIGUSR2 prints its figures.

Examples:
  mimir mediator --listen tcp://127.0.0.1:5042 --db ./mediator.sqlite
  mimir mediator --peer tls://[2001:db8::7]:443
  mimir group create Hiking --mediator <key>@tcp://127.0.0.1:5042`,
    )
    .action((options: MediatorCommandOptions, command: Command) =>
      shell.perform(command, (context) => runMediator(context, options)),
    )
}

async function runMediator(context: Context, options: MediatorCommandOptions): Promise<ExitCode> {
  const { io, output } = context
  checkOptions(options)
  if (options.key === undefined || (options.db === undefined && options.postgres === undefined))
    makeFolder(context.home)
  const at = (given: string | undefined, name: string): string =>
    given === undefined ? join(context.home, name) : resolve(io.cwd, given)
  const copiesFolder = options.backup === undefined ? undefined : resolve(io.cwd, options.backup)
  if (copiesFolder !== undefined) makeFolder(copiesFolder)
  const db = options.postgres === undefined ? at(options.db, 'mediator.sqlite') : undefined
  if (db !== undefined) requireFile(db)
  const keyPath = at(options.key, 'mediator.key')
  const { signer } = loadKey(context, keyPath)
  // Over the overlay a mediator is found by its key: it is that of its node.
  await using node = context.peers.length > 0 ? await openNode(context, { seed: loadKeyFile(keyPath).seed }) : undefined
  const overlay = node === undefined ? [] : [`ygg://${toHex(node.publicKey)}:${MEDIATOR_PORT}`]
  const plain = options.listen ?? (node === undefined ? 'tcp://[::]:5042' : undefined)
  await using shared = await openShared(options)
  await using mediator = await createMediator({
    signer,
    transports: new Transports([tcp(), ...(node === undefined ? [] : [node.streams])]),
    listen: [...overlay, ...(plain === undefined ? [] : [plain])],
    store: shared.store ?? db ?? '',
    bus: shared.bus,
    moderation: options.moderation,
    retentionDays: options.retention,
    logger: context.logger,
    ...(options.http === undefined ? {} : { http: { address: options.http } }),
  })
  const printStats = (): void => {
    output.result({ event: 'stats', ...mediator.stats() }, () => statsText(mediator)).catch(() => {})
  }
  // Windows does not know this signal and refuses to listen for it.
  if (process.platform !== 'win32') io.signals.on('SIGUSR2', printStats)
  try {
    await sayReady(context, mediator, db)
    await using _copies =
      copiesFolder === undefined ? undefined : new Copies(context, mediator, copiesFolder, options.backupEvery)
    await whenAborted(context.stop)
  } finally {
    io.signals.off('SIGUSR2', printStats)
  }
  await mediator.close()
  output.status(`stopped; ${statsText(mediator)}`)
  return ExitCode.ok
}

/** @throws {CliError} `usage` */
function checkOptions({ backup, backupEvery, nats, postgres }: MediatorCommandOptions): void {
  if (backup === undefined && backupEvery !== undefined) throw new CliError('usage', '--backup-every needs --backup')
  if (nats !== undefined && postgres === undefined)
    throw new CliError('usage', '--nats needs --postgres: a file serves one mediator only')
}

function loadKey({ output }: Context, path: string): ReturnType<typeof loadMediatorKey> {
  const key = loadMediatorKey(path)
  if (key.readableByOthers)
    output.warn(
      new CliError('readable-key', `other users of this machine can read the key of the mediator: chmod 600 ${path}`),
    )
  return key
}

async function sayReady({ output }: Context, mediator: Mediator, db: string | undefined): Promise<void> {
  const [address = ''] = mediator.addresses
  const { httpAddress } = mediator
  const publicKey = toHex(mediator.publicKey)
  const name = `${publicKey}@${address}`
  await output.result(
    {
      event: 'ready',
      ready: true,
      publicKey,
      address,
      mediator: name,
      db: db ?? null,
      http: httpAddress ?? null,
    },
    `mediator ${name}`,
  )
  if (httpAddress !== undefined) output.status(`health and metrics at ${httpAddress}`)
}

function parseHttp(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' && url.pathname === '/' && url.search === '') return text
  throw new InvalidArgumentError('Expected an address such as http://127.0.0.1:9100')
}

function statsText(mediator: Mediator): string {
  const { cut, ...counts } = mediator.stats()
  const cuts = Object.entries(cut)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => `cut for ${reason} ${count}`)
  return [...Object.entries(counts).map(([name, count]) => `${name} ${count}`), ...cuts].join(', ')
}
