import type { Group, GroupInvite, Messenger } from '@mimirjs/messenger'
import type { Context } from '../../context.js'
import { CliError } from '../../error.js'
import { harmlessLine } from '../../harmless.js'
import { refreshed } from './at-mediator.js'

/** How a command line names a group. */
export const GROUP_ARGUMENT = 'name of the group, its id, or the start of that'

const LOOK_AGAIN_MS = 5_000

/**
 * A group by its id, the start of that, or its name, in any case. Groups that we are in come first. If none is called so, their
 * mediators are asked once: it may have a new name.
 * @throws {CliError} `no-group`
 */
export async function findGroup(context: Context, messenger: Messenger, text: string): Promise<Group> {
  const found = await knownGroup(messenger, text)
  if (found !== undefined) return found
  const joined = (await messenger.groups()).filter(({ state }) => state === 'joined')
  await Promise.all(joined.map((group) => refreshed(context, messenger, group, LOOK_AGAIN_MS)))
  const renamed = joined.length > 0 ? await knownGroup(messenger, text) : undefined
  if (renamed !== undefined) return renamed
  throw new CliError('no-group', `no group is called '${shown(text)}': see mimir group list`)
}

async function knownGroup(messenger: Messenger, text: string): Promise<Group | undefined> {
  const wanted = text.trim().toLowerCase()
  const found = (await messenger.groups()).filter(({ id, name }) => matches(id, name, wanted))
  const joined = found.filter(({ state }) => state === 'joined')
  return onlyOne(joined.length > 0 ? joined : found, text, 'group')
}

/** @returns undefined when there is none; @throws {CliError} `no-group` when there are several */
export async function findInvite(messenger: Messenger, text: string): Promise<GroupInvite | undefined> {
  const wanted = text.trim().toLowerCase()
  const found = (await messenger.groupInvites()).filter(
    ({ id, group, name }) => id === wanted || matches(group, name, wanted),
  )
  return onlyOne(found, text, 'invite')
}

function matches(id: string, name: string, wanted: string): boolean {
  return (/^[0-9a-f]{8,64}$/.test(wanted) && id.startsWith(wanted)) || name.toLowerCase() === wanted
}

function onlyOne<T>(found: readonly T[], text: string, what: string): T | undefined {
  if (found.length <= 1) return found[0]
  throw new CliError('no-group', `${found.length} ${what}s are called '${shown(text)}': use the id`)
}

/** What was typed, as a part of a message. */
export function shown(text: string): string {
  return harmlessLine(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}
