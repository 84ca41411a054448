import type { Group, Messenger, Sent } from '@mimirjs/messenger'
import { type Command, Option } from 'commander'
import { type ContentOptions, readContent } from '../../content.js'
import type { Context } from '../../context.js'
import { CliError } from '../../error.js'
import { ExitCode } from '../../exit-code.js'
import { openMessenger } from '../../messenger.js'
import { durationOption, parseCount, parsePath } from '../../options.js'
import { reporting } from '../../output.js'
import { Patience } from '../../patience.js'
import type { Shell } from '../../shell.js'
import { printHistory } from '../history.js'
import { beforehand, catchUp } from './at-mediator.js'
import { findGroup, GROUP_ARGUMENT } from './find.js'
import { Hold } from './hold.js'

interface SendOptions extends ContentOptions {
  readonly wait: boolean
  /** Milliseconds. */
  readonly timeout?: number
}

export function sendCommand(shell: Shell): Command {
  return shell
    .command('send', 'send to everybody in a group; without --no-wait until the mediator has it')
    .argument('<group>', GROUP_ARGUMENT)
    .argument('[text...]', 'the text; - reads it from standard input')
    .addOption(
      new Option('--file <path>', 'send a file, at most 10 MiB; the text is its caption')
        .argParser(parsePath)
        .conflicts(['image', 'edit', 'react']),
    )
    .addOption(
      new Option('--image <path>', 'send an image, at most 5 MiB').argParser(parsePath).conflicts(['edit', 'react']),
    )
    .addOption(new Option('--edit <id>', 'the text replaces this text of yours').conflicts(['react', 'replyTo']))
    .option('--react <emoji>', 'react to the message of --reply-to; an empty one takes the reaction back')
    .option('--reply-to <id>', 'id of the message that this answers')
    .option('--no-wait', 'end as soon as it is accepted: it is on disk, a later command delivers it')
    .addOption(durationOption('--timeout <time>', 'how long to wait in all (default: 30s once all is read)'))
    .action((text: string, words: string[], options: SendOptions, command: Command) =>
      shell.perform(command, (context) => send(context, text, words, options)),
    )
}

async function send(context: Context, text: string, words: string[], options: SendOptions): Promise<ExitCode> {
  using patience = new Patience(context.stop)
  if (options.timeout !== undefined) patience.limit(options.timeout)
  // In a group files travel inside their message, as in generation overlay.
  const content = await readContent(context.io, words, options, 'overlay', patience)
  if (options.timeout === undefined) patience.limit(TIMEOUT_MS)
  await using messenger = await openMessenger(context)
  const group = await findGroup(context, messenger, text)
  // What we know may be old, and would be the end of it.
  if (group.role === 'reader') await beforehand(context, messenger, group)
  using hold = new Hold(messenger, group)
  const sent = await group.send(content)
  return await reporting(`message ${sent.id} is accepted and need not be sent again`, async () => {
    if (context.output.verbosity !== 'quiet' || context.output.json)
      await context.output.result({ event: 'accepted', ...sent }, `accepted ${sent.id}`)
    if (!options.wait) return ExitCode.ok
    const stored = isStored(messenger, sent, patience.signal)
    // Whatever ends this first, the other is over, too.
    stored.catch(() => {})
    const first = await Promise.race([stored, hold.suspected.then(() => 'suspected' as const)])
    if (first === 'suspected') {
      const isHeld = await Promise.race([stored.then(() => false), hold.confirmed(context)])
      if (isHeld) throw hold.error(sent)
    }
    if (!(await stored)) throw notDelivered(sent, patience.end())
    if (context.output.verbosity !== 'quiet' || context.output.json)
      await context.output.result({ event: 'delivered', ...sent }, `delivered ${sent.id} to the mediator`)
    return ExitCode.ok
  })
}

const TIMEOUT_MS = 30_000

async function isStored(messenger: Messenger, sent: Sent, signal: AbortSignal): Promise<boolean> {
  try {
    await messenger.whenDelivered(sent, { signal })
    return true
  } catch (error) {
    if (signal.aborted) return false
    throw error
  }
}

function notDelivered({ id }: Sent, why: string): CliError {
  return new CliError(
    'not-delivered',
    `message ${id} is accepted and stays in the outbox, but the mediator has not got it: ${why}; the next mimir command carries on`,
  )
}

export function historyCommand(shell: Shell): Command {
  return shell
    .command('history', 'print what was said in a group, oldest first')
    .argument('<group>', GROUP_ARGUMENT)
    .option('--limit <count>', 'only the last so many messages', parseCount, 100)
    .option('--save <folder>', 'save the files received in them here, under names of our own', parsePath)
    .action((text: string, options: { limit: number; save?: string }, command: Command) =>
      shell.perform(command, async (context) => {
        await using messenger = await openMessenger(context)
        const group = await findGroup(context, messenger, text)
        await catchUp(context, messenger, group)
        const ended = await printHistory(context, messenger, group.id, options)
        await pointToKey(context, messenger, group, options.limit)
        return ended
      }),
    )
}

/** What cannot be read may be under a key that waits to be taken. */
async function pointToKey(context: Context, messenger: Messenger, group: Group, limit: number): Promise<void> {
  const waits = (await messenger.groupInvites()).some(({ group: id }) => id === group.id)
  if (!waits) return
  if (!(await group.history({ limit })).some(({ kind }) => kind === 'unreadable')) return
  const id = group.id.slice(0, 16)
  context.output.status(
    `some of it cannot be read, and a new key waits: mimir group invites says from whom, mimir group join ${id} takes it`,
  )
}
