import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { RendezvousServer, type RendezvousServerOptions } from '@mimirjs/rendezvous/server'
import type { Command } from 'commander'
import type { Context } from '../../context.js'
import { CliError } from '../../error.js'
import { ExitCode } from '../../exit-code.js'
import { listParser, parsePath, parseRendezvousServer } from '../../options.js'
import type { Shell } from '../../shell.js'
import { whenAborted } from '../../stop.js'
import { isDialable, parseHttp, parseProxy, parseServerListen } from './options.js'

interface RendezvousCommandOptions {
  readonly listen?: string
  readonly cert?: string
  readonly key?: string
  /** URLs that clients dial. */
  readonly name?: string[]
  readonly legacy?: boolean
  readonly http?: string
  readonly trustProxy?: string[]
}

const PLAIN_ADDRESS = 'ws://127.0.0.1:18765'
const TLS_ADDRESS = 'wss://[::]:18765'

export function rendezvousCommand(shell: Shell): Command {
  return shell
    .command(
      'rendezvous',
      'run a rendezvous server until Ctrl-C: browsers meet there, and it can read nothing they say',
    )
    .option(
      '--listen <address>',
      `where to listen (default: ${PLAIN_ADDRESS}, with --cert ${TLS_ADDRESS})`,
      parseServerListen,
    )
    .option('--cert <file>', 'serve wss:// itself, with this certificate and those above it, in PEM', parsePath)
    .option('--key <file>', 'with --cert: its private key, in PEM', parsePath)
    .option(
      '--name <url>',
      'what others dial, if it differs from where we listen, such as wss://rdv.example.org; may be repeated',
      listParser(parseRendezvousServer),
    )
    .option(
      '--trust-proxy <address>',
      'believe X-Forwarded-For of a reverse proxy at this address or in this network; may be repeated',
      listParser(parseProxy),
    )
    .option('--http <address>', 'serve /health and /metrics here, such as http://127.0.0.1:9100', parseHttp)
    .option(
      '--legacy',
      'serve clients of pim, too: weak, because they sign with SHA-1 and their logins can be forwarded',
    )
    .addHelpText(
      'after',
      `
It relays what people signed for each other until they are connected directly. It stores nothing, and needs no key of its
own. Others name it by the line that it prints. Browsers dial ws:// on their own machine only: for everybody else use
--cert, or a reverse proxy that takes TLS off, and then --name. SIGUSR2 prints its figures, SIGHUP reads --cert and --key
again.

Examples:
  mimir rendezvous
  mimir rendezvous --cert fullchain.pem --key privkey.pem --listen wss://[::]:443
  mimir rendezvous --name wss://rdv.example.org --trust-proxy 127.0.0.1`,
    )
    .action((options: RendezvousCommandOptions, command: Command) =>
      shell.perform(command, (context) => runRendezvous(context, options)),
    )
}

async function runRendezvous(context: Context, options: RendezvousCommandOptions): Promise<ExitCode> {
  const { io, output } = context
  const readTls = tlsReader(context, options)
  const listen = options.listen ?? (readTls === undefined ? PLAIN_ADDRESS : TLS_ADDRESS)
  if (readTls === undefined && options.name === undefined && !isDialable(listen))
    throw new CliError(
      'usage',
      `--listen ${listen}: clients dial ws:// on their own machine only: use --cert, or say with --name what they dial`,
    )
  if (options.legacy === true)
    output.status(
      '--legacy serves the weak protocol of pim beside ours: whoever reads along may forge what is said there',
    )
  await using server = await RendezvousServer.open({
    listen,
    tls: readTls?.(),
    names: options.name,
    legacy: options.legacy,
    trustedProxies: options.trustProxy,
    logger: context.logger,
    ...(options.http === undefined ? {} : { http: { address: options.http } }),
  })
  const printStats = (): void => {
    output.result({ event: 'stats', ...server.stats() }, () => statsText(server)).catch(() => {})
  }
  const readAgain = (): void => {
    try {
      if (readTls === undefined) return
      server.setTls(readTls())
      if (output.json) output.result({ event: 'certificate' }, '').catch(() => {})
      output.status('read the certificate again')
    } catch (error) {
      // It goes on with the one that it has.
      output.warn(error)
    }
  }
  // Windows does not know these signals and refuses to listen for them.
  const signals =
    process.platform === 'win32'
      ? []
      : ([
          ['SIGUSR2', printStats],
          ['SIGHUP', readAgain],
        ] as const)
  for (const [signal, listener] of signals) io.signals.on(signal, listener)
  try {
    await sayReady(context, server)
    await whenAborted(context.stop)
  } finally {
    for (const [signal, listener] of signals) io.signals.off(signal, listener)
  }
  await server.close()
  output.status(`stopped; ${statsText(server)}`)
  return ExitCode.ok
}

/** @throws {CliError} `usage` */
function tlsReader(
  { io }: Context,
  { cert, key }: RendezvousCommandOptions,
): (() => NonNullable<RendezvousServerOptions['tls']>) | undefined {
  if (cert === undefined && key === undefined) return undefined
  if (cert === undefined || key === undefined)
    throw new CliError('usage', '--cert and --key belong together: a certificate, and its private key')
  const read = (path: string): string => readFileSync(resolve(io.cwd, path), 'utf8')
  return () => ({ cert: read(cert), key: read(key) })
}

async function sayReady({ output }: Context, server: RendezvousServer): Promise<void> {
  const { address, names, httpAddress } = server
  const [name = address] = names
  await output.result(
    { event: 'ready', ready: true, address, names, http: httpAddress ?? null },
    `rendezvous server ${name}`,
  )
  if (names.length > 1) output.status(`also ${names.slice(1).join(', ')}`)
  if (httpAddress !== undefined) output.status(`health and metrics at ${httpAddress}`)
}

function statsText(server: RendezvousServer): string {
  const { cut, envelopes, ...counts } = server.stats()
  const parts = [
    ...Object.entries(counts),
    ...Object.entries(envelopes).map(([outcome, count]) => [`envelopes ${outcome}`, count] as const),
    ...Object.entries(cut)
      .filter(([, count]) => count > 0)
      .map(([reason, count]) => [`cut for ${reason}`, count] as const),
  ]
  return parts.map(([name, count]) => `${name} ${count}`).join(', ')
}
