// Every error text of mediator protocol §8, for every dialect, over real sockets and with bytes made by hand. The expectations
// stand here a second time, in the words of the specification, and not by reference to the server's table.
import type { MediatorCommandName, MediatorDialect } from '@mimirjs/wire/mediator'
import { expect, test } from 'vitest'
import { call } from '../src/operations.js'
import { blob, encode, type Field, fixed, i64, text, u8, u32, utf8, without } from './support/payload.js'
import { proofFor } from './support/pow.js'
import type { RawClient } from './support/raw-client.js'
import { DIALECTS, keyOf, NOW_SECONDS, type Server, startServer } from './support/server.js'

const CHAT = 77n
const OWNER = 1
const USER = 2
const STRANGER = 3
const READER = 4
const BANNED = 5
const ADMIN = 6
const SOMEBODY = 7
const NUMBERS = [OWNER, USER, STRANGER, READER, BANNED, ADMIN, SOMEBODY]

async function start(options = {}): Promise<Server> {
  const server = await startServer(options)
  await server.chat(CHAT, [
    { number: USER, permissions: 0x10 },
    { number: READER, permissions: 0x08 },
    { number: BANNED, permissions: 0x11, banned: true },
    { number: ADMIN, permissions: 0x40 },
  ])
  return server
}

const chatId = fixed(0x10, i64(CHAT))
const user = fixed(0x15, keyOf(SOMEBODY))
const guid = fixed(0x12, i64(1n))
const timestamp = { ...fixed(0x32, i64(NOW_SECONDS)), only: 'tlv' } as const
const zeros = (bytes: number): Uint8Array => new Uint8Array(bytes)

/** Sound requests, their fields in the order of the checks. */
const REQUESTS: { readonly [K in MediatorCommandName]?: readonly Field[] } = {
  getNonce: [fixed(0x01, keyOf(USER))],
  auth: [fixed(0x01, keyOf(USER)), fixed(0x03, zeros(32)), fixed(0x02, zeros(64))],
  createChat: [
    fixed(0x01, keyOf(USER)),
    fixed(0x03, zeros(32)),
    fixed(0x04, u32(0)),
    fixed(0x02, zeros(64)),
    text(0x20, utf8('name')),
    text(0x21, utf8('description')),
    blob(0x22, zeros(3)),
  ],
  deleteChat: [chatId],
  updateChatInfo: [chatId, text(0x20, utf8('new'))],
  addUser: [chatId, user],
  deleteUser: [chatId, user],
  leaveChat: [chatId],
  sendMessage: [chatId, guid, timestamp, blob(0x23, zeros(3))],
  deleteMessage: [chatId, { ...fixed(0x11, i64(1n)), only: 'binary' }, { ...guid, only: 'tlv' }],
  getLastMessageId: [chatId],
  subscribe: [chatId],
  getMessagesSince: [chatId, fixed(0x14, i64(0n)), fixed(0x30, u32(10))],
  sendInvite: [chatId, user, blob(0x25, zeros(92))],
  inviteResponse: [fixed(0x13, i64(1n)), fixed(0x35, u8(1))],
  updateMemberInfo: [chatId, fixed(0x32, i64(NOW_SECONDS)), blob(0x24, zeros(30))],
  getMembersInfo: [chatId, fixed(0x36, i64(0n))],
  getMembers: [chatId],
  changeMemberStatus: [chatId, user, fixed(0x33, u8(0x10))],
}

/** command, tag, text in `binary`, text in the TLV dialects; `undefined`: the field may be missing there. */
const FIELD_TEXTS: readonly (readonly [MediatorCommandName, number, string | undefined, string | undefined])[] = [
  ['getNonce', 0x01, 'bad pubkey', 'missing or invalid pubkey'],
  ['auth', 0x01, 'bad pubkey', 'missing or invalid pubkey'],
  ['auth', 0x03, 'bad nonce', 'missing or invalid nonce'],
  ['auth', 0x02, 'bad signature', 'missing or invalid signature'],
  ['createChat', 0x01, 'bad owner pubkey', 'missing or invalid owner pubkey'],
  ['createChat', 0x03, 'bad nonce', 'missing or invalid nonce'],
  ['createChat', 0x04, 'bad counter', 'missing or invalid counter'],
  ['createChat', 0x02, 'bad signature', 'missing or invalid signature'],
  ['createChat', 0x20, 'bad name', 'missing chat name'],
  ['createChat', 0x21, 'bad description', 'missing chat description'],
  ['createChat', 0x22, 'bad avatar', undefined],
  ['deleteChat', 0x10, 'bad chat id', 'missing or invalid chat id'],
  ['updateChatInfo', 0x10, undefined, 'missing or invalid chat id'],
  ['updateChatInfo', 0x20, undefined, 'no fields to update'],
  ['addUser', 0x10, 'bad chat id', 'missing or invalid chat id'],
  ['addUser', 0x15, 'bad new user pubkey', 'missing or invalid user pubkey'],
  ['deleteUser', 0x10, 'bad chat id', 'missing or invalid chat id'],
  ['deleteUser', 0x15, 'bad user pubkey', 'missing or invalid user pubkey'],
  ['leaveChat', 0x10, 'bad chat id', 'missing or invalid chat id'],
  ['sendMessage', 0x10, 'bad chat id', 'missing or invalid chat id'],
  ['sendMessage', 0x12, 'bad guid', 'missing or invalid guid'],
  ['sendMessage', 0x23, 'bad blob', undefined],
  ['deleteMessage', 0x10, 'bad chat id', 'missing or invalid chat id'],
  ['deleteMessage', 0x11, 'bad message id', undefined],
  ['deleteMessage', 0x12, undefined, 'missing or invalid message guid'],
  ['getLastMessageId', 0x10, 'bad chat id', 'missing or invalid chat id'],
  ['subscribe', 0x10, 'bad chat id', 'missing or invalid chat id'],
  ['getMessagesSince', 0x10, 'bad chat id', 'missing or invalid chat id'],
  ['getMessagesSince', 0x14, 'bad message id', 'missing or invalid since message id'],
  ['getMessagesSince', 0x30, 'bad limit', 'missing or invalid limit'],
  ['sendInvite', 0x10, 'bad chat id', 'missing or invalid chat id'],
  ['sendInvite', 0x15, 'bad to_pubkey', 'missing or invalid to_pubkey'],
  ['sendInvite', 0x25, 'bad encrypted data', undefined],
  ['inviteResponse', 0x13, 'bad invite id', 'missing or invalid invite id'],
  ['inviteResponse', 0x35, 'bad accepted flag', 'missing or invalid accepted flag'],
  ['updateMemberInfo', 0x10, 'bad chat id', 'missing or invalid chat id'],
  ['updateMemberInfo', 0x32, 'bad timestamp', 'missing or invalid timestamp'],
  ['updateMemberInfo', 0x24, 'bad encrypted blob', undefined],
  ['getMembersInfo', 0x10, 'bad chat id', 'missing or invalid chat id'],
  ['getMembersInfo', 0x36, 'bad timestamp', undefined],
  ['getMembers', 0x10, 'bad chat id', 'missing or invalid chat id'],
  ['changeMemberStatus', 0x10, undefined, 'missing or invalid chat id'],
  ['changeMemberStatus', 0x15, undefined, 'missing or invalid user pubkey'],
  ['changeMemberStatus', 0x33, undefined, 'missing or invalid perms'],
]

/** In `binary` these errors carry request id 0 (§8.9, §8.10). */
const WITHOUT_ID: ReadonlySet<string> = new Set(['leaveChat bad chat id', 'leaveChat auth required'])

async function hear(client: RawClient, command: MediatorCommandName, payload: Uint8Array): Promise<string> {
  const id = client.sendRaw(command, payload)
  const answer = await client.answerTo(command, id)
  if (answer.ok) return 'ok'
  const isWithoutId = client.dialect === 'binary' && WITHOUT_ID.has(`${command} ${answer.text}`)
  expect(answer.id, `request id of ${command}: ${answer.text}`).toBe(isWithoutId ? 0 : id)
  return answer.text
}

for (const dialect of DIALECTS) {
  test(`${dialect}: each field that is missing has its text, in the order of the checks`, async () => {
    const server = await start()
    const before = await server.dump([CHAT], NUMBERS)
    const client = await server.login(dialect, USER)
    const anonymous = await server.connect(dialect, STRANGER)
    anonymous.open()
    for (const [command, tag, binary, tlv] of FIELD_TEXTS) {
      const expected = dialect === 'binary' ? binary : tlv
      if (expected === undefined) continue
      const asker = command === 'auth' ? anonymous : client
      expect(await hear(asker, command, without(dialect, REQUESTS[command] ?? [], tag)), `${command} ${tag}`).toBe(
        expected,
      )
    }
    expect(await server.dump([CHAT], NUMBERS)).toEqual(before)
  })

  test(`${dialect}: without a login`, async () => {
    const server = await start()
    const before = await server.dump([CHAT], NUMBERS)
    const client = await server.connect(dialect, USER)
    client.open()
    const commands = Object.keys(REQUESTS) as MediatorCommandName[]
    for (const command of [...commands, 'getUserChats'] as const) {
      if (command === 'getNonce' || command === 'auth') continue
      if (dialect === 'binary' && (command === 'updateChatInfo' || command === 'changeMemberStatus')) continue
      const id = client.sendRaw(command, encode(dialect, REQUESTS[command] ?? []))
      const answer = await client.answerTo(command, id)
      const expected =
        { createChat: 'not authenticated', deleteChat: 'not an owner' }[command as string] ?? 'auth required'
      const isWithoutId = dialect === 'binary' && (command === 'leaveChat' || command === 'getUserChats')
      expect(answer, command).toEqual({ ok: false, text: expected, id: isWithoutId ? 0 : id })
    }
    await client.ok('ping', {})
    expect(await client.refused('deleteChat', { chatId: 1n })).toBe('no such chat')
    expect(await server.dump([CHAT], NUMBERS)).toEqual(before)
  })

  test(`${dialect}: logins that fail, and that one proof is taken once`, async () => {
    const server = await start()
    const client = await server.connect(dialect, USER)
    client.open()
    const { publicKey } = client
    const nothing = { publicKey, nonce: zeros(32), signature: zeros(64) }
    expect(await client.refused('auth', nothing)).toBe('unknown nonce')
    const { nonce } = await client.ok('getNonce', { publicKey })
    expect(await client.refused('auth', nothing)).toBe(dialect === 'tlv-push' ? 'nonce mismatch' : 'unknown nonce')
    // Somebody else's nonce, and somebody else's signature.
    const other = await server.connect(dialect, STRANGER)
    other.open()
    const signature = client.signer.sign(nonce)
    expect(await other.refused('auth', { publicKey, nonce, signature })).toBe('unknown nonce')
    expect(await client.refused('auth', { publicKey, nonce, signature: other.signer.sign(nonce) })).toBe(
      'invalid signature',
    )
    // 32 bytes that are no point of the curve.
    const noPoint = new Uint8Array(32).fill(0xff)
    noPoint[31] = 0x7f
    const forged = await client.ok('getNonce', { publicKey: noPoint })
    expect(await client.refused('auth', { publicKey: noPoint, nonce: forged.nonce, signature: zeros(64) })).toBe(
      dialect === 'tlv-push' ? 'invalid pubkey' : 'invalid signature',
    )
    await client.ok('auth', { publicKey, nonce, signature })
    await client.ok('auth', { publicKey, nonce, signature })
    expect(await client.refused('auth', { publicKey: keyOf(STRANGER), nonce, signature })).toBe('already authenticated')
    const again = await server.connect(dialect, USER)
    again.open()
    expect(await again.refused('auth', { publicKey, nonce, signature })).toBe('unknown nonce')
  })

  test(`${dialect}: CREATE_CHAT that fails`, async () => {
    const server = await start()
    const client = await server.login(dialect, USER)
    const ownerPublicKey = client.publicKey
    const sound = { name: 'n', description: 'd', counter: 0, signature: zeros(64) }
    const request = { ownerPublicKey, nonce: zeros(32), ...sound }
    expect(await client.refused('createChat', { ...request, ownerPublicKey: keyOf(STRANGER) })).toBe('keys mismatch')
    // Whose chat it is is asked before the fields behind it.
    const foreign = [fixed(0x01, keyOf(STRANGER)), fixed(0x03, zeros(31))]
    expect(await hear(client, 'createChat', encode(dialect, foreign))).toBe('keys mismatch')
    expect(await client.refused('createChat', { ...request, avatar: zeros(204_801) })).toBe('field too large')
    const [name, description] = dialect === 'binary' ? ['é'.repeat(10), 200] : ['𝕏'.repeat(25), 200]
    for (const [text, length] of [
      [`${name}x`, description],
      [name, description + 1],
    ] as const)
      expect(await client.refused('createChat', { ...request, name: text, description: 'd'.repeat(length) })).toBe(
        'field too large',
      )
    const longest = { ...request, name, description: 'd'.repeat(description), avatar: zeros(204_800) }
    expect(await client.refused('createChat', longest)).toBe('unknown nonce')
    const { nonce } = await client.ok('getNonce', { publicKey: ownerPublicKey })
    expect(await client.refused('createChat', { ...request, nonce, signature: new Uint8Array(64).fill(1) })).toBe(
      'signature filter failed',
    )
    expect(await client.refused('createChat', { ...request, nonce })).toBe('invalid signature')
    const invalidText = [
      fixed(0x01, ownerPublicKey),
      fixed(0x03, nonce),
      fixed(0x04, u32(0)),
      fixed(0x02, zeros(64)),
      text(0x20, Uint8Array.of(0xff)),
      text(0x21, utf8('')),
      blob(0x22, zeros(0)),
    ]
    expect(await hear(client, 'createChat', encode(dialect, invalidText))).toBe(
      dialect === 'binary' ? 'bad name' : 'missing chat name',
    )
    const proof = await proofFor(client, nonce)
    const { chatId: made } = await client.ok('createChat', { ...longest, nonce, ...proof })
    expect(await client.refused('createChat', { ...request, nonce, ...proof })).toBe('unknown nonce')
    expect(await client.ok('getUserChats', {})).toEqual({ chatIds: [CHAT, made].sort((a, b) => (a < b ? -1 : 1)) })
    expect(await server.run(() => call('user', made, ownerPublicKey))).toMatchObject({
      permissions: 0x90,
      banned: false,
      acceptedAtSeconds: NOW_SECONDS,
      changedAtSeconds: 0n,
      hasInfo: false,
    })
  })

  test(`${dialect}: refusals that the state decides`, async () => {
    const server = await start()
    const owner = await server.login(dialect, OWNER)
    const member = await server.login(dialect, USER)
    const stranger = await server.login(dialect, STRANGER)
    const reader = await server.login(dialect, READER)
    const banned = await server.login(dialect, BANNED)
    const isPush = dialect === 'tlv-push'
    const target = { chatId: CHAT, userPublicKey: keyOf(SOMEBODY) }
    const invite = { chatId: CHAT, toPublicKey: keyOf(SOMEBODY), data: zeros(92) }
    const message = { chatId: CHAT, guid: 9n, blob: zeros(1) }
    const page = { chatId: CHAT, sinceId: 0n, limit: 1 }
    const info = { chatId: CHAT, timestampSeconds: 1n, info: zeros(1) }
    const before = await server.dump([CHAT], NUMBERS)

    for (const client of [stranger, banned]) {
      const refusal = 'not a member or banned'
      expect(await client.refused('addUser', target)).toBe(refusal)
      expect(await client.refused('deleteUser', target)).toBe(refusal)
      expect(await client.refused('sendInvite', invite)).toBe(refusal)
      expect(await client.refused('sendMessage', message)).toBe(refusal)
      expect(await client.refused('getLastMessageId', { chatId: CHAT })).toBe(refusal)
      expect(await client.refused('subscribe', { chatId: CHAT })).toBe(refusal)
      expect(await client.refused('getMessagesSince', page)).toBe(refusal)
      expect(await client.refused('updateMemberInfo', info)).toBe(refusal)
      expect(await client.refused('getMembersInfo', { chatId: CHAT, sinceSeconds: 0n })).toBe(refusal)
      expect(await client.refused('getMembers', { chatId: CHAT })).toBe(refusal)
      expect(await client.refused('leaveChat', { chatId: CHAT })).toBe(
        client === stranger ? 'not a member' : 'banned user',
      )
    }
    const forbidden = isPush ? 'not a member or banned' : 'insufficient perms'
    expect(await member.refused('addUser', target)).toBe(forbidden)
    expect(await member.refused('deleteUser', target)).toBe(forbidden)
    expect(await member.refused('sendInvite', invite)).toBe(forbidden)
    expect(await owner.refused('leaveChat', { chatId: CHAT })).toBe("owner can't leave")
    expect(await member.refused('deleteChat', { chatId: CHAT })).toBe('not an owner')
    expect(await owner.refused('deleteChat', { chatId: CHAT + 1n })).toBe('no such chat')
    expect(await reader.refused('sendMessage', message)).toBe('read-only user')
    expect(await reader.refused('subscribe', { chatId: CHAT })).toBe('read-only user')
    expect(await member.refused('getMessagesSince', { ...page, limit: 0 })).toBe('limit must be between 1 and 500')
    expect(await member.refused('getMessagesSince', { ...page, limit: 501 })).toBe('limit must be between 1 and 500')
    expect(await member.refused('inviteResponse', { inviteId: 1n, accepted: 2 })).toBe('invalid accepted value')
    expect(await member.refused('inviteResponse', { inviteId: 1n, accepted: 1 })).toBe('invite not found')
    const ahead = dialect === 'binary' ? 'bad timestamp' : 'missing or invalid timestamp'
    for (const timestampSeconds of [NOW_SECONDS + 86_401n, 2n ** 63n])
      expect(await member.refused('updateMemberInfo', { ...info, timestampSeconds })).toBe(ahead)
    expect(await member.refused('updateMemberInfo', { ...info, info: zeros(786_433) })).toBe('field too large')
    if (dialect === 'binary') {
      expect(await member.refused('deleteMessage', { chatId: CHAT, messageId: 1n })).toBe('insufficient perms')
      await owner.ok('deleteMessage', { chatId: CHAT, messageId: 1n })
    } else {
      expect(await owner.refused('deleteMessage', { chatId: CHAT, guid: 1n })).toBe('message not found')
      expect(await owner.refused('deleteMessage', { chatId: CHAT, messageId: 1n })).toBe('message not found')
    }
    expect(await server.dump([CHAT], NUMBERS)).toEqual(before)

    expect(await owner.refused('sendInvite', { ...invite, data: zeros(1_025) })).toBe('field too large')
    await owner.ok('sendInvite', { ...invite, data: zeros(1_024) })
    expect(await owner.refused('sendInvite', invite)).toBe('invite already exists')
    const somebody = await server.login(dialect, SOMEBODY)
    const { inviteId } = await somebody.push('gotInvite')
    expect(await member.refused('inviteResponse', { inviteId, accepted: 1 })).toBe('not recipient of this invite')
    await owner.ok('sendMessage', message)
    const { messages } = await owner.ok('getMessagesSince', page)
    const stored = { chatId: CHAT, messageId: messages[0]?.messageId, guid: 9n }
    expect(await member.refused('deleteMessage', stored)).toBe('insufficient perms')
  })
}

for (const dialect of ['tlv', 'tlv-push'] as const) {
  test(`${dialect}: a field of another size counts as missing, one that may be missing is not asked for`, async () => {
    const server = await start()
    const client = await server.login(dialect, USER)
    const anonymous = await server.connect(dialect, STRANGER)
    anonymous.open()
    for (const [command, tag, , expected] of FIELD_TEXTS) {
      const fields = REQUESTS[command] ?? []
      if (expected === undefined || fields.find((field) => field.tag === tag)?.lengthBytes !== 0) continue
      const spoilt = fields.map((field) =>
        field.tag === tag ? { ...field, value: new Uint8Array([...field.value, 0]) } : field,
      )
      const asker = command === 'auth' ? anonymous : client
      expect(await hear(asker, command, encode(dialect, spoilt)), `${command} ${tag}`).toBe(expected)
    }
    expect(await hear(client, 'sendMessage', encode(dialect, [chatId, guid]))).toBe('ok')
    expect(await hear(client, 'getMembersInfo', encode(dialect, [chatId, fixed(0x36, u8(1))]))).toBe('ok')
  })

  test(`${dialect}: what is no TLV is told so, where a payload is read at all`, async () => {
    const server = await start()
    const client = await server.login(dialect, USER)
    for (const command of Object.keys(REQUESTS) as MediatorCommandName[])
      expect(await hear(client, command, Uint8Array.of(0x10, 0xff, 0xff, 0xff, 0xff)), command).toBe('bad tlv payload')
    const broken = Uint8Array.of(0x10)
    expect(await hear(client, 'getUserChats', broken)).toBe(dialect === 'tlv' ? 'bad tlv payload' : 'ok')
    expect(await hear(client, 'ping', broken)).toBe('ok')
  })

  test(`${dialect}: UPDATE_CHAT_INFO and CHANGE_MEMBER_STATUS that fail`, async () => {
    const server = await start()
    const before = await server.dump([CHAT], NUMBERS)
    const owner = await server.login(dialect, OWNER)
    const admin = await server.login(dialect, ADMIN)
    const member = await server.login(dialect, USER)
    const stranger = await server.login(dialect, STRANGER)
    const banned = await server.login(dialect, BANNED)
    const update = { chatId: CHAT, name: 'x' }
    expect(await owner.refused('updateChatInfo', { chatId: CHAT })).toBe('no fields to update')
    expect(await owner.refused('updateChatInfo', { chatId: CHAT, name: '𝕏'.repeat(26) })).toBe('name too long')
    expect(await owner.refused('updateChatInfo', { chatId: CHAT, description: 'd'.repeat(201) })).toBe(
      'description too long',
    )
    expect(await owner.refused('updateChatInfo', { chatId: CHAT, avatar: zeros(204_801) })).toBe('avatar too large')
    expect(await stranger.refused('updateChatInfo', update)).toBe('not a member')
    expect(await banned.refused('updateChatInfo', update)).toBe('banned')
    expect(await member.refused('updateChatInfo', update)).toBe('insufficient perms')
    const invalidText = encode(dialect, [chatId, text(0x20, Uint8Array.of(0xff))])
    expect(await hear(owner, 'updateChatInfo', invalidText)).toBe('no fields to update')

    const change = { chatId: CHAT, userPublicKey: keyOf(USER), permissions: 0x20 }
    expect(await stranger.refused('changeMemberStatus', change)).toBe('not a member or banned')
    expect(await banned.refused('changeMemberStatus', change)).toBe('not a member or banned')
    expect(await member.refused('changeMemberStatus', change)).toBe('cannot modify own permissions')
    const unknown = { ...change, userPublicKey: keyOf(SOMEBODY) }
    expect(await member.refused('changeMemberStatus', unknown)).toBe('target user not a member')
    const reader = { ...change, userPublicKey: keyOf(READER) }
    expect(await member.refused('changeMemberStatus', reader)).toBe('insufficient perms')
    const ofOwner = { ...change, userPublicKey: keyOf(OWNER) }
    expect(await admin.refused('changeMemberStatus', ofOwner)).toBe('cannot modify owner permissions')
    expect(await owner.refused('changeMemberStatus', { ...change, permissions: 0x06 })).toBe('invalid permission flags')
    expect(await server.dump([CHAT], NUMBERS)).toEqual(before)
  })
}

test('a store that fails is told with the text of the command and dialect', async () => {
  const texts: Record<MediatorDialect, Partial<Record<MediatorCommandName, string>>> = {
    binary: {
      sendMessage: 'db error - failed to insert message',
      sendInvite: 'db insert error',
      leaveChat: 'db error',
    },
    tlv: { getMembers: 'db error', deleteUser: 'db error', deleteChat: 'db drop', createChat: 'db chat meta' },
    'tlv-push': { sendMessage: 'db error', deleteUser: 'db error deleting user', deleteChat: 'db error' },
  }
  const server = await start()
  const clients = new Map<MediatorDialect, RawClient>()
  for (const dialect of DIALECTS) clients.set(dialect, await server.login(dialect, OWNER))
  const creator = clients.get('tlv')
  const nonce = await creator?.ok('getNonce', { publicKey: keyOf(OWNER) })
  await server.store.close()
  for (const dialect of DIALECTS)
    for (const [command, expected] of Object.entries(texts[dialect]) as [MediatorCommandName, string][]) {
      const client = clients.get(dialect)
      if (client === undefined || nonce === undefined) throw new Error('not logged in')
      const proof = command === 'createChat' ? await proofFor(client, nonce.nonce) : undefined
      const fields = (REQUESTS[command] ?? []).map((field) => {
        if (command !== 'createChat' || proof === undefined) return field
        const values: Record<number, Uint8Array> = {
          1: keyOf(OWNER),
          2: proof.signature,
          3: nonce.nonce,
          4: u32(proof.counter),
        }
        return { ...field, value: values[field.tag] ?? field.value }
      })
      expect(await hear(client, command, encode(dialect, fields)), `${dialect} ${command}`).toBe(expected)
    }
  const client = await server.connect('binary', USER)
  client.open()
  expect(await client.ask('getUserChats', {})).toMatchObject({ text: 'auth required', id: 0 })
})
