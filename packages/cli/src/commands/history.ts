import { resolve } from 'node:path'
import type { HistoryEntry, Messenger } from '@mimirjs/messenger'
import type { Command } from 'commander'
import type { Context } from '../context.js'
import { ExitCode } from '../exit-code.js'
import { makeFolder } from '../folder.js'
import { lookUp, openOffline, peerText } from '../messenger.js'
import { parseCount, parsePath } from '../options.js'
import { parsePerson } from '../person.js'
import { saveFile } from '../save.js'
import type { Shell } from '../shell.js'
import { systemLine } from '../system-line.js'
import { entryJson, messageLine, whoText } from '../view.js'

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
  await using messenger = await openOffline(context)
  return await printHistory(context, messenger, peerText(await lookUp(messenger, person)), options)
}

/** @param peer - public key of a person, or id of a group */
export async function printHistory(
  context: Context,
  messenger: Messenger,
  peer: string,
  options: HistoryOptions,
): Promise<ExitCode> {
  const folder = options.save === undefined ? undefined : resolve(context.io.cwd, options.save)
  if (folder !== undefined) makeFolder(folder)
  const entries = await messenger.history(peer, { limit: options.limit })
  const names = await namesIn(messenger, peer)
  const who = (key: string): string =>
    key === messenger.publicKey ? 'you' : whoText(names.get(key) || key.slice(0, 8), key)
  for (const entry of entries.reverse()) {
    const { file, author } = entry
    const bytes = entry.outgoing ? undefined : file?.bytes
    const path =
      folder !== undefined && file !== undefined && bytes !== undefined
        ? await saveFile(folder, { id: entry.id, from: author }, { name: file.name, bytes })
        : undefined
    const name = entry.outgoing ? 'you' : names.get(author) || author.slice(0, 8)
    await context.output.result(entryJson(entry, path), () => {
      const said = entry.kind === 'system' ? { ...entry, text: systemLine(entry, who) } : entry
      const line = messageLine(said, { time: entry.sentAt, name, key: author, path })
      return entry.outgoing && entry.state !== 'delivered' ? `${line} ${STATE_TEXT[entry.state]}` : line
    })
  }
  return ExitCode.ok
}

/** What people are called in a conversation: as contacts, else as they call themselves there. */
async function namesIn(messenger: Messenger, peer: string): Promise<ReadonlyMap<string, string>> {
  const contacts = await messenger.contacts()
  const names = new Map(contacts.map(({ peer: key, name, nickname }) => [key, name || nickname]))
  const group = (await messenger.groups()).find(({ id }) => id === peer)
  for (const { publicKey, name } of (await group?.members()) ?? [])
    if (!names.get(publicKey)) names.set(publicKey, name)
  return names
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
