import { resolve } from 'node:path'
import { type IncomingMessage, isMessengerError, type Messenger } from '@mimirjs/messenger'
import type { Command } from 'commander'
import { decodeText, MAX_TEXT_BYTES } from '../content.js'
import type { Context } from '../context.js'
import { CliError } from '../error.js'
import { type ExecOptions, execCommand } from '../exec.js'
import { ExitCode } from '../exit-code.js'
import { makeFolder } from '../folder.js'
import { harmlessJson } from '../harmless.js'
import { meeting, openMessenger } from '../messenger.js'
import { addressParser, durationOption, parseCommandLine, parsePath } from '../options.js'
import { isClosedPipe } from '../output.js'
import { saveFile } from '../save.js'
import type { Shell } from '../shell.js'
import { whenAborted } from '../stop.js'
import { messageJson, messageLine } from '../view.js'
import { parseName } from './id.js'
import { reportEvents } from './listen-events.js'
import { warnOfSilence } from './listen-mediators.js'
import { listenForPages, PAGES_ADDRESS, pageTransports } from './listen-pages.js'

interface ListenOptions {
  readonly listen?: string
  /** `true`: at its default address. */
  readonly ws?: string | true
  readonly announce?: string
  readonly name?: string
  readonly onlyContacts?: boolean
  readonly join?: boolean
  readonly acceptKnocks?: boolean
  readonly save?: string
  readonly exec?: string
  readonly reply?: boolean
  /** Milliseconds. */
  readonly execTimeout?: number
}

export function listenCommand(shell: Shell): Command {
  return shell
    .command('listen', 'be reachable, print messages as they come, deliver what waits in the outbox')
    .option(
      '--listen <address>',
      'where to listen (default: tcp://[::]:5050, with --peer port 42 of its node)',
      addressParser('tcp'),
    )
    .option(
      '--announce <address>',
      'the address to announce at the trackers, if it differs from where we listen',
      addressParser('tcp'),
    )
    .option(
      '--ws [address]',
      `listen for pages in browsers, too, over WebSockets (default: ${PAGES_ADDRESS})`,
      addressParser('ws'),
    )
    .option('--name <name>', 'what others see as your name; kept from then on', parseName)
    .option('--only-contacts', 'refuse everybody who is not in the contacts')
    .option('--join', 'accept invites of our contacts into groups')
    .option('--accept-knocks', 'let in strangers who knock through --rendezvous; without it only contacts come in')
    .option('--save <folder>', 'save received files here, under names of our own', parsePath)
    .option(
      '--exec <command>',
      'run this command line for each message: the message as JSON on its standard input',
      parseCommandLine,
    )
    .option('--reply', 'send what the command prints back as the answer')
    .addOption(durationOption('--exec-timeout <time>', 'kill a command that runs longer (default: 5m)'))
    .addHelpText(
      'after',
      `
The command also gets MIMIR_ID, MIMIR_FROM, MIMIR_KIND, in a group MIMIR_GROUP and, with --save, MIMIR_FILE. A message counts as handled when
it is printed, saved and its command has ended, well or not; whatever stops us before that, it comes again with the
same id at the next start. Commands run one at a time per sender, for up to 16 senders at once. What they print comes
on standard output; with --json on standard error, so that JSON lines stay JSON lines.

With a tracker and no --listen or --announce this machine's Yggdrasil address is announced; that of --ws never is.

Examples:
  mimir listen --listen tcp://127.0.0.1:0 --tracker udp://127.0.0.1:5050 --save ~/received
  mimir listen --listen tcp://127.0.0.1:0 --ws
  mimir listen --listen tcp://127.0.0.1:0 --json | jq -r 'select(.event == "message").text'
  mimir listen --listen tcp://127.0.0.1:0 --exec 'jq -r .text | tr a-z A-Z' --reply`,
    )
    .action((options: ListenOptions, command: Command) => shell.perform(command, (context) => listen(context, options)))
}

async function listen(context: Context, options: ListenOptions): Promise<ExitCode> {
  if (options.exec === undefined) {
    if (options.reply) throw new CliError('usage', '--reply needs --exec')
    if (options.execTimeout !== undefined) throw new CliError('usage', '--exec-timeout needs --exec')
  }
  if (options.ws !== undefined && context.generation !== 'current')
    throw new CliError('usage', `--ws is for pages, which speak generation current: ${context.generation} reaches none`)
  const folder = options.save === undefined ? undefined : resolve(context.io.cwd, options.save)
  if (folder !== undefined) makeFolder(folder)
  const messenger = await openMessenger(context, {
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.onlyContacts ? { acceptFrom: 'contacts' as const } : {}),
    ...(options.join ? { groupInvites: 'accept-from-contacts' as const } : {}),
    ...pageTransports(options.ws),
    ...meeting(context, { strangers: options.acceptKnocks ? 'accept' : 'ask' }),
  })
  const handling = new Handling(context, options, folder)
  let letBe = (): void => {}
  try {
    const tellInvites = reportEvents(context, messenger)
    letBe = await warnOfSilence(context, messenger)
    const address = await startListening(messenger, options)
    const pages = options.ws === undefined ? undefined : await listenForPages(messenger, options.ws)
    const { publicKey } = messenger
    const { multicast, rendezvous } = await messenger.health()
    const local = {
      ...(pages === undefined ? {} : { ws: pages }),
      ...(multicast === undefined ? {} : { multicast: multicast.address }),
      ...(rendezvous === undefined ? {} : { rendezvous: rendezvous.contact }),
    }
    if (context.output.json)
      await context.output.result({ event: 'ready', ready: true, publicKey, address, ...local }, '')
    context.output.status(`listening on ${address} as ${publicKey}`)
    if (pages !== undefined) context.output.status(`listening on ${pages} for pages in browsers`)
    if (multicast !== undefined)
      context.output.status(`on the local network (${multicast.interface}) as ${multicast.address}`)
    if (rendezvous !== undefined) context.output.status(`to be met as ${rendezvous.contact}`)
    const isAnnounced = options.announce !== undefined || context.trackers.some(isOnOverlay) === isOnOverlay(address)
    if (context.trackers.length === 0 || !isAnnounced) {
      const why = context.trackers.length === 0 ? 'without --tracker' : 'the trackers are of another network:'
      const others = [
        ...(multicast === undefined ? [] : [' and those on the local network']),
        ...(rendezvous === undefined ? [] : [' and those who use the same rendezvous servers']),
      ].join('')
      context.output.status(`${why} only those who know this address${others} can reach you`)
    }
    await tellInvites()
    messenger.on('message', (message) => handling.handle(message))
    await Promise.race([whenAborted(context.stop), handling.broken])
  } finally {
    letBe()
    await handling.stop()
    await messenger.close({ timeoutMs: handling.abandoned ? ABANDONED_CLOSE_MS : CLOSE_MS })
  }
  return ExitCode.ok
}

function isOnOverlay(address: string): boolean {
  return address.startsWith('ygg:')
}

/** @returns the address really listened on */
export async function startListening(
  messenger: Messenger,
  { listen, announce }: Pick<ListenOptions, 'listen' | 'announce'>,
): Promise<string> {
  try {
    return await messenger.listen({
      ...(listen === undefined ? {} : { address: listen }),
      ...(announce === undefined ? {} : { announce }),
    })
  } catch (cause) {
    // When the system refuses, its error is the cause. Without one the messenger does not know what to announce.
    const unknown = isMessengerError(cause) && cause.code === 'listen' && cause.cause === undefined
    throw unknown ? new CliError('usage', `${cause.message} (--listen, --announce)`, { cause }) : cause
  }
}

/** What happens to each message, and what happens to it when we have to stop in the middle. */
class Handling {
  /** Rejects when messages cannot be printed or saved any more. */
  readonly broken: Promise<never>
  #break: (error: unknown) => void = () => {}
  readonly #context: Context
  readonly #options: ListenOptions
  readonly #folder: string | undefined
  readonly #running = new Set<Promise<void>>()
  readonly #kill = new AbortController()
  #stopping = false
  /** Some message was given back: its handler never ends, so closing must not wait for it. */
  abandoned = false

  constructor(context: Context, options: ListenOptions, folder: string | undefined) {
    this.#context = context
    this.#options = options
    this.#folder = folder
    this.broken = new Promise<never>((_, reject) => {
      this.#break = reject
    })
    this.broken.catch(() => {})
    context.force.addEventListener('abort', () => this.#kill.abort())
  }

  /** Resolves when the message is handled; a message that is not stays pending and comes again at the next start. */
  async handle(message: IncomingMessage): Promise<void> {
    if (this.#stopping) return this.#giveBack()
    const work = this.#work(message)
    const settled = work.then(
      () => {},
      () => {},
    )
    this.#running.add(settled)
    try {
      await work
    } catch (error) {
      this.#break(isClosedPipe(error) ? readerGone(error) : error)
      this.abandoned = true
      this.#running.delete(settled)
      return this.#giveBack()
    }
    this.#running.delete(settled)
  }

  /** Let running commands finish, for a while; then kill them and give their messages back. */
  async stop(): Promise<void> {
    this.#stopping = true
    const timer = setTimeout(() => this.#kill.abort(), COMMAND_GRACE_MS)
    if (this.#running.size > 0) this.#context.output.status('waiting for running commands')
    await Promise.all(this.#running)
    clearTimeout(timer)
  }

  #giveBack(): Promise<never> {
    this.abandoned = true
    return new Promise<never>(() => {})
  }

  async #work(message: IncomingMessage): Promise<void> {
    const path = await this.#save(message)
    const json = messageJson(message, path)
    await this.#context.output.result(json, () =>
      messageLine(message, {
        time: message.receivedAt,
        name: message.fromName,
        key: message.from,
        path,
        group: message.group?.name,
      }),
    )
    if (this.#options.exec === undefined) return
    try {
      const printed = await execCommand(this.#options.exec, this.#execOptions(message, harmlessJson(json), path))
      const answer = answerText(printed)
      if (answer !== '') await message.reply(answer)
    } catch (error) {
      if (this.#kill.signal.aborted) throw error
      const why = error instanceof Error ? error.message : String(error)
      this.#context.output.warn(
        new CliError('command', `message ${message.id} from ${message.from}: ${why}`, { cause: error }),
      )
    }
  }

  /** @returns where the file of the message is now */
  async #save(message: IncomingMessage): Promise<string | undefined> {
    const { file } = message
    if (this.#folder === undefined || file === undefined) return undefined
    if (file.bytes !== undefined) return saveFile(this.#folder, message, { name: file.name, bytes: file.bytes })
    const { path } = await message.download({ to: this.#folder, signal: this.#kill.signal })
    return path
  }

  #execOptions(message: IncomingMessage, input: string, path: string | undefined): ExecOptions {
    const { io, output } = this.#context
    return {
      input: `${input}\n`,
      cwd: io.cwd,
      env: {
        ...io.env,
        MIMIR_ID: message.id,
        MIMIR_FROM: message.from,
        MIMIR_KIND: message.kind,
        ...(message.group === undefined ? {} : { MIMIR_GROUP: message.group.id }),
        ...(path === undefined ? {} : { MIMIR_FILE: path }),
      },
      // JSON lines stay JSON lines.
      stdout: this.#options.reply ? undefined : output.json ? io.stderr : io.stdout,
      stderr: io.stderr,
      timeoutMs: this.#options.execTimeout ?? EXEC_TIMEOUT_MS,
      maxOutputBytes: MAX_TEXT_BYTES,
      kill: this.#kill.signal,
    }
  }
}

/** @throws {CliError} `command` */
function answerText(printed: Uint8Array): string {
  try {
    return decodeText(printed).replace(/(\r?\n)+$/, '')
  } catch (cause) {
    throw new CliError('command', 'what the command printed is not UTF-8 text and was not sent', { cause })
  }
}

function readerGone(cause: unknown): CliError {
  return new CliError(
    'reader-gone',
    'nobody reads our output any more: what was not printed comes again at the next start',
    {
      cause,
    },
  )
}

/** How long running commands may take after we were asked to stop, in ms. */
const COMMAND_GRACE_MS = 10_000
/** Unless `--exec-timeout` says otherwise. */
const EXEC_TIMEOUT_MS = 300_000
const CLOSE_MS = 5_000
const ABANDONED_CLOSE_MS = 500
