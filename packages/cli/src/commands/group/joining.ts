import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { GroupInvite, Messenger } from '@mimirjs/messenger'
import type { Command } from 'commander'
import type { Context } from '../../context.js'
import { CliError } from '../../error.js'
import { ExitCode } from '../../exit-code.js'
import { systemReason } from '../../failure.js'
import { harmlessLine } from '../../harmless.js'
import { MediatorWatch } from '../../mediator-watch.js'
import { openMessenger } from '../../messenger.js'
import { durationOption, parsePath } from '../../options.js'
import { reporting } from '../../output.js'
import { Patience } from '../../patience.js'
import type { Shell } from '../../shell.js'
import { timeText } from '../../view.js'
import { catchUp, orStopped, staleError } from './at-mediator.js'
import { findInvite, shown } from './find.js'
import { groupJson, inviteJson } from './json.js'
import { parseGroupName } from './name.js'

export function createCommand(shell: Shell): Command {
  return shell
    .command('create', 'make a group at the first --mediator')
    .argument('<name>', 'what it is called: the mediator sees that', parseGroupName)
    .option('--description <text>', 'what it is about: the mediator sees that')
    .option('--avatar <path>', 'its picture, at most 200 KiB: the mediator sees that', parsePath)
    .action((name: string, options: { description?: string; avatar?: string }, command: Command) =>
      shell.perform(command, async (context) => {
        const { description, avatar } = options
        if (context.mediators.length === 0) throw new CliError('usage', 'where? give --mediator <key@address>')
        const picture = avatar === undefined ? undefined : readPicture(resolve(context.io.cwd, avatar))
        await using messenger = await openMessenger(context)
        const made = messenger.createGroup({
          name,
          signal: context.stop,
          ...(description === undefined ? {} : { description }),
          ...(picture === undefined ? {} : { avatar: picture }),
        })
        const group = await orStopped(context, made)
        await catchUp(context, messenger, group)
        return await reporting(`the group ${group.id} is made`, async () => {
          await context.output.result(groupJson(group, 0), `${group.id}  ${harmlessLine(group.name)}`)
          return ExitCode.ok
        })
      }),
    )
}

export function readPicture(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path))
  } catch (cause) {
    throw new CliError('file', `cannot read ${path}: ${systemReason(cause)}`, { cause })
  }
}

export function invitesCommand(shell: Shell): Command {
  return shell
    .command('invites', 'print who wants us in which group')
    .addOption(durationOption('--wait <time>', 'how long to wait for one when there is none (default: 5s)'))
    .action((options: { wait?: number }, command: Command) =>
      shell.perform(command, async (context) => {
        await using messenger = await openMessenger(context)
        const invites = await waitForInvites(context, messenger, options.wait ?? INVITE_WAIT_MS, async () => {
          const all = await messenger.groupInvites()
          return all.length > 0 ? all : undefined
        })
        for (const invite of invites ?? []) await context.output.result(inviteJson(invite), () => inviteLine(invite))
        return ExitCode.ok
      }),
    )
}

export function joinCommand(shell: Shell): Command {
  return shell
    .command('join', 'take an invite; one of a group we are in brings a new key for it')
    .argument('<invite>', 'name or id of the group, or id of the invite')
    .addOption(durationOption('--wait <time>', 'how long to wait for the invite to come (default: 10s)'))
    .action((text: string, options: { wait?: number }, command: Command) =>
      shell.perform(command, async (context) => {
        await using messenger = await openMessenger(context)
        const invite = await waitForInvite(context, messenger, text, options.wait ?? JOIN_WAIT_MS)
        const group = await orStopped(context, messenger.joinGroup(invite, { signal: context.stop }))
        // The others learn our name.
        await catchUp(context, messenger, group)
        await context.output.result(groupJson(group, 0), `joined ${harmlessLine(group.name)}  ${group.id}`)
        return ExitCode.ok
      }),
    )
}

export function declineCommand(shell: Shell): Command {
  return shell
    .command('decline', 'refuse an invite')
    .argument('<invite>', 'name or id of the group, or id of the invite')
    .action((text: string, _: object, command: Command) =>
      shell.perform(command, async (context) => {
        await using messenger = await openMessenger(context)
        const invite = await findInvite(messenger, text)
        if (invite === undefined) throw noInvite(text)
        await orStopped(context, messenger.declineGroup(invite))
        await context.output.result({ event: 'declined', id: invite.id }, `declined ${harmlessLine(invite.name)}`)
        return ExitCode.ok
      }),
    )
}

/** Anybody can give a group any name, and the mediator says who invites: the key is what counts. */
export function inviteLine({ group, name, from, receivedAt, rotatesKey }: GroupInvite): string {
  const what = rotatesKey ? 'a new key for' : 'invited to'
  return `${timeText(receivedAt)}  ${what} ${harmlessLine(name)} (${group.slice(0, 16)}) by ${from}`
}

const INVITE_WAIT_MS = 5_000
const JOIN_WAIT_MS = 10_000

async function waitForInvite(
  context: Context,
  messenger: Messenger,
  text: string,
  waitMs: number,
): Promise<GroupInvite> {
  const found = await waitForInvites(context, messenger, waitMs, () => findInvite(messenger, text))
  if (found === undefined) throw noInvite(text)
  return found
}

function noInvite(text: string): CliError {
  return new CliError('no-invite', `no invite to '${shown(text)}' has come: see mimir group invites`)
}

/**
 * Look now, and again whenever an invite comes in, until something is found or the time is up. A mediator that was not reached
 * in that time is named.
 * @throws {CliError} `usage` when no mediator is known that could bring one
 */
async function waitForInvites<T>(
  context: Context,
  messenger: Messenger,
  waitMs: number,
  look: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const watch = await MediatorWatch.start(context, messenger)
  using patience = new Patience(context.stop)
  patience.limit(waitMs)
  let wake = (): void => {}
  messenger.on('groupInvite', () => wake())
  for (;;) {
    const next = new Promise<void>((resolve) => {
      wake = resolve
      patience.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    const found = await look()
    if (found !== undefined) return found
    if (watch.isEmpty)
      throw new CliError('usage', 'no mediator is known: give --mediator <key@address>, or set MIMIR_MEDIATORS')
    if (patience.signal.aborted) break
    await next
  }
  if (context.stop.aborted) return undefined
  // In a moment as short as that nobody could have answered.
  for (const { address, why } of await watch.notReached())
    if (why !== undefined || waitMs >= FAIR_WAIT_MS)
      context.output.warn(staleError(address, 'who invites us', why ?? patience.end()))
  return undefined
}

const FAIR_WAIT_MS = 1_000
