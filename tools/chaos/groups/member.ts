// One member of the chaos run. Whatever it learns that the verdict needs, it writes down before it says so.
import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createSigner } from '@mimirjs/crypto'
import { type Group, isMessengerError, Messenger, openSqliteStore } from '@mimirjs/messenger'
import { createRandom } from '@mimirjs/transport/testing'
import { fromHex } from '@mimirjs/wire'
import { editedText, isAnswered, markOf, serialOf, textOf } from '../content.js'
import { LOGS } from '../logs.js'
import type { Command, GroupStatus, Kind, MemberOptions, Report } from './protocol.js'

const options = JSON.parse(process.argv[2]!) as MemberOptions
const { folder, name } = options
const random = createRandom(options.seed)

function report(message: Report): void {
  if (process.connected) process.send!(message, undefined, undefined, () => {})
}
// A process that fails by itself is a finding, not a fault to live with.
process.on('uncaughtException', (error) => {
  console.error(`${name} died: ${error.stack ?? error.message}`)
  process.exit(70)
})
process.on('disconnect', () => process.exit(0))
// Whoever started us may be gone before we listen for that.
if (!process.connected) process.exit(0)

mkdirSync(folder, { recursive: true })
const store = openSqliteStore(join(folder, 'messenger.sqlite'), { durability: 'process' })
const messenger = await Messenger.open(folder, {
  name,
  signer: createSigner(fromHex(options.key)),
  store,
  mediators: [{ publicKey: options.mediator, address: options.mediatorAddress }],
  groupInvites: () => true,
  retry: { minMs: 100, maxMs: 1_000 },
})
const handledLog = join(folder, LOGS.handled)

messenger.on('message', async (message) => {
  // A handler takes its time now and then, so that some kills hit it in the middle.
  if (random.next() < 0.2) await pause(random.next() * 20)
  const mark = markOf(message.text).slice(-40)
  // The same whatever version of the text this member has: the handler may run again and see another.
  if (message.replyTo === undefined && isAnswered(`${mark} ${name}`, options.replies)) await message.reply(`re:${mark}`)
  appendFileSync(handledLog, `${process.pid} ${message.from} ${message.id}\n`)
})

async function ourGroup(): Promise<Group | undefined> {
  const [group] = await messenger.groups()
  return group
}

/** @returns whether a message was accepted, and not something else done */
async function send(kind: Kind, serial: number): Promise<boolean> {
  const group = await ourGroup()
  if (!group) throw new Error('in no group')
  const text = textOf(kind, name, serial)
  if (kind === 'edit') return edit(group, serial)
  const entries = kind === 'reply' ? await group.history({ limit: 20 }) : []
  const quoted = entries.find((entry) => !entry.outgoing && entry.kind === 'text')
  const { id } = await group.send(quoted ? { text, replyTo: quoted.id } : text)
  appendFileSync(join(folder, LOGS.accepted), `${id} ${serial}\n`)
  return true
}

async function edit(group: Group, version: number): Promise<false> {
  const entries = await group.history({ limit: 40 })
  const own = entries.filter(({ outgoing, kind, text }) => outgoing && kind === 'text' && serialOf(text) !== undefined)
  const entry = own[random.integer(Math.min(own.length, 8))]
  if (!entry) return false
  await group.send({ edit: entry.id, text: editedText(entry.text, version) })
  appendFileSync(join(folder, LOGS.edited), `${entry.id} ${version}\n`)
  return false
}

async function status(): Promise<GroupStatus | undefined> {
  const [group] = await store.groups()
  if (!group) return undefined
  const members = (await store.members(group.id)).filter(({ gone }) => !gone).length
  return { id: group.id, chatId: String(group.chatId), syncedTo: String(group.syncedTo), members }
}

/** What needs the mediator, which may be away. */
async function ifReachable(work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!isMessengerError(error)) throw error
  }
}

process.on('message', async (command: Command) => {
  switch (command.do) {
    case 'create':
      await messenger.createGroup({ name: 'chaos' })
      break
    case 'invite':
      await (await ourGroup())?.invite(command.person)
      report({ event: 'invited' })
      break
    case 'send': {
      const { token } = command
      try {
        report({ event: 'accepted', token, isMessage: await send(command.kind, token) })
      } catch (error) {
        report({ event: 'rejected', token, reason: `${command.kind}: ${String(error)}` })
      }
      break
    }
    case 'role': {
      const { person, isModerator } = command
      await ifReachable(async () => (await ourGroup())?.setRole(person, isModerator ? 'moderator' : 'member'))
      break
    }
    case 'status': {
      const { undelivered, unhandled } = await messenger.health()
      report({ event: 'status', undelivered, unhandled, group: await status() })
      break
    }
    case 'close':
      await messenger.close()
      process.disconnect()
  }
})
report({ event: 'ready', publicKey: messenger.publicKey })

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
