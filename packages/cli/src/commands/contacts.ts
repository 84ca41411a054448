import type { Contact } from '@mimirjs/messenger'
import type { Command } from 'commander'
import type { Context } from '../context.js'
import { ExitCode } from '../exit-code.js'
import { harmlessLine } from '../harmless.js'
import { lookUp, openOffline } from '../messenger.js'
import { parseKey, parsePerson } from '../person.js'
import type { Shell } from '../shell.js'
import { parseName } from './id.js'

export function contactsCommand(shell: Shell): Command {
  const list = shell
    .command('list', 'print everybody we know or have heard from')
    .action((_: object, command: Command) => shell.perform(command, listContacts))
  const add = shell
    .command('add', 'write down a person, so that a name is enough from then on')
    .argument('<person>', 'public key or contact link')
    .option('--name <name>', 'what to call them (default: the name in the link)', parseName)
    .action((person: string, options: { name?: string }, command: Command) =>
      shell.perform(command, (context) => addContact(context, person, options)),
    )
  const block = shell
    .command('block', 'talk to this person no more, in either direction; add them to undo it')
    .argument('<person>', 'public key, contact link, or the name of a contact')
    .action((person: string, _: object, command: Command) =>
      shell.perform(command, (context) => blockContact(context, person)),
    )
  return shell
    .setDefault(shell.command('contacts', 'the people we know: list, add, block'), list)
    .addCommand(add)
    .addCommand(block)
}

async function listContacts(context: Context): Promise<ExitCode> {
  await using messenger = await openOffline(context)
  for (const contact of await messenger.contacts()) await printContact(context, contact)
  return ExitCode.ok
}

async function addContact(context: Context, person: string, options: { name?: string }): Promise<ExitCode> {
  parseKey(person)
  await using messenger = await openOffline(context)
  await printContact(context, await messenger.addContact(person, options))
  return ExitCode.ok
}

async function blockContact(context: Context, text: string): Promise<ExitCode> {
  const person = parsePerson(text)
  await using messenger = await openOffline(context)
  const peer = await lookUp(messenger, person)
  await messenger.block(peer)
  await context.output.result({ event: 'blocked', peer }, `blocked ${text}`)
  return ExitCode.ok
}

function printContact({ output }: Context, contact: Contact): Promise<void> {
  const { peer, kind, name, nickname, info } = contact
  const known = name === '' ? (nickname === '' ? '' : `calls itself ${nickname}`) : name
  return output.result({ event: 'contact', peer, kind, name, nickname, info }, () =>
    `${peer}  ${kind.padEnd(8)}  ${harmlessLine(known)}`.trimEnd(),
  )
}
