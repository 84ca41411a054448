import type { Command } from 'commander'
import type { ChatOptions } from '../chat/run-chat.js'
import { addressParser, listParser, parsePath, parsePeerAddress } from '../options.js'
import type { Shell } from '../shell.js'
import { parseName } from './id.js'

export function chatCommand(shell: Shell): Command {
  return shell
    .command('chat', 'talk to people in the terminal; F1 shows the keys')
    .argument('[person]', 'whom to talk to first: public key, contact link, or the name of a contact or of a group')
    .option(
      '--listen <address>',
      'where to listen (default: tcp://[::]:5050, with --peer port 42 of its node; if that is possible)',
      addressParser('tcp'),
    )
    .option(
      '--announce <address>',
      'the address to announce at the trackers, if it differs from where we listen',
      addressParser('tcp'),
    )
    .option(
      '--address <address>',
      'where the person can be reached, such as tcp://127.0.0.1:5050; may be repeated',
      listParser(parsePeerAddress),
    )
    .option('--name <name>', 'what others see as your name; kept from then on', parseName)
    .option('--only-contacts', 'refuse everybody who is not in the contacts')
    .option('--save <folder>', 'where files are saved unless another place is typed (default: here)', parsePath)
    .option('--bell', 'ring the terminal bell for messages that come')
    .addHelpText(
      'after',
      `
Enter sends, Alt-Enter or Ctrl-J begins a new line, Up chooses a message to answer or react to, Ctrl-T talks to somebody
else, Ctrl-O sends a file, Ctrl-C ends. What you have typed and not sent is kept, whatever happens.

Examples:
  mimir chat
  mimir chat alice
  mimir chat hiking --mediator 8a88…@tcp://[200:…]:5042
  mimir chat 8a88e3dd… --address tcp://127.0.0.1:5050 --listen tcp://127.0.0.1:0`,
    )
    .action((person: string | undefined, options: ChatOptions, command: Command) =>
      shell.perform(command, async (context) => {
        // The other commands start without it.
        const { runChat } = await import('../chat/run-chat.js')
        return runChat(context, person, options)
      }),
    )
}
