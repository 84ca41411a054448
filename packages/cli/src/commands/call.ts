import { resolve } from 'node:path'
import { type Call, FEATURES, isMessengerError, type Messenger } from '@mimirjs/messenger'
import type { Generation } from '@mimirjs/wire'
import type { Command } from 'commander'
import { type ConversationFigures, converse } from '../call/conversation.js'
import { SOUND_TYPE } from '../call/sound-packet.js'
import { describeFormat, formatFault, type WavFormat } from '../call/wav-format.js'
import { WavReader } from '../call/wav-reader.js'
import { WavWriter } from '../call/wav-writer.js'
import type { Context } from '../context.js'
import { formatDuration } from '../duration.js'
import { CliError } from '../error.js'
import { ExitCode } from '../exit-code.js'
import { harmlessLine } from '../harmless.js'
import { lookUp, openMessenger, peerText } from '../messenger.js'
import { addressParser, durationOption, listParser, parsePath, parsePeerAddress } from '../options.js'
import { Patience } from '../patience.js'
import { parsePerson } from '../person.js'
import type { Shell } from '../shell.js'
import { startListening } from './listen.js'

interface CallCommandOptions {
  readonly answer?: boolean
  readonly send?: string
  readonly receive?: string
  readonly address?: string[]
  readonly listen?: string
  readonly announce?: string
  /** Milliseconds. */
  readonly timeout?: number
}

/** Calls need one of the newer generations; this is the one unless another is asked for. */
const DEFAULT_GENERATION: Generation = 'overlay'
/** How long it may ring, unless `--timeout` says otherwise. */
const RING_MS = 60_000

export function callCommand(shell: Shell): Command {
  return shell
    .command('call', 'call somebody and play a WAV file, or answer a call and record one')
    .argument('[person]', 'public key, contact link, or the name of a contact; with --answer: take only their call')
    .option('--answer', 'wait for a call and take it')
    .option('--send <file>', 'WAV file of 16-bit PCM to play', parsePath)
    .option('--receive <file>', 'WAV file to record into; it must not exist', parsePath)
    .option(
      '--address <address>',
      'where they can be reached, such as tcp://127.0.0.1:5050; may be repeated',
      listParser(parsePeerAddress),
    )
    .option('--listen <address>', 'with --answer: where to listen (default: tcp://[::]:5050)', addressParser('tcp'))
    .option(
      '--announce <address>',
      'with --answer: the address to announce at the trackers, if it differs from where we listen',
      addressParser('tcp'),
    )
    .addOption(
      durationOption(
        '--timeout <time>',
        'how long to wait until somebody answers (default: 60s; with --answer: no end)',
      ),
    )
    .addHelpText(
      'after',
      `
The sound goes out in packets of 20 ms, in real time; what cannot leave in time is dropped. Whoever called hangs up when
both have played everything. The kind of sound is ${SOUND_TYPE} with a little header of our own, so that losses can be
counted: only this command understands it. Without --generation and --peer it speaks generation ${DEFAULT_GENERATION}.

Exit code 0 says that the two have talked, 3 that nobody took the call, 1 that the connection was lost in the middle.

Examples, in two terminals:
  mimir call --answer --receive heard.wav --listen tcp://127.0.0.1:5050 --home ./bob
  mimir call 8a88e3dd… --send song.wav --address tcp://127.0.0.1:5050 --home ./alice`,
    )
    .action((person: string | undefined, options: CallCommandOptions, command: Command) =>
      shell.perform(command, (context) => call(withGeneration(context, command), person, options)),
    )
}

function withGeneration(context: Context, command: Command): Context {
  const { generation } = command.optsWithGlobals<{ generation?: Generation }>()
  const isChosen =
    generation !== undefined || (context.io.env['MIMIR_GENERATION'] ?? '') !== '' || context.peers.length > 0
  return isChosen ? context : { ...context, generation: DEFAULT_GENERATION }
}

async function call(context: Context, text: string | undefined, options: CallCommandOptions): Promise<ExitCode> {
  checkOptions(context, text, options)
  const person = text === undefined ? undefined : parsePerson(text)
  const path = (name: string): string => resolve(context.io.cwd, name)
  await using sound = options.send === undefined ? undefined : await WavReader.open(path(options.send))
  const file = options.receive === undefined ? undefined : await WavWriter.create(path(options.receive))
  let format: WavFormat | undefined
  try {
    using patience = new Patience(context.stop)
    await using messenger = await openMessenger(context)
    const peer = person && peerText(await lookUp(messenger, person))
    const taken = options.answer
      ? await answer(context, messenger, { peer, sound, options, patience })
      : await dial(context, messenger, { peer: peer ?? '', sound, options, patience })
    await say(context, { event: 'talking', peer: taken.peer, direction: taken.direction, ...taken.media }, 'talking')
    // Checked before it was taken, or our own.
    format = taken.media
    return await talk(context, taken, { format, sound, file })
  } finally {
    if (file !== undefined) await (format === undefined ? file.discard() : file.finish(format))
  }
}

/** @throws {CliError} `usage` */
function checkOptions(context: Context, person: string | undefined, options: CallCommandOptions): void {
  const fault = options.answer
    ? [
        options.receive === undefined && '--answer needs --receive: the file to record into',
        options.address !== undefined && '--address is for calling; with --answer they come to us',
      ]
    : [
        person === undefined && 'whom to call? Give a person, or --answer to wait for a call',
        options.send === undefined && 'calling needs --send: the WAV file to play',
        options.listen !== undefined && '--listen needs --answer',
        options.announce !== undefined && '--announce needs --answer',
        context.trackers.length === 0 &&
          context.peers.length === 0 &&
          context.rendezvous.length === 0 &&
          context.multicast === undefined &&
          options.address === undefined &&
          'neither --tracker nor --address says where to look for them',
      ]
  if (!FEATURES[context.generation].calls)
    throw new CliError('usage', `generation ${context.generation} has no calls: leave it out, or choose another`)
  const [first] = fault.filter((text) => text !== false)
  if (first !== undefined) throw new CliError('usage', first)
}

interface Wish<Peer> {
  readonly peer: Peer
  readonly sound: WavReader | undefined
  readonly options: CallCommandOptions
  readonly patience: Patience
}

/** @throws {CliError} `no-call` @throws {MessengerError} `call` when they cannot be reached */
async function dial(
  context: Context,
  messenger: Messenger,
  { peer, sound, options, patience }: Wish<string>,
): Promise<Call> {
  for (const address of options.address ?? []) messenger.addAddress(peer, address)
  patience.limit(options.timeout ?? RING_MS)
  context.output.status(`calling ${peer.slice(0, 8)}`)
  let placed: Call
  try {
    placed = await messenger.call(peer, { mimeType: SOUND_TYPE, ...sound?.format, signal: patience.signal })
  } catch (cause) {
    if (!(isMessengerError(cause) && cause.code === 'aborted')) throw cause
    throw new CliError('no-call', `${peer} could not be called: ${patience.end()}`, { cause })
  }
  const giveUp = (): void => placed.hangUp()
  patience.signal.addEventListener('abort', giveUp)
  if (patience.signal.aborted) giveUp()
  if (await placed.ringing) await say(context, { event: 'ringing', peer }, 'ringing')
  const isAnswered = await placed.answered
  patience.signal.removeEventListener('abort', giveUp)
  if (isAnswered) return placed
  const { reason } = await placed.ended
  const why = patience.signal.aborted ? patience.end() : NOT_TAKEN[reason]
  throw new CliError('no-call', `${peer} did not take the call: ${why}`)
}

const NOT_TAKEN = {
  'hung-up': 'it was hung up',
  declined: 'it was declined',
  busy: 'they are in another call',
  'no-answer': 'it rang until the end',
  lost: 'the connection ended while it rang',
  failed: 'it could not be carried on',
} as const

/** The first call that we understand. @throws {CliError} `no-call` */
async function answer(
  context: Context,
  messenger: Messenger,
  { peer, sound, options, patience }: Wish<string | undefined>,
): Promise<Call> {
  const taken = new Promise<Call>((take) => {
    const onCall = (incoming: Call): void => {
      const refusal = refusalOf(incoming, peer, sound)
      if (refusal !== undefined) {
        incoming.decline()
        context.output.status(`declined a call of ${incoming.peer.slice(0, 8)}: ${refusal}`)
        return
      }
      messenger.off('call', onCall)
      incoming.accept()
      take(incoming)
    }
    messenger.on('call', onCall)
  })
  const address = await startListening(messenger, options)
  const { publicKey } = messenger
  if (context.output.json) await context.output.result({ event: 'ready', ready: true, publicKey, address }, '')
  context.output.status(`waiting for a call on ${address} as ${publicKey}`)
  if (options.timeout !== undefined) patience.limit(options.timeout)
  const isOver = new Promise<undefined>((end) => {
    patience.signal.addEventListener('abort', () => end(undefined))
    if (patience.signal.aborted) end(undefined)
  })
  const first = await Promise.race([taken, isOver])
  if (first === undefined) throw new CliError('no-call', `nobody called: ${patience.end()}`)
  return first
}

/** Why not to take a call, as the end of a sentence. What the offer says may be anything. */
function refusalOf(
  { peer, media }: Call,
  wanted: string | undefined,
  sound: WavReader | undefined,
): string | undefined {
  if (wanted !== undefined && peer !== wanted) return 'it is somebody else'
  if (media.mimeType !== SOUND_TYPE)
    return `its sound is ${harmlessLine(media.mimeType)}, and this command knows ${SOUND_TYPE} only`
  const fault = formatFault(media)
  if (fault !== undefined) return `its sound has ${fault}`
  const ours = sound?.format
  const isSame = ours?.sampleRate === media.sampleRate && ours.channelCount === media.channelCount
  if (ours === undefined || isSame) return undefined
  return `its sound has ${describeFormat(media)}, our file ${describeFormat(ours)}`
}

async function talk(
  context: Context,
  taken: Call,
  { format, sound, file }: { format: WavFormat; sound: WavReader | undefined; file: WavWriter | undefined },
): Promise<ExitCode> {
  const figures = await converse(taken, { format, sound, file, stop: context.stop })
  const { peer, direction } = taken
  const path = file === undefined ? null : file.path
  await context.output.result({ event: 'call', peer, direction, ...figures, file: path }, () => summary(peer, figures))
  if (figures.reason === 'lost' || figures.reason === 'failed')
    throw new CliError('call-lost', `the call with ${peer} was cut off: the connection ended and did not come back`)
  return ExitCode.ok
}

function summary(peer: string, figures: ConversationFigures): string {
  const { reason, talkedMs, sent, droppedOut, received, lost, duplicates, reordered, jitterMs } = figures
  return [
    `talked ${formatDuration(talkedMs)} with ${peer.slice(0, 8)} (${reason})`,
    `sent ${sent} packets, dropped ${droppedOut}`,
    `received ${received} packets, lost ${lost}, twice ${duplicates}, out of order ${reordered}, jitter ${jitterMs} ms`,
  ].join('\n')
}

/** How far it has come, for scripts and people. */
async function say(context: Context, event: object, text: string): Promise<void> {
  if (context.output.json) await context.output.result(event, '')
  context.output.status(text)
}
