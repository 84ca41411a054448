// The server against a small reference in memory: the same random commands to both, every answer and every push compared.
import { decodeSystemMessage } from '@mimirjs/wire/mediator'
import { expect, test } from 'vitest'
import { call } from '../src/operations.js'
import { randomOf } from './support/random.js'
import type { RawClient } from './support/raw-client.js'
import { type RefAnswer, type RefClient, Reference } from './support/reference.js'
import { DIALECTS, hex, keyOf, MEDIATOR, NOW_SECONDS, startServer } from './support/server.js'

const CHATS = [11n, 12n]
const PEOPLE = [1, 2, 3, 4, 5]
const ROLES = [0x90, 0x80, 0x40, 0x60, 0x20, 0x10, 0x08, 0x18, 0x11, 0x01, 0x00, 0x06]
const STEPS = 400

const numbers = new Map(PEOPLE.map((number) => [hex(keyOf(number)), number]))
const nameOf = (key: Uint8Array): number | undefined => numbers.get(hex(key))

/** What the reference calls a message. */
function textOf(author: Uint8Array, blob: Uint8Array): string {
  if (hex(author) !== hex(keyOf(MEDIATOR))) return Buffer.from(blob).toString()
  const message = decodeSystemMessage(blob)
  switch (message?.event) {
    case 'userAdded':
      return `added ${nameOf(message.target)} by ${nameOf(message.actor)}`
    case 'userBanned':
      return `banned ${nameOf(message.target)} by ${nameOf(message.actor)}`
    case 'userLeft':
      return `left ${nameOf(message.user)}`
    case 'permsChanged':
      return `role ${nameOf(message.target)} ${message.permissions} by ${nameOf(message.actor)}`
    case 'chatInfoChanged':
      return `named ${message.name} by ${nameOf(message.actor)}`
    case 'messageDeleted':
      return `deleted ${message.guid < 0n ? 'system' : message.guid} by ${nameOf(message.deleter)}`
    case 'chatDeleted':
      return `gone by ${nameOf(message.actor)}`
    default:
      return message?.event ?? 'unknown'
  }
}

function pushesOf(client: RawClient): string[] {
  return client.pushes.flatMap(({ name, value }) => {
    if (name === 'gotInvite' && 'inviteId' in value) return [`invite ${value.chatId}`]
    if (name !== 'gotMessage' || !('blob' in value)) return []
    const text = textOf(value.author, value.blob)
    return text === 'memberOnline' ? [] : [`${value.messageId} ${text}`]
  })
}

async function heard(answer: Promise<{ ok: boolean; text?: string; value?: unknown }>): Promise<RefAnswer> {
  const { ok, text = '', value } = await answer
  return ok ? ['ok', value] : ['error', text]
}

for (const moderation of ['strict', 'original'] as const)
  for (const seed of [1, 2, 3, 4, 5, 6])
    test(`${moderation}: ${STEPS} random commands, seed ${seed}`, async () => {
      const random = randomOf(seed * 7_919)
      const below = (end: number): number => Math.floor(random() * end)
      const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T
      const server = await startServer({ moderation })
      const reference = new Reference(moderation === 'strict')
      for (const chat of CHATS) {
        await server.chat(chat)
        reference.makeChat(chat, 1)
      }
      const clients: [RawClient, RefClient][] = []
      for (const number of [...PEOPLE, 1, 2]) {
        const client = await server.login(pick(DIALECTS), number)
        const ref = { number, dialect: client.dialect }
        clients.push([client, ref])
        reference.pushes.set(ref, [])
      }
      const trace: string[] = []
      const compare = (what: string, actual: RefAnswer, expected: RefAnswer): void => {
        trace.push(what)
        expect(actual, `${trace.slice(-8).join('\n')}\nseed ${seed}`).toEqual(expected)
      }
      for (let step = 0; step < STEPS; step++) {
        const [client, ref] = pick(clients)
        const chatId = pick(CHATS)
        const target = pick(PEOPLE)
        const userPublicKey = keyOf(target)
        const who = `${ref.number} ${ref.dialect} ${chatId}`
        const isBinary = ref.dialect === 'binary'
        // Every step has a second of its own: what happens twice within one is a matter of other tests.
        server.clock.advance(1_000)
        switch (
          pick([
            'send',
            'send',
            'send',
            'remove',
            'add',
            'ban',
            'leave',
            'role',
            'role',
            'name',
            'invite',
            'invite',
            'answer',
            'answer',
            'subscribe',
            'subscribe',
            'last',
            'page',
            'members',
            'chats',
            'end',
          ])
        ) {
          case 'send': {
            const guid = BigInt(below(40))
            const time = random() < 0.3 ? undefined : NOW_SECONDS + BigInt(below(3))
            const text = `text ${step}`
            const request = { chatId, guid, timestampSeconds: time, blob: Buffer.from(text) }
            const [kind, value] = await heard(client.ask('sendMessage', request))
            const sent = value as { messageId: bigint; guid?: bigint }
            const got: RefAnswer =
              kind === 'error'
                ? ['error', String(value)]
                : ['ok', isBinary ? [sent.messageId] : [sent.messageId, sent.guid]]
            compare(`send ${guid} at ${time} ${who}`, got, reference.send(ref, chatId, guid, time, text))
            break
          }
          case 'remove': {
            const known = reference.chats.get(chatId)?.messages.filter(({ author }) => author !== 'mediator') ?? []
            const { id, guid } = random() < 0.8 && known.length > 0 ? pick(known) : { id: 999n, guid: 999n }
            const [kind, value] = await heard(client.ask('deleteMessage', { chatId, messageId: id, guid }))
            const got: RefAnswer = kind === 'ok' ? ['ok'] : ['error', String(value)]
            compare(`remove ${id}/${guid} ${who}`, got, reference.remove(ref, chatId, id, guid))
            break
          }
          case 'add':
          case 'ban':
          case 'leave':
          case 'role':
          case 'name':
          case 'invite':
          case 'answer':
          case 'end':
            await act()
            break
          case 'subscribe': {
            const [kind, value] = await heard(client.ask('subscribe', { chatId }))
            const got: RefAnswer =
              kind === 'ok' ? ['ok', (value as { messageId: bigint }).messageId] : ['error', String(value)]
            compare(`subscribe ${who}`, got, reference.subscribe(ref, chatId))
            break
          }
          case 'last': {
            const [kind, value] = await heard(client.ask('getLastMessageId', { chatId }))
            const got: RefAnswer =
              kind === 'ok' ? ['ok', (value as { messageId: bigint }).messageId] : ['error', String(value)]
            compare(`last ${who}`, got, reference.last(ref, chatId))
            break
          }
          case 'page': {
            const [sinceId, limit] = [BigInt(below(60)), 1 + below(20)]
            const answer = await client.ask('getMessagesSince', { chatId, sinceId, limit })
            const got: RefAnswer = answer.ok
              ? [
                  'ok',
                  answer.value.messages.map(({ messageId, author, blob }) => `${messageId} ${textOf(author, blob)}`),
                ]
              : ['error', answer.text]
            compare(`page ${sinceId} ${limit} ${who}`, got, reference.page(ref, chatId, sinceId, limit))
            break
          }
          case 'members': {
            const answer = await client.ask('getMembers', { chatId })
            const got: RefAnswer = answer.ok
              ? [
                  'ok',
                  answer.value.members
                    .map(({ publicKey, permissions, online }) => `${nameOf(publicKey)} ${permissions} ${online}`)
                    .sort(),
                ]
              : ['error', answer.text]
            compare(`members ${who}`, got, reference.members(ref, chatId))
            break
          }
          case 'chats': {
            const { chatIds } = await client.ok('getUserChats', {})
            compare(`chats ${who}`, ['ok', [...chatIds]], reference.chatsOf(ref))
            break
          }
        }

        async function act(): Promise<void> {
          const kind = pick([
            'add',
            'ban',
            'leave',
            'role',
            'role',
            'name',
            'invite',
            'invite',
            'answer',
            'answer',
            ...(step > STEPS - 40 ? ['end'] : []),
          ])
          const simple = async (answer: Promise<{ ok: boolean; text?: string }>): Promise<RefAnswer> => {
            const { ok, text = '' } = await answer
            return ok ? ['ok'] : ['error', text]
          }
          if (kind === 'add')
            compare(
              `add ${target} ${who}`,
              await simple(client.ask('addUser', { chatId, userPublicKey })),
              reference.add(ref, chatId, target),
            )
          if (kind === 'ban')
            compare(
              `ban ${target} ${who}`,
              await simple(client.ask('deleteUser', { chatId, userPublicKey })),
              reference.ban(ref, chatId, target),
            )
          if (kind === 'leave')
            compare(`leave ${who}`, await simple(client.ask('leaveChat', { chatId })), reference.leave(ref, chatId))
          if (kind === 'end')
            compare(`end ${who}`, await simple(client.ask('deleteChat', { chatId })), reference.deleteChat(ref, chatId))
          if (kind === 'invite') {
            const request = { chatId, toPublicKey: userPublicKey, data: new Uint8Array(92) }
            compare(
              `invite ${target} ${who}`,
              await simple(client.ask('sendInvite', request)),
              reference.invite(ref, chatId, target),
            )
          }
          if (kind === 'answer') {
            const mine = reference.invites.filter((one) => one.to === ref.number)
            const some = mine.length > 0 && random() < 0.8 ? mine : reference.invites
            const chosen = some.length > 0 && random() < 0.9 ? pick(some) : undefined
            // Which id an invite has is the store's business.
            const stored =
              chosen === undefined
                ? undefined
                : await server.run(() => call('inviteFor', keyOf(chosen.to), chosen.chat))
            const accepted = below(4) === 0 ? 0 : 1
            const request = { inviteId: stored?.inviteId ?? 999_999n, accepted }
            const got = await simple(client.ask('inviteResponse', request))
            compare(`answer ${chosen?.id} ${accepted} ${who}`, got, reference.answer(ref, chosen?.id ?? 0n, accepted))
          }
          if (isBinary) return
          if (kind === 'role') {
            const permissions = pick(ROLES)
            const request = { chatId, userPublicKey, permissions }
            compare(
              `role ${target} ${permissions} ${who}`,
              await simple(client.ask('changeMemberStatus', request)),
              reference.setRole(ref, chatId, target, permissions),
            )
          }
          if (kind === 'name')
            compare(
              `name ${who}`,
              await simple(client.ask('updateChatInfo', { chatId, name: `n${step}` })),
              reference.rename(ref, chatId, `n${step}`),
            )
        }
      }
      for (const [client, ref] of clients) {
        await client.settle()
        expect(pushesOf(client), `pushes of ${ref.number} ${ref.dialect}, seed ${seed}`).toEqual(
          reference.pushes.get(ref),
        )
      }
    })
