import { resolve } from 'node:path'
import type { Group, GroupChange, GroupMember, GroupRole, Messenger } from '@mimirjs/messenger'
import { Argument, type Command } from 'commander'
import type { Context } from '../../context.js'
import { CliError } from '../../error.js'
import { ExitCode } from '../../exit-code.js'
import { harmlessLine } from '../../harmless.js'
import { openMessenger, peerText } from '../../messenger.js'
import { parsePath } from '../../options.js'
import type { Shell } from '../../shell.js'
import { timeText } from '../../view.js'
import { beforehand, catchUp, orStopped } from './at-mediator.js'
import { findGroup, GROUP_ARGUMENT } from './find.js'
import { readPicture } from './joining.js'
import { groupJson, memberJson } from './json.js'
import { parseGroupName } from './name.js'
import { lookUpInGroup, PERSON_ARGUMENT, parsePersonInGroup } from './person.js'

const ROLES: readonly GroupRole[] = ['admin', 'moderator', 'member', 'reader']

export function listCommand(shell: Shell): Command {
  return shell.command('list', 'print the groups we are in, or were').action((_: object, command: Command) =>
    shell.perform(command, async (context) => {
      await using messenger = await openMessenger(context)
      const unread = new Map((await messenger.conversations()).map(({ group, unread }) => [group?.id, unread]))
      for (const group of await messenger.groups()) {
        const count = unread.get(group.id) ?? 0
        await context.output.result(groupJson(group, count), () => groupLine(group, count))
      }
      return ExitCode.ok
    }),
  )
}

function groupLine(group: Group, unread: number): string {
  const standing = group.state === 'joined' ? group.role : group.state
  return `${group.id}  ${standing.padEnd(9)}  ${harmlessLine(group.name)}${unread > 0 ? `  (${unread} unread)` : ''}`
}

export function membersCommand(shell: Shell): Command {
  return shell
    .command('members', 'print who is in a group, as its mediator says')
    .argument('<group>', GROUP_ARGUMENT)
    .action((text: string, _: object, command: Command) =>
      shell.perform(command, async (context) => {
        await using messenger = await openMessenger(context)
        const group = await findGroup(context, messenger, text)
        await catchUp(context, messenger, group)
        for (const member of await group.members())
          await context.output.result(memberJson(member), () => memberLine(member))
        return ExitCode.ok
      }),
    )
}

function memberLine({ publicKey, role, name, online, lastSeenAt }: GroupMember): string {
  const seen = online ? 'online' : lastSeenAt === undefined ? '' : `last seen ${timeText(lastSeenAt)}`
  return `${publicKey}  ${role.padEnd(9)}  ${harmlessLine(name)}  ${seen}`.trimEnd()
}

export function inviteCommand(shell: Shell): Command {
  return aboutPerson(shell, 'invite', 'ask a person into a group; they get its key, encrypted for them', {
    work: (group, person) => group.invite(person),
    done: 'invited',
  })
}

export function banCommand(shell: Shell): Command {
  return aboutPerson(shell, 'ban', 'take a person out of a group; see rotate-key', {
    work: (group, person) => group.ban(person),
    done: 'banned',
  })
}

export function roleCommand(shell: Shell): Command {
  return shell
    .command('role', 'change what a person may do in a group')
    .argument('<group>', GROUP_ARGUMENT)
    .argument('<person>', PERSON_ARGUMENT)
    .addArgument(new Argument('<role>', 'what they are from now on').choices(ROLES))
    .action((text: string, who: string, role: GroupRole, _: object, command: Command) =>
      shell.perform(command, (context) =>
        withPerson(context, text, who, `is ${role} in`, (group, person) => group.setRole(person, role)),
      ),
    )
}

export function updateCommand(shell: Shell): Command {
  return shell
    .command('update', 'change what a group is called and looks like')
    .argument('<group>', GROUP_ARGUMENT)
    .option('--name <name>', 'its new name', parseGroupName)
    .option('--description <text>', 'what it is about')
    .option('--avatar <path>', 'its new picture, at most 200 KiB', parsePath)
    .action((text: string, options: { name?: string; description?: string; avatar?: string }, command: Command) =>
      shell.perform(command, (context) => {
        const { name, description, avatar } = options
        const change = {
          ...(name === undefined ? {} : { name }),
          ...(description === undefined ? {} : { description }),
          ...(avatar === undefined ? {} : { avatar: readPicture(resolve(context.io.cwd, avatar)) }),
        }
        if (Object.keys(change).length === 0)
          throw new CliError('usage', 'nothing to change: give --name, --description or --avatar')
        return updateGroup(context, text, change)
      }),
    )
}

async function updateGroup(context: Context, text: string, change: GroupChange): Promise<ExitCode> {
  await using messenger = await openMessenger(context)
  const group = await findGroup(context, messenger, text)
  await beforehand(context, messenger, group)
  await orStopped(context, group.update(change))
  await context.output.result({ event: 'done', group: group.id }, () => `changed: ${harmlessLine(group.name)}`)
  return ExitCode.ok
}

type GroupWork = (group: Group, context: Context, messenger: Messenger) => Promise<void>

/** Commands that need nothing but the group. */
export function plainCommands(shell: Shell): Command[] {
  const plain = (name: string, about: string, done: string, work: GroupWork): Command =>
    shell
      .command(name, about)
      .argument('<group>', GROUP_ARGUMENT)
      .action((text: string, _: object, command: Command) =>
        shell.perform(command, (context) => withGroup(context, text, done, work)),
      )
  return [
    plain('leave', 'leave a group; its history stays here', 'left', (group) => group.leave()),
    plain('delete', 'delete a group of ours for everybody; its history stays here', 'deleted', (group) =>
      group.delete(),
    ),
    plain('forget', 'take a group that we left out of the history', 'forgotten', (group) => group.forget()),
    plain(
      'rotate-key',
      'give everybody in a group a new key, so that whoever was banned reads no more',
      'rotated',
      async (group, context, messenger) => {
        await beforehand(context, messenger, group)
        await group.rotateKey({ signal: context.stop })
        await catchUp(context, messenger, group)
      },
    ),
  ]
}

function aboutPerson(
  shell: Shell,
  name: string,
  about: string,
  { work, done }: { work: (group: Group, person: string | Uint8Array) => Promise<void>; done: string },
): Command {
  return shell
    .command(name, about)
    .argument('<group>', GROUP_ARGUMENT)
    .argument('<person>', PERSON_ARGUMENT)
    .action((text: string, who: string, _: object, command: Command) =>
      shell.perform(command, (context) => withPerson(context, text, who, done, work)),
    )
}

async function withPerson(
  context: Context,
  text: string,
  who: string,
  done: string,
  work: (group: Group, person: string | Uint8Array) => Promise<void>,
): Promise<ExitCode> {
  const person = parsePersonInGroup(who)
  await using messenger = await openMessenger(context)
  const group = await findGroup(context, messenger, text)
  await beforehand(context, messenger, group)
  const key = await lookUpInGroup(messenger, group, person)
  await orStopped(context, work(group, key))
  const peer = peerText(key)
  await context.output.result(
    { event: 'done', group: group.id, peer },
    `${done.startsWith('is ') ? `${peer} ${done}` : `${done} ${peer}:`} ${harmlessLine(group.name)}`,
  )
  return ExitCode.ok
}

async function withGroup(context: Context, text: string, done: string, work: GroupWork): Promise<ExitCode> {
  await using messenger = await openMessenger(context)
  const group = await findGroup(context, messenger, text)
  const { id, name } = group
  await orStopped(context, work(group, context, messenger))
  await context.output.result({ event: 'done', group: id }, `${done}: ${harmlessLine(name)}`)
  return ExitCode.ok
}
