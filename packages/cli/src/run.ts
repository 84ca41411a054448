import { readFileSync } from 'node:fs'
import { callCommand } from './commands/call.js'
import { chatCommand } from './commands/chat.js'
import { completeCommand, completionCommand } from './commands/completion.js'
import { contactsCommand } from './commands/contacts.js'
import { groupCommand } from './commands/group/index.js'
import { historyCommand } from './commands/history.js'
import { idCommand } from './commands/id.js'
import { listenCommand } from './commands/listen.js'
import { mediatorCommand } from './commands/mediator/index.js'
import { nearbyCommand } from './commands/nearby.js'
import { nodeCommand } from './commands/node.js'
import { pingCommand } from './commands/ping.js'
import { rendezvousCommand } from './commands/rendezvous/index.js'
import { resolveCommand } from './commands/resolve.js'
import { sendCommand } from './commands/send.js'
import { trackerCommand } from './commands/tracker.js'
import type { CliIo } from './io.js'
import { Shell } from './shell.js'

/**
 * Run one `mimir` command.
 * @param args - without the names of runtime and program
 * @returns the exit code; it rejects never
 */
export function run(args: readonly string[], io: CliIo): Promise<number> {
  const shell = new Shell(io)
  const program = shell
    .command('mimir', 'Messages between people who know only each other\u2019s key.')
    .version(version(), '--version', 'show the version')
    .addHelpText('after', EPILOGUE)
  for (const command of [
    idCommand,
    trackerCommand,
    mediatorCommand,
    rendezvousCommand,
    nodeCommand,
    pingCommand,
    nearbyCommand,
    listenCommand,
    sendCommand,
    resolveCommand,
    historyCommand,
    contactsCommand,
    groupCommand,
    callCommand,
    chatCommand,
    completionCommand,
  ])
    program.addCommand(command(shell))
  program.addCommand(completeCommand(shell), { hidden: true })
  return shell.run(program, args)
}

const EPILOGUE = `
Examples, on one machine:
  export MIMIR_TRACKERS=udp://127.0.0.1:5050
  mimir tracker --listen udp://127.0.0.1:5050      run a tracker
  mimir id create --name Alice                     make a key and show the link that others need
  mimir listen --listen tcp://127.0.0.1:0          be reachable and print what comes
  mimir send <key or link> "Hello" --home ./bob    send; waits until it is delivered

Exit codes:
  0  done
  1  failed
  2  wrong command line, key or address; nothing was done
  3  accepted but not delivered yet; no tracker knows the key; nobody took the call; no invite, no mediator; nobody nearby
  4  home folder, database or port in use by another process
  5  folder, file or database cannot be used, or the disk is full
  130  stopped by a second Ctrl-C`

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return (manifest as { version: string }).version
}
