import { resolve } from 'node:path'
import { isMessengerError, type Messenger } from '@mimirjs/messenger'
import { parseContactLink } from '@mimirjs/wire/link'
import { findGroup } from '../commands/group/find.js'
import { startListening } from '../commands/listen.js'
import type { Context } from '../context.js'
import { CliError } from '../error.js'
import { ExitCode } from '../exit-code.js'
import { describeFailure } from '../failure.js'
import { lookUp, meeting, openQuietly, peerText, warnOfReadableKey } from '../messenger.js'
import { reportPeers } from '../overlay.js'
import { type PersonText, parsePerson } from '../person.js'
import { watchClock } from '../wrong-clock.js'
import { Drafts } from './drafts.js'
import { MessengerBackend } from './messenger-backend.js'
import type { Self } from './model/state.js'
import { ChatProgram } from './program.js'
import { ReachLine } from './reach-line.js'
import { Terminal } from './terminal/terminal.js'
import { LOCAL_TIMES } from './times.js'

export interface ChatOptions {
  readonly listen?: string
  readonly announce?: string
  readonly address?: string[]
  readonly name?: string
  readonly onlyContacts?: boolean
  readonly save?: string
  readonly bell?: boolean
}

/** How long what is under way may take when the chat ends, in ms. */
const CLOSE_MS = 3_000

/** @param text - whom to talk to first, as the command line names them */
export async function runChat(context: Context, text: string | undefined, options: ChatOptions): Promise<ExitCode> {
  checkTerminal(context)
  const person = text === undefined ? undefined : parsePerson(text)
  if (options.address !== undefined && person === undefined)
    throw new CliError('usage', '--address says where a person can be reached: name the person')
  const messenger = await openQuietly(context, {
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.onlyContacts ? { acceptFrom: 'contacts' as const } : {}),
    ...meeting(context, { strangers: options.onlyContacts ? 'refuse' : 'ask' }),
  })
  try {
    warnOfReadableKey(context)
    const backend = new MessengerBackend(messenger, context.generation)
    const group = person === undefined ? undefined : await groupCalled(context, messenger, person)
    const peer = group ?? (person === undefined ? undefined : peerText(await lookUp(messenger, person)))
    if (peer !== undefined && group === undefined) {
      for (const address of options.address ?? []) messenger.addAddress(peer, address)
      const known = (await messenger.contacts()).find((contact) => contact.peer === peer)
      // A link may hold a name. Who was blocked stays blocked.
      if (known === undefined || known.kind === 'stranger') await backend.meet(text ?? peer)
    }
    const reach = await listening(context, messenger, options)
    const program = programOf(context, messenger, backend, { options, reach })
    const line = new ReachLine(reach, (now) => program.dispatch({ type: 'reach', ...now }))
    messenger.on('announced', ({ address }) => line.reached({ ok: true, text: `announced ${address}` }))
    await reportPeers(messenger, ({ message }) => line.reached({ ok: false, text: message }))
    messenger.on('overlay', ({ state }) => {
      if (state === 'up') line.reached(reach)
    })
    watchClock(messenger, ({ clockOffsetMs }, text) => line.clock(clockOffsetMs === undefined ? undefined : text))
    await program.run(peer)
    await sayWhatWaits(context, messenger)
  } finally {
    await messenger.close({ timeoutMs: CLOSE_MS })
  }
  return ExitCode.ok
}

/** The group of this name, unless a contact is called so, too. @throws {CliError} `no-group` for several */
async function groupCalled(context: Context, messenger: Messenger, person: PersonText): Promise<string | undefined> {
  if (!('contactName' in person)) return undefined
  const wanted = person.contactName.toLowerCase()
  const contacts = await messenger.contacts()
  if (contacts.some(({ kind, name }) => kind === 'contact' && name.toLowerCase() === wanted)) return undefined
  const groups = await messenger.groups()
  if (!groups.some(({ name }) => name.toLowerCase() === wanted)) return undefined
  return (await findGroup(context, messenger, person.contactName)).id
}

/** @throws {CliError} `usage` */
function checkTerminal({ io, output }: Context): void {
  const scripts = "scripts use 'mimir send' and 'mimir listen'"
  if (output.json) throw new CliError('usage', `chat is for people at a terminal and has no --json: ${scripts}`)
  if (!Terminal.isOne(io))
    throw new CliError('usage', `chat needs a terminal as standard input and standard output: ${scripts}`)
  if (io.env['TERM'] === 'dumb')
    throw new CliError('usage', `this terminal (TERM=dumb) cannot move its cursor: ${scripts}`)
  if (output.verbosity === 'verbose' && io.stderr.isTTY === true)
    throw new CliError('usage', 'the log would be written over the screen: send it to a file with 2>chat.log')
}

/** Where else people find us, as the end of a line. */
function placesOf({ trackers, multicast, rendezvous }: Context): string {
  if (trackers.length > 0) return ''
  const places = [...(multicast ? [', local network'] : []), ...(rendezvous.length > 0 ? [', rendezvous'] : [])]
  return places.length > 0 ? places.join('') : ', no tracker'
}

/** Where others reach us. A chat without that is still one: it can write, and says that nobody can write first. */
async function listening(context: Context, messenger: Messenger, options: ChatOptions): Promise<Self['reach']> {
  try {
    const address = await startListening(messenger, options)
    const where = placesOf(context)
    return { ok: true, text: `listening on ${address}${where}` }
  } catch (error) {
    const isChosen = options.listen !== undefined || options.announce !== undefined
    const isExpected = isMessengerError(error) || (error instanceof CliError && error.code === 'usage')
    if (isChosen || !isExpected) throw error
    return { ok: false, text: `others cannot reach you: ${describeFailure(error).message}` }
  }
}

function programOf(
  context: Context,
  messenger: Messenger,
  backend: MessengerBackend,
  { options, reach }: { options: ChatOptions; reach: Self['reach'] },
): ChatProgram {
  const { io, output, home, stop } = context
  let program: ChatProgram | undefined
  const drafts = new Drafts(resolve(home, 'drafts'), (error) =>
    program?.dispatch({
      type: 'notice',
      kind: 'error',
      text: `what you type cannot be kept on disk: ${describeFailure(error).message}`,
    }),
  )
  program = new ChatProgram({
    io,
    backend,
    drafts,
    self: {
      publicKey: messenger.publicKey,
      name: parseContactLink(messenger.link).name,
      link: messenger.link,
      reach,
      saveFolder: `${resolve(io.cwd, options.save ?? '.')}/`,
    },
    look: { unicode: hasUnicode(io.env), times: io.times ?? LOCAL_TIMES },
    colours: output.colours(),
    bell: options.bell ?? false,
    hasNearby: context.multicast !== undefined,
    stop,
    nowMs: () => Date.now(),
  })
  return program
}

/** Whether lines and ellipses beyond ASCII can be shown, as the environment says it. */
function hasUnicode(env: Readonly<Record<string, string | undefined>>): boolean {
  if (process.platform === 'win32') return true
  return /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '')
}

async function sayWhatWaits({ output }: Context, messenger: Messenger): Promise<void> {
  const { undelivered } = await messenger.health()
  if (undelivered > 0)
    output.status(
      `${undelivered} undelivered: the next 'mimir chat', 'mimir listen' or 'mimir send' with this home carries on`,
    )
}
