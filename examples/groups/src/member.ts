// One member: a messenger in a process of its own, driven by the main program through messages.
import { type Group, Messenger } from '@mimirjs/messenger'
import type { Command, Report } from './protocol.js'

const [folder, name, mediator, address] = process.argv.slice(2)
const messenger = await Messenger.open(folder!, {
  name: name!,
  mediators: [{ publicKey: mediator!, address: address! }],
  retry: { minMs: 250, maxMs: 2_000 },
})
const sentAtMs = new Map<string, number>()

function report(message: Report): void {
  // The main program may be gone already; a member does not die of that.
  if (process.connected) process.send!(message, undefined, undefined, () => {})
}

messenger.on('message', async (message) => {
  const { id, from, text, replyTo } = message
  // Whoever is named at the beginning answers.
  if (text.startsWith(`${name}, `)) await message.reply(`${name} has read: ${text}`)
  report({ event: 'received', id, from, text, isReply: replyTo !== undefined })
})
messenger.on('delivered', ({ id }) => {
  const sent = sentAtMs.get(id)
  sentAtMs.delete(id)
  report({ event: 'delivered', id, roundTripMs: sent === undefined ? undefined : performance.now() - sent })
})
messenger.on('groupInvite', (invite) => {
  report({ event: 'invited', invite: invite.id, group: invite.group, name: invite.name, from: invite.from })
})
messenger.on('group', ({ change }) => {
  if (change === 'banned') report({ event: 'banned' })
})
messenger.on('mediator', ({ state }) => report({ event: 'mediator', state: state.state }))

async function ourGroup(): Promise<Group> {
  const [group] = await messenger.groups()
  if (!group) throw new Error(`${name} is in no group`)
  return group
}

async function obey(command: Command): Promise<Omit<Extract<Report, { event: 'done' }>, 'event' | 'token'>> {
  switch (command.do) {
    case 'create': {
      const { id } = await messenger.createGroup({ name: command.name })
      return { id }
    }
    case 'join': {
      const { id } = await messenger.joinGroup(command.invite)
      return { id }
    }
    case 'invite':
      await (await ourGroup()).invite(command.person)
      return {}
    case 'setRole':
      await (await ourGroup()).setRole(command.person, command.role)
      return {}
    case 'ban':
      await (await ourGroup()).ban(command.person)
      return {}
    case 'rotateKey':
      await (await ourGroup()).rotateKey()
      return {}
    case 'send': {
      const startMs = performance.now()
      const { id } = await (await ourGroup()).send(command.content)
      sentAtMs.set(id, startMs)
      return { id }
    }
    case 'members': {
      const members = await (await ourGroup()).members()
      return { members: members.map((member) => ({ name: member.name, role: member.role })) }
    }
    case 'close':
      await messenger.close()
      return {}
  }
}

process.on('message', async (command: Command) => {
  const { token } = command
  try {
    report({ event: 'done', token, ...(await obey(command)) })
  } catch (error) {
    report({ event: 'refused', token, reason: error instanceof Error ? error.message : String(error) })
  }
  if (command.do === 'close') process.disconnect()
})
report({ event: 'ready', publicKey: messenger.publicKey })
