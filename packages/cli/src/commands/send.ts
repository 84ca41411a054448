import type { Messenger, Sent } from '@mimirjs/messenger'
import { type Command, Option } from 'commander'
import { type ContentOptions, readContent } from '../content.js'
import type { Context } from '../context.js'
import { formatDuration } from '../duration.js'
import { CliError } from '../error.js'
import { ExitCode } from '../exit-code.js'
import { harmlessText } from '../harmless.js'
import { lookUp, openMessenger, peerText } from '../messenger.js'
import { watchObstacles } from '../obstacles.js'
import { durationOption, listParser, parsePath, parsePeerAddress } from '../options.js'
import { isClosedPipe, reporting } from '../output.js'
import { Patience } from '../patience.js'
import { parsePerson } from '../person.js'
import type { Shell } from '../shell.js'
import { entryJson } from '../view.js'

interface SendOptions extends ContentOptions {
  readonly address?: string[]
  readonly wait: boolean
  readonly answer?: boolean
  /** Milliseconds. */
  readonly timeout?: number
}

export function sendCommand(shell: Shell): Command {
  return shell
    .command('send', 'send a message; without --no-wait until it is delivered')
    .argument('<to>', 'public key, contact link, or the name of a contact')
    .argument('[text...]', 'the text; - reads it from standard input')
    .addOption(
      new Option('--file <path>', 'send a file, the text is its caption; in generation overlay at most 10 MiB')
        .argParser(parsePath)
        .conflicts(['image', 'voice', 'edit', 'react']),
    )
    .addOption(
      new Option('--image <path>', 'send an image, but for generation current at most 5 MiB')
        .argParser(parsePath)
        .conflicts(['voice', 'edit', 'react']),
    )
    .addOption(
      new Option('--voice <path>', 'send a voice message: AAC in MP4; generation current')
        .argParser(parsePath)
        .conflicts(['edit', 'react']),
    )
    .addOption(new Option('--edit <id>', 'the text replaces this text of yours').conflicts(['react', 'replyTo']))
    .option('--react <emoji>', 'react to the message of --reply-to; an empty one takes the reaction back')
    .option('--reply-to <id>', 'id of the message that this answers')
    .option(
      '--address <address>',
      'where they can be reached, such as tcp://127.0.0.1:5050; may be repeated',
      listParser(parsePeerAddress),
    )
    .option('--no-wait', 'end as soon as it is accepted: it is on disk, a later send or listen delivers it')
    .option('--answer', 'also wait until it is answered, and print the answer')
    .addOption(
      durationOption('--timeout <time>', 'how long to wait in all, reading included (default: 30s once all is read)'),
    )
    .addHelpText(
      'after',
      `
Accepted means: on disk, and delivered sooner or later. Exit code 0 says delivered (with --no-wait: accepted), 3 says
accepted but not delivered in time; the next 'mimir send' or 'mimir listen' with this home carries on.

Examples:
  mimir send 8a88e3dd… "See you at eight"
  mimir send alice --image cat.png "Look"
  mimir send weather-bot "Oslo" --answer --quiet
  df -h | mimir send alice -
  mimir send alice -- --not-a-flag`,
    )
    .action((to: string, words: string[], options: SendOptions, command: Command) =>
      shell.perform(command, (context) => send(context, to, words, options)),
    )
}

async function send(context: Context, to: string, words: string[], options: SendOptions): Promise<ExitCode> {
  if (options.answer && !options.wait) throw new CliError('usage', '--answer waits, --no-wait does not: choose one')
  const person = parsePerson(to)
  using patience = new Patience(context.stop)
  // Unless told, a slow program at the other end of the pipe is not cut short: the time begins when it has ended.
  if (options.timeout !== undefined) patience.limit(options.timeout)
  const content = await readContent(context.io, words, options, context.generation, patience)
  if (options.timeout === undefined) patience.limit(TIMEOUT_MS)
  await using messenger = await openMessenger(context)
  const receiver = await lookUp(messenger, person)
  for (const address of options.address ?? []) messenger.addAddress(receiver, address)
  // Before it is sent, so that no change is missed.
  const obstacle = watchObstacles(context, messenger, {
    receiver: peerText(receiver),
    addresses: options.address ?? [],
  })
  const fetched = watchFetched(messenger)
  const startedMs = performance.now()
  const sent = await messenger.send(receiver, content)
  return await reporting(`message ${sent.id} is accepted and need not be sent again`, async () => {
    await say(context, { event: 'accepted', ...sent }, `accepted ${sent.id}`)
    if (!options.wait) return ExitCode.ok

    // On the overlay their own key is tried as that of a node.
    const hasNetwork = context.peers.length > 0 || context.rendezvous.length > 0 || context.multicast !== undefined
    const isHopeless = context.trackers.length === 0 && options.address === undefined && !hasNetwork
    if (isHopeless) throw notDelivered(sent, 'neither --tracker nor --address says where to look for them')
    if (!(await isDelivered(messenger, sent, patience.signal)))
      throw notDelivered(sent, `${patience.end()} (${await obstacle()})`)
    const tookMs = Math.round(performance.now() - startedMs)
    await say(context, { event: 'delivered', ...sent, tookMs }, `delivered ${sent.id} in ${formatDuration(tookMs)}`)
    // What is only announced is fetched from us, so we stay until it has been.
    if (context.generation === 'current' && hasFile(options)) {
      if (!(await fetched(sent, patience.signal))) throw notFetched(sent, patience.end())
      await say(context, { event: 'fetched', ...sent }, `the file of ${sent.id} was fetched`)
    }
    if (options.answer) await printAnswer(context, messenger, sent, patience)
    return ExitCode.ok
  })
}

/** Unless `--timeout` says otherwise. */
const TIMEOUT_MS = 30_000

/** How far it has come, to whom listens: with --quiet the exit code alone says it. */
async function say(context: Context, event: object, text: string): Promise<void> {
  if (context.output.verbosity === 'quiet' && !context.output.json) return
  try {
    await context.output.result(event, text)
  } catch (error) {
    if (!isClosedPipe(error)) throw error
  }
}

function notDelivered({ id }: Sent, why: string): CliError {
  return new CliError(
    'not-delivered',
    `message ${id} is accepted and stays in the outbox, but was not delivered: ${why}; the next 'mimir send' or 'mimir listen' carries on`,
  )
}

async function isDelivered(messenger: Messenger, sent: Sent, signal: AbortSignal): Promise<boolean> {
  try {
    await messenger.whenDelivered(sent, { signal })
    return true
  } catch (error) {
    if (signal.aborted) return false
    throw error
  }
}

/**
 * The answer is looked up in the history, not taken out of the inbox: the next `mimir listen` handles it as any other.
 * @throws {CliError} `no-answer`
 */
async function printAnswer(context: Context, messenger: Messenger, sent: Sent, patience: Patience): Promise<void> {
  while (!patience.signal.aborted) {
    const entries = await messenger.history(sent.to, { limit: ANSWER_WINDOW })
    const answer = entries.find((entry) => !entry.outgoing && entry.replyTo === sent.id)
    if (answer) return context.output.result(entryJson(answer, undefined), () => harmlessText(answer.text))
    await pause(ANSWER_POLL_MS, patience.signal)
  }
  throw new CliError('no-answer', `message ${sent.id} is delivered, but was not answered: ${patience.end()}`)
}

/** Answers come within the next messages, or they are not what was waited for. */
const ANSWER_WINDOW = 50
const ANSWER_POLL_MS = 100

function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, delayMs)
    signal.addEventListener('abort', end)
  })
}

function hasFile({ file, image, voice }: SendOptions): boolean {
  return file !== undefined || image !== undefined || voice !== undefined
}

function notFetched({ id }: Sent, why: string): CliError {
  return new CliError(
    'not-delivered',
    `message ${id} is delivered, but its file was not fetched: ${why}; it can be fetched while 'mimir listen' runs here`,
  )
}

/** @returns waits until the file of a message has gone out as a whole; resolves with false when the signal fires first */
function watchFetched(messenger: Messenger): (sent: Sent, signal: AbortSignal) => Promise<boolean> {
  const done = new Set<string>()
  const waiting = new Set<() => void>()
  messenger.on('file', ({ peer, id, outgoing, state }) => {
    if (!outgoing || state !== 'complete') return
    done.add(`${peer} ${id}`)
    for (const look of waiting) look()
  })
  return async ({ to, id }, signal) => {
    while (!done.has(`${to} ${id}`) && !signal.aborted) {
      await new Promise<void>((resolve) => {
        waiting.add(resolve)
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
    }
    return done.has(`${to} ${id}`)
  }
}
