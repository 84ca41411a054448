import { type ResolvedAddress, Resolver } from '@mimirjs/resolver-client'
import { udp } from '@mimirjs/transport/udp'
import { toHex } from '@mimirjs/wire'
import type { Command } from 'commander'
import type { Context } from '../context.js'
import { formatDuration } from '../duration.js'
import { CliError } from '../error.js'
import { ExitCode } from '../exit-code.js'
import { harmlessLine } from '../harmless.js'
import { openNode, passingSeed } from '../overlay.js'
import { parseKey } from '../person.js'
import type { Shell } from '../shell.js'

export function resolveCommand(shell: Shell): Command {
  return shell
    .command('resolve', 'ask the trackers where a person can be reached now')
    .argument('<key>', 'public key or contact link')
    .addHelpText(
      'after',
      `
Prints one line per address, in the order they would be tried; every one was signed by that key. Exit code 3: none.

Example:
  mimir resolve 8a88e3dd… --tracker udp://127.0.0.1:5050`,
    )
    .action((key: string, _: object, command: Command) => shell.perform(command, (context) => resolve(context, key)))
}

async function resolve(context: Context, key: string): Promise<ExitCode> {
  const publicKey = parseKey(key)
  if (context.trackers.length === 0)
    throw new CliError('usage', 'no tracker to ask: give --tracker udp://…, or set MIMIR_TRACKERS')
  // Which trackers there are says which network they are on.
  const isOverlay = context.trackers.some((address) => address.startsWith('ygg://'))
  await using node = isOverlay ? await openNode(context, { seed: passingSeed() }) : undefined
  const resolver = new Resolver({
    trackers: context.trackers,
    logger: context.logger,
    ...(node === undefined
      ? { transport: udp() }
      : { generation: 'current' as const, transport: node.datagramTransport }),
  })
  let found: ResolvedAddress[]
  try {
    found = await resolver.resolve(publicKey, { signal: context.stop })
  } catch (cause) {
    if (!context.stop.aborted) throw cause
    throw new CliError('stopped', 'stopped before the trackers had answered', { cause })
  } finally {
    await resolver.close()
  }
  for (const record of found) await printRecord(context, record)
  if (found.length === 0) throw new CliError('no-records', `no tracker knows an address of ${toHex(publicKey)}`)
  return ExitCode.ok
}

function printRecord({ output }: Context, { address, priority, clientId, deadlineMs }: ResolvedAddress): Promise<void> {
  const leftMs = Math.max(0, deadlineMs - Date.now())
  return output.result(
    { event: 'record', address, priority, clientId, expiresAt: new Date(deadlineMs).toISOString() },
    () => `${harmlessLine(address)}  priority ${priority}  expires in ${formatDuration(leftMs)}`,
  )
}
