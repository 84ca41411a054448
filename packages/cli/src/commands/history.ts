import { resolve } from 'node:path'
import type { HistoryEntry } from '@mimirjs/messenger'
import type { Command } from 'commander'
import type { Context } from '../context.js'
import { ExitCode } from '../exit-code.js'
import { makeFolder } from '../folder.js'
import { lookUp, openMessenger } from '../messenger.js'
import { parseCount, parsePath } from '../options.js'
import { parsePerson } from '../person.js'
import { saveFile } from '../save.js'
import type { Shell } from '../shell.js'
import { entryJson, messageLine } from '../view.js'

interface HistoryOptions {
  readonly limit: number
  readonly save?: string
}

export function historyCommand(shell: Shell): Command {
  return shell
    .command('history', 'print the conversation with a person, oldest first')
    .argument('<person>', 'public key, contact link, or the name of a contact')
    .option('--limit <count>', 'only the last so many messages', parseCount, 100)
    .option('--save <folder>', 'save the files received in them here, under names of our own', parsePath)
    .action((person: string, options: HistoryOptions, command: Command) =>
      shell.perform(command, (context) => history(context, person, options)),
    )
}

async function history(context: Context, text: string, options: HistoryOptions): Promise<ExitCode> {
  const person = parsePerson(text)
  const folder = options.save === undefined ? undefined : resolve(context.io.cwd, options.save)
  if (folder !== undefined) makeFolder(folder)
  await using messenger = await openMessenger(context, { trackers: [] })
  const entries = await messenger.history(await lookUp(messenger, person), { limit: options.limit })
  const contacts = new Map((await messenger.contacts()).map((contact) => [contact.peer, contact]))
  for (const entry of entries.reverse()) {
    const { file } = entry
    const bytes = entry.outgoing ? undefined : file?.bytes
    const path =
      folder !== undefined && file !== undefined && bytes !== undefined
        ? await saveFile(folder, { id: entry.id, from: entry.peer }, { name: file.name, bytes })
        : undefined
    const contact = contacts.get(entry.peer)
    const name = entry.outgoing ? 'you' : contact?.name || contact?.nickname || entry.peer.slice(0, 8)
    const key = entry.outgoing ? messenger.publicKey : entry.peer
    await context.output.result(entryJson(entry, path), () => {
      const line = messageLine(entry, { time: entry.sentAt, name, key, path })
      return entry.outgoing && entry.state !== 'delivered' ? `${line} ${STATE_TEXT[entry.state]}` : line
    })
  }
  return ExitCode.ok
}

const STATE_TEXT: Record<HistoryEntry['state'], string> = {
  held: '(not sent yet)',
  preparing: '(its file is being made ready)',
  stored: '(not delivered yet)',
  waiting: '(waiting for acceptance)',
  delivered: '',
  failed: '(given up)',
  unhandled: '',
  handled: '',
}
