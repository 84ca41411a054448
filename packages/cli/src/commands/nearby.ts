import type { Command } from 'commander'
import type { Context } from '../context.js'
import { CliError } from '../error.js'
import { ExitCode } from '../exit-code.js'
import { harmlessLine } from '../harmless.js'
import { type NearbyView, nameNearby } from '../local-network.js'
import { openMessenger } from '../messenger.js'
import { durationOption } from '../options.js'
import { Patience } from '../patience.js'
import type { Shell } from '../shell.js'
import { pause } from '../stop.js'

interface NearbyOptions {
  /** Milliseconds. */
  readonly timeout?: number
}

export function nearbyCommand(shell: Shell): Command {
  return shell
    .command('nearby', 'look around on the local network: who is there')
    .addOption(durationOption('--timeout <time>', 'how long to look around (default: 7s)'))
    .addHelpText(
      'after',
      `
Prints one line for each person as they are heard: key, whether they are a contact, the name that you gave them. They are asked by
saying that you are there, so everybody on the local network hears of your key. What is proven is that the owner of the key said at
some time to be at the address; a connection proves the rest. No server is asked. Exit code 3: nobody was heard.

Without --multicast the first interface that fits is taken.

Examples:
  mimir nearby
  mimir nearby --multicast eth0 --json | jq -r 'select(.contact) | .name'`,
    )
    .action((options: NearbyOptions, command: Command) => shell.perform(command, (context) => nearby(context, options)))
}

async function nearby(context: Context, { timeout = TIMEOUT_MS }: NearbyOptions): Promise<ExitCode> {
  const nowhereElse = { peers: [], trackers: [], mediators: [], rendezvous: [], multicast: context.multicast ?? {} }
  await using messenger = await openMessenger({ ...context, ...nowhereElse })
  const { multicast } = await messenger.health()
  context.output.status(`looking around on ${multicast?.interface ?? 'the local network'}`)
  const printed = new Set<string>()
  using patience = new Patience(context.stop)
  patience.limit(timeout)
  while (!patience.signal.aborted) {
    const found = messenger.nearby().filter(({ peer }) => !printed.has(peer))
    for (const person of found.length === 0 ? [] : await nameNearby(messenger, found)) {
      printed.add(person.peer)
      await printPerson(context, person)
    }
    await pause(LOOK_MS, patience.signal)
  }
  if (printed.size > 0) return ExitCode.ok
  throw new CliError('nobody-nearby', `nobody was heard on the local network: ${patience.end()}`)
}

function printPerson({ output }: Context, view: NearbyView): Promise<void> {
  const { peer, contact, name, address } = view
  return output.result({ event: 'nearby', state: 'found', peer, address, contact, name }, () =>
    `${peer}  ${contact ? 'contact ' : 'stranger'}  ${harmlessLine(name)}`.trimEnd(),
  )
}

/** Unless `--timeout` says otherwise: who has answered many others just now does so again after 5 s, and a datagram may get lost. */
const TIMEOUT_MS = 7_000
const LOOK_MS = 100
