// Members, invites, presence, member info, chats: mediator protocol §8.4 to §8.10, §8.16 to §8.21, §12 to §14.
import { decodeSystemMessage, type SystemMessage } from '@mimirjs/wire/mediator'
import { expect, test } from 'vitest'
import { call } from '../src/operations.js'
import { chatRequest } from './support/pow.js'
import type { RawClient } from './support/raw-client.js'
import { DIALECTS, hex, keyOf, MEDIATOR, NOW_SECONDS, type Server, startServer } from './support/server.js'

const CHAT = 5n
const data = new Uint8Array(92).fill(1)
const HOUR = 3_600_000

async function start(options = {}): Promise<Server> {
  const server = await startServer(options)
  await server.chat(CHAT, [
    { number: 2, permissions: 0x10 },
    { number: 3, permissions: 0x40 },
  ])
  return server
}

/** The system messages that a client has been pushed, presence left out unless asked for. */
async function heard(client: RawClient, withPresence = false): Promise<SystemMessage[]> {
  await client.settle()
  const messages = client.pushes.flatMap(({ name, value }) => {
    const isSystem = name === 'gotMessage' && 'blob' in value && hex(value.author) === hex(keyOf(MEDIATOR))
    const message = isSystem ? decodeSystemMessage(value.blob) : undefined
    return message === undefined ? [] : [message]
  })
  return messages.filter(({ event }) => withPresence === (event === 'memberOnline'))
}

test('a chat is made with its owner as the only member, and deleted with everything of it', async () => {
  for (const dialect of DIALECTS) {
    const server = await start()
    const owner = await server.login(dialect, 7)
    const avatar = new Uint8Array(10).fill(4)
    const { chatId } = await owner.ok(
      'createChat',
      await chatRequest(owner, { name: 'ünïcode', description: 'd', avatar }),
    )
    expect(chatId).toBeGreaterThan(0n)
    expect(await server.run(() => call('settings', chatId))).toEqual({ name: 'ünïcode', description: 'd', avatar })
    const member = await server.login(dialect, 8)
    await owner.ok('sendInvite', { chatId, toPublicKey: member.publicKey, data })
    const { inviteId, ...invite } = await member.push('gotInvite')
    expect(invite).toEqual({
      chatId,
      from: owner.publicKey,
      timestampSeconds: NOW_SECONDS,
      name: 'ünïcode',
      description: 'd',
      avatar,
      data,
    })
    await member.ok('inviteResponse', { inviteId, accepted: 1 })
    await member.ok('subscribe', { chatId })
    await owner.ok('sendInvite', { chatId, toPublicKey: keyOf(9), data })
    await owner.ok('deleteChat', { chatId })
    expect(await heard(member)).toMatchObject([{ event: 'chatDeleted', actor: owner.publicKey }])
    expect(await member.refused('subscribe', { chatId })).toBe('not a member or banned')
    expect(await member.ok('getUserChats', {})).toEqual({ chatIds: [] })
    expect(await server.run(() => call('invitesFor', keyOf(9)))).toEqual([])
    expect(server.mediator.stats()).toMatchObject({ subscriptions: 0, rooms: 0 })
  }
})

test('chat info: what is named changes, an empty avatar goes, everybody is told but binary clients', async () => {
  const server = await start()
  const owner = await server.login('tlv', 1)
  const readers = await Promise.all(DIALECTS.map((dialect) => server.login(dialect, 2)))
  for (const client of [owner, ...readers]) await client.ok('subscribe', { chatId: CHAT })
  const avatar = new Uint8Array(204_800).fill(9)
  await owner.ok('updateChatInfo', { chatId: CHAT, avatar })
  expect(await server.run(() => call('settings', CHAT))).toEqual({ name: 'chat', description: 'of tests', avatar })
  await owner.ok('updateChatInfo', { chatId: CHAT, name: 'n', description: '', avatar: new Uint8Array(0) })
  expect(await server.run(() => call('settings', CHAT))).toEqual({ name: 'n', description: '', avatar: undefined })
  const actor = keyOf(1)
  for (const client of [owner, ...readers.slice(1)])
    expect(await heard(client)).toEqual([
      { event: 'chatInfoChanged', actor, avatar },
      { event: 'chatInfoChanged', actor, name: 'n', description: '', avatar: new Uint8Array(0) },
    ])
  expect(await heard(readers[0] as RawClient)).toEqual([])
  const { messages } = await (readers[0] as RawClient).ok('getMessagesSince', { chatId: CHAT, sinceId: 0n, limit: 9 })
  expect(messages).toHaveLength(2)
})

test('adding, banning, leaving: rows, and who is told', async () => {
  for (const dialect of DIALECTS) {
    const server = await start()
    const owner = await server.login(dialect, 1)
    const ownerElsewhere = await server.login(dialect, 1)
    const member = await server.login(dialect, 2)
    for (const client of [owner, ownerElsewhere, member]) await client.ok('subscribe', { chatId: CHAT })
    await owner.ok('addUser', { chatId: CHAT, userPublicKey: keyOf(7) })
    expect(await server.run(() => call('user', CHAT, keyOf(7)))).toMatchObject({
      permissions: 0x10,
      acceptedAtSeconds: NOW_SECONDS,
      changedAtSeconds: NOW_SECONDS,
    })
    const added = await server.login(dialect, 7)
    await added.ok('subscribe', { chatId: CHAT })
    const addedElsewhere = await server.login(dialect, 7)
    await addedElsewhere.ok('subscribe', { chatId: CHAT })
    server.clock.advance(5_000)
    await owner.ok('deleteUser', { chatId: CHAT, userPublicKey: keyOf(7) })
    expect(await server.run(() => call('user', CHAT, keyOf(7)))).toMatchObject({
      permissions: 0x11,
      banned: true,
      changedAtSeconds: NOW_SECONDS + 5n,
    })
    // The last thing that it hears, on all its connections.
    await owner.ok('sendMessage', { chatId: CHAT, guid: 1n, blob: data })
    for (const client of [added, addedElsewhere]) {
      expect(await heard(client)).toMatchObject([{ event: 'userBanned', target: keyOf(7), actor: keyOf(1) }])
      expect(client.pushes.filter(({ value }) => 'guid' in value && value.guid === 1n)).toEqual([])
    }
    const memberElsewhere = await server.login(dialect, 2)
    await memberElsewhere.ok('subscribe', { chatId: CHAT })
    await member.ok('leaveChat', { chatId: CHAT })
    expect(await heard(memberElsewhere)).toMatchObject([{ event: 'userLeft', user: keyOf(2) }])
    await owner.ok('sendMessage', { chatId: CHAT, guid: 2n, blob: data })
    await memberElsewhere.settle()
    expect(memberElsewhere.pushes.filter(({ value }) => 'guid' in value && value.guid === 2n)).toEqual([])
    expect((await heard(member)).map(({ event }) => event)).toEqual(['userAdded', 'userBanned'])
    expect((await heard(owner)).map(({ event }) => event)).toEqual(['userLeft'])
    expect((await heard(ownerElsewhere)).map(({ event }) => event)).toEqual(['userAdded', 'userBanned', 'userLeft'])
    expect(await server.run(() => call('user', CHAT, keyOf(2)))).toBeUndefined()
    expect(server.mediator.stats().subscriptions).toBe(2)
  }
})

test('roles: the row, the ban with its bit, and who is told', async () => {
  for (const dialect of ['tlv', 'tlv-push'] as const) {
    const server = await start()
    const owner = await server.login(dialect, 1)
    const readers = await Promise.all(DIALECTS.map((one) => server.login(one, 2)))
    for (const client of [owner, ...readers]) await client.ok('subscribe', { chatId: CHAT })
    await owner.ok('changeMemberStatus', { chatId: CHAT, userPublicKey: keyOf(2), permissions: 0x20 })
    await owner.ok('changeMemberStatus', { chatId: CHAT, userPublicKey: keyOf(2), permissions: 0x01 })
    expect(await server.run(() => call('user', CHAT, keyOf(2)))).toMatchObject({ permissions: 1, banned: true })
    const told = [0x20, 1].map((permissions) => ({
      event: 'permsChanged',
      target: keyOf(2),
      actor: keyOf(1),
      permissions,
    }))
    for (const client of readers) expect(await heard(client)).toMatchObject(client.dialect === 'binary' ? [] : told)
    expect(await heard(owner)).toEqual([])
    expect(server.mediator.stats().subscriptions).toBe(1)
  }
})

test('an invite is pushed at once, after every login until it is answered, and to every connection', async () => {
  for (const dialect of DIALECTS) {
    const server = await start()
    const owner = await server.login(dialect, 1)
    const [here, there] = [await server.login('tlv', 7), await server.login('binary', 7)]
    await owner.ok('sendInvite', { chatId: CHAT, toPublicKey: keyOf(7), data })
    const { inviteId } = await here.push('gotInvite')
    expect((await there.push('gotInvite')).inviteId).toBe(inviteId)
    for (let round = 0; round < 2; round++) {
      const later = await server.login(dialect, 7)
      expect((await later.push('gotInvite')).inviteId).toBe(inviteId)
      await later.settle()
      expect(later.pushes).toEqual([])
    }
    await here.ok('inviteResponse', { inviteId, accepted: 0 })
    expect(await here.refused('inviteResponse', { inviteId, accepted: 1 })).toBe('invite not found')
    expect(await server.run(() => call('user', CHAT, keyOf(7)))).toBeUndefined()
    const empty = await server.login(dialect, 7)
    await empty.settle()
    expect(empty.pushes).toEqual([])
    await owner.ok('sendInvite', { chatId: CHAT, toPublicKey: keyOf(7), data })
  }
})

test('an invite lives three days', async () => {
  const server = await start()
  const owner = await server.login('tlv-push', 1)
  await owner.ok('sendInvite', { chatId: CHAT, toPublicKey: keyOf(7), data })
  server.clock.advance(72 * HOUR - 1_000)
  const inTime = await server.login('tlv-push', 7)
  const { inviteId } = await inTime.push('gotInvite')
  server.clock.advance(1_000)
  expect(await inTime.refused('inviteResponse', { inviteId, accepted: 1 })).toBe('invite not found')
  const late = await server.login('tlv-push', 7)
  await late.settle()
  expect(late.pushes).toEqual([])
  server.clock.advance(HOUR)
  await expect.poll(() => server.run(() => call('invite', inviteId))).toBeUndefined()
})

test('inviting again: never in the Go dialects, after an hour in tlv-push, in place', async () => {
  for (const dialect of DIALECTS) {
    const server = await start()
    const invitee = await server.login('tlv-push', 7)
    await (await server.login(dialect, 1)).ok('sendInvite', { chatId: CHAT, toPublicKey: keyOf(7), data })
    const { inviteId } = await invitee.push('gotInvite')
    server.clock.advance(HOUR - 1_000)
    const again = { chatId: CHAT, toPublicKey: keyOf(7), data: new Uint8Array(92).fill(2) }
    expect(await (await server.login(dialect, 3)).refused('sendInvite', again)).toBe('invite already exists')
    server.clock.advance(1_000)
    const admin = await server.login(dialect, 3)
    if (dialect !== 'tlv-push') {
      expect(await admin.refused('sendInvite', again)).toBe('invite already exists')
      continue
    }
    const waiting = await server.login(dialect, 7)
    await waiting.push('gotInvite')
    await admin.ok('sendInvite', again)
    expect(await waiting.push('gotInvite')).toMatchObject({ inviteId, from: keyOf(3), data: again.data })
  }
})

test('accepting: the row, who is told, what a binary client is asked', async () => {
  for (const dialect of DIALECTS) {
    const server = await start()
    const owner = await server.login('tlv-push', 1)
    await owner.ok('subscribe', { chatId: CHAT })
    await owner.ok('sendInvite', { chatId: CHAT, toPublicKey: keyOf(7), data })
    const invitee = await server.login(dialect, 7)
    const { inviteId } = await invitee.push('gotInvite')
    await invitee.ok('inviteResponse', { inviteId, accepted: 1 })
    expect(await server.run(() => call('user', CHAT, keyOf(7)))).toMatchObject({
      permissions: 0x10,
      banned: false,
      acceptedAtSeconds: NOW_SECONDS,
      changedAtSeconds: 0n,
    })
    expect(await heard(owner)).toMatchObject([{ event: 'userAdded', target: keyOf(7), actor: keyOf(1) }])
    await invitee.settle()
    const asked = invitee.pushes.filter(({ name }) => name === 'requestMemberInfo')
    expect(asked.map(({ value }) => value)).toEqual(
      dialect === 'binary' ? [{ chatId: CHAT, lastUpdateSeconds: 0n }] : [],
    )
    expect(await invitee.ok('getUserChats', {})).toEqual({ chatIds: [CHAT] })
  }
})

test('strict: present members are invited to get a new key, which changes nothing else', async () => {
  for (const dialect of DIALECTS) {
    const server = await start()
    const admin = await server.login(dialect, 3)
    const member = await server.login(dialect, 2)
    const before = await server.dump([CHAT], [1, 2, 3])
    for (const byte of [1, 2])
      await admin.ok('sendInvite', { chatId: CHAT, toPublicKey: keyOf(2), data: data.fill(byte) })
    const { inviteId } = await member.push('gotInvite')
    expect(await member.push('gotInvite')).toMatchObject({ inviteId, data: data.fill(2) })
    await member.ok('inviteResponse', { inviteId, accepted: 1 })
    expect(await server.dump([CHAT], [1, 2, 3])).toEqual(before)
  }
})

test('strict: a ban takes back an invite that would undo it', async () => {
  const server = await start()
  const owner = await server.login('tlv-push', 1)
  const member = await server.login('tlv-push', 2)
  for (const ban of ['deleteUser', 'changeMemberStatus'] as const) {
    await owner.ok('sendInvite', { chatId: CHAT, toPublicKey: keyOf(2), data })
    const { inviteId } = await member.push('gotInvite')
    await owner.ok(ban, { chatId: CHAT, userPublicKey: keyOf(2), permissions: 0x01 })
    expect(await member.refused('inviteResponse', { inviteId, accepted: 1 })).toBe('invite not found')
    await owner.ok('addUser', { chatId: CHAT, userPublicKey: keyOf(2) })
  }
})

test('strict: leaving takes back an invite that would lift READ_ONLY', async () => {
  const server = await start()
  const owner = await server.login('tlv-push', 1)
  const member = await server.login('tlv-push', 2)
  await owner.ok('changeMemberStatus', { chatId: CHAT, userPublicKey: keyOf(2), permissions: 0x08 })
  await owner.ok('sendInvite', { chatId: CHAT, toPublicKey: keyOf(2), data })
  const { inviteId } = await member.push('gotInvite')
  await member.ok('leaveChat', { chatId: CHAT })
  expect(await member.refused('inviteResponse', { inviteId, accepted: 1 })).toBe('invite not found')
})

test('original: accepting resets a member, whatever it was', async () => {
  const server = await start({ moderation: 'original' })
  const owner = await server.login('tlv', 1)
  const admin = await server.login('tlv', 3)
  await owner.ok('sendInvite', { chatId: CHAT, toPublicKey: keyOf(3), data })
  const { inviteId } = await admin.push('gotInvite')
  await admin.ok('inviteResponse', { inviteId, accepted: 1 })
  expect(await server.run(() => call('user', CHAT, keyOf(3)))).toMatchObject({ permissions: 0x10 })
})

test('presence: online with the first connection of a key, offline and last seen with the last', async () => {
  const server = await start()
  const watcher = await server.login('tlv-push', 1)
  const oldFriend = await server.login('binary', 3)
  await watcher.ok('subscribe', { chatId: CHAT })
  await oldFriend.ok('subscribe', { chatId: CHAT })
  const [first, second] = [await server.login('tlv', 2), await server.login('tlv-push', 2)]
  const members = async () =>
    (await watcher.ok('getMembers', { chatId: CHAT })).members.find(({ publicKey }) => publicKey[0] === keyOf(2)[0])
  expect(await members()).toMatchObject({ permissions: 0x10, online: false, lastSeenSeconds: 0n })
  await first.ok('subscribe', { chatId: CHAT })
  await first.ok('subscribe', { chatId: CHAT })
  await second.ok('subscribe', { chatId: CHAT })
  expect(await members()).toMatchObject({ online: true })
  await first.close()
  await watcher.settle()
  server.clock.advance(7_000)
  await second.close()
  const isOffline = ({ blob }: { blob: Uint8Array }): boolean => blob[0] === 9 && blob[33] === 0
  const offline = await watcher.push('gotMessage', isOffline)
  expect(offline).toMatchObject({ messageId: 0n, timestampSeconds: NOW_SECONDS + 7n })
  expect(
    (await heard(watcher, true)).map((message) => 'online' in message && [message.publicKey, message.online]),
  ).toEqual([
    [keyOf(1), true],
    [keyOf(3), true],
    [keyOf(2), true],
  ])
  expect(await members()).toMatchObject({ online: false, lastSeenSeconds: NOW_SECONDS + 7n })
  expect(await heard(oldFriend, true)).toEqual([])
  // The subscriber itself hears of it, too; who leaves the chat is not announced.
  const third = await server.login('tlv', 2)
  await third.ok('subscribe', { chatId: CHAT })
  expect(await heard(third, true)).toMatchObject([{ publicKey: keyOf(2), online: true }])
  await third.ok('leaveChat', { chatId: CHAT })
  expect((await heard(watcher, true)).filter((message) => 'online' in message && !message.online)).toEqual([])
})

test('member info: kept as it is, filtered by its time, pushed as the dialects do it', async () => {
  for (const dialect of DIALECTS) {
    const server = await start()
    const member = await server.login(dialect, 2)
    const readers = await Promise.all(DIALECTS.map((one) => server.login(one, 3)))
    for (const client of [member, ...readers]) {
      await client.ok('subscribe', { chatId: CHAT })
      const number = client === member ? 2 : 3
      const row = await server.run(() => call('user', CHAT, keyOf(number)))
      expect(await client.push('requestMemberInfo')).toEqual({ chatId: CHAT, lastUpdateSeconds: row?.changedAtSeconds })
    }
    const info = new Uint8Array(786_432).fill(8)
    const timestampSeconds = NOW_SECONDS + 86_400n
    await member.ok('updateMemberInfo', { chatId: CHAT, timestampSeconds, info })
    for (const reader of readers) {
      const { chatId, members } = await reader.push('gotMemberInfo')
      expect(chatId).toBe(reader.dialect === 'binary' ? undefined : CHAT)
      expect(members).toMatchObject([{ publicKey: keyOf(2), timestampSeconds }])
      expect(Buffer.compare(members[0]?.info ?? new Uint8Array(0), info)).toBe(0)
      const all = await reader.ok('getMembersInfo', { chatId: CHAT, sinceSeconds: 0n })
      expect(all.members.map((one) => one.info.length).sort()).toEqual([0, 0, 786_432])
      const none = await reader.ok('getMembersInfo', { chatId: CHAT, sinceSeconds: timestampSeconds })
      expect(none.members.map((one) => one.info.length)).toEqual([0, 0, 0])
      expect(none.members).toHaveLength(3)
    }
    await member.settle()
    expect(member.pushes.some(({ name }) => name === 'gotMemberInfo')).toBe(dialect !== 'binary')
    await member.ok('updateMemberInfo', { chatId: CHAT, timestampSeconds: 0n, info: new Uint8Array(0) })
  }
})

test('blobs go when they are old enough, rows stay', async () => {
  const server = await start({ retentionDays: 2 })
  const client = await server.login('tlv-push', 2)
  await client.ok('sendMessage', { chatId: CHAT, guid: 1n, blob: data })
  server.clock.advance(49 * HOUR)
  await expect
    .poll(() => server.run(() => call('page', CHAT, 0n, 9, 'tlv', 1e6)))
    .toMatchObject({ bytes: { length: 0 } })
  expect(await server.run(() => call('messageByGuid', CHAT, 1n))).toMatchObject({ messageId: 1n })
})
