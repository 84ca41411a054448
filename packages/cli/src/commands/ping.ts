import { toHex } from '@mimirjs/wire'
import { isYggdrasilError, type Yggdrasil } from '@mimirjs/yggdrasil'
import type { Command } from 'commander'
import type { Context } from '../context.js'
import { CliError } from '../error.js'
import { ExitCode } from '../exit-code.js'
import { durationOption, parseCount, parseNodeTarget } from '../options.js'
import { openNode, passingSeed, peerReason } from '../overlay.js'
import type { Shell } from '../shell.js'
import { pause } from '../stop.js'

interface PingOptions {
  readonly count: number
  /** Milliseconds. */
  readonly timeout?: number
}

export function pingCommand(shell: Shell): Command {
  return shell
    .command('ping', 'ask a node of the overlay whether it is there, and how long that takes')
    .argument('<key>', 'key of the node, 64 hex digits, or its address, 200:…', parseNodeTarget)
    .option('--count <number>', 'how often', parseCount, 4)
    .addOption(durationOption('--timeout <time>', 'how long to wait for each answer (default: 10s)'))
    .addHelpText(
      'after',
      `
Every Yggdrasil node answers. The first answer takes longer: the way to the node has to be found. Exit code 3: no answer.

Example:
  mimir ping 8a88e3dd… --peer tls://[2001:db8::7]:443`,
    )
    .action((target: string, options: PingOptions, command: Command) =>
      shell.perform(command, (context) => ping(context, target, options)),
    )
}

async function ping(context: Context, target: string, { count, timeout = TIMEOUT_MS }: PingOptions): Promise<ExitCode> {
  requirePeers(context)
  await using node = await openNode(context, { seed: passingSeed() })
  const key = await find(context, node, target, timeout)
  let answered = 0
  for (let i = 0; i < count && !context.stop.aborted; i++) {
    if (i > 0) await pause(PAUSE_MS, context.stop)
    if (await pingOnce(context, node, key, timeout)) answered += 1
  }
  if (context.stop.aborted) {
    if (answered === 0) throw new CliError('stopped', 'stopped before an answer came')
    context.output.status('stopped')
  }
  if (answered > 0) return ExitCode.ok
  throw new CliError('no-pong', `${toHex(key)} does not answer`)
}

/** @throws {CliError} `usage` */
export function requirePeers({ peers }: Context): void {
  if (peers.length === 0) throw new CliError('usage', 'which network? Give --peer, a node of it, or set MIMIR_PEERS')
}

async function find({ stop }: Context, node: Yggdrasil, target: string, timeoutMs: number): Promise<Uint8Array> {
  try {
    return await node.lookup(target, { timeoutMs, signal: stop })
  } catch (cause) {
    if (stop.aborted) throw new CliError('stopped', 'stopped before an answer came', { cause })
    if (!isYggdrasilError(cause) || cause.code !== 'timeout') throw cause
    const peers = node.peers()
    const why = peers.some(({ state }) => state === 'up')
      ? 'the network does not know it'
      : `no peer is reached (${peers.map(({ uri, error }) => peerReason(uri, error?.message ?? 'no answer')).join('; ')})`
    throw new CliError('no-pong', `${target} does not answer: ${why}`, { cause })
  }
}

async function pingOnce(context: Context, node: Yggdrasil, key: Uint8Array, timeoutMs: number): Promise<boolean> {
  const publicKey = toHex(key)
  try {
    const { rttMs } = await node.ping(key, { timeoutMs, signal: context.stop })
    const shownMs = Number(rttMs.toFixed(2))
    await context.output.result({ event: 'pong', publicKey, rttMs: shownMs }, `${publicKey} answers in ${shownMs} ms`)
    return true
  } catch (error) {
    if (context.stop.aborted) return false
    if (!isYggdrasilError(error) || error.code !== 'timeout') throw error
    await context.output.result({ event: 'silence', publicKey, timeoutMs }, `${publicKey} is silent`)
    return false
  }
}

/** Unless `--timeout` says otherwise. */
const TIMEOUT_MS = 10_000
/** Between two questions. */
const PAUSE_MS = 1_000
