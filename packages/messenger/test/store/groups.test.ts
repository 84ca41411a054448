import { expect, test } from 'vitest'
import type { StoredInvite } from '../../src/store-groups.js'
import {
  ANN,
  BEN,
  bytes,
  describeStores,
  EVE,
  FILE,
  fileOf,
  GROUP,
  groupOf,
  guids,
  incoming,
  message,
  OTHER_GROUP,
  said,
  take,
  takeIn,
  texts,
  toGroup,
} from './support.js'

const MEDIATOR = 'ab'.repeat(32)

function invite(inviteId: bigint, change: Partial<StoredInvite> = {}): StoredInvite {
  const chat = { chatId: 2n ** 63n - 1n, name: 'Bees', description: '', timestampSeconds: 5n }
  const address = { mediator: MEDIATOR, mediatorAddress: 'tcp://127.0.0.1:1', dialect: 'tlv' as const }
  return { ...address, ...chat, inviteId, from: ANN, data: new Uint8Array(92), receivedMs: 9.5, ...change }
}

describeStores((newStore) => {
  test('keeps a group and changes only the fields given', async () => {
    const store = newStore()
    expect(await store.group(GROUP)).toBeUndefined()
    expect(await store.changeGroup(GROUP, { name: 'nobody' })).toBe(false)
    const group = groupOf({ avatar: bytes('jpeg'), chatId: -(2n ** 63n), syncedTo: 4n, infoSinceSeconds: 2n ** 62n })
    await store.putGroup(group)
    expect(await store.group(GROUP)).toEqual(group)
    const keys = { key: new Uint8Array(32).fill(2), formerKeys: [new Uint8Array(32).fill(1), new Uint8Array(32)] }
    expect(await store.changeGroup(GROUP, { ...keys, permissions: 0x80, state: 'banned', cipher: 'legacy' })).toBe(true)
    const changed = { ...group, ...keys, permissions: 0x80, state: 'banned', cipher: 'legacy' }
    expect(await store.group(GROUP)).toEqual(changed)
    await store.changeGroup(GROUP, { name: 'Wasps', description: '', avatar: undefined, mediatorAddress: 'ws://x/' })
    const renamed = { ...changed, name: 'Wasps', description: '', avatar: undefined, mediatorAddress: 'ws://x/' }
    expect(await store.group(GROUP)).toEqual(renamed)
    await store.putGroup(groupOf({ id: OTHER_GROUP, chatId: 6n }))
    expect((await store.groups()).map(({ id, name }) => [id, name])).toEqual([
      [GROUP, 'Wasps'],
      [OTHER_GROUP, 'Bees'],
    ])
  })

  test('never goes back with what is synced, whoever says so', async () => {
    const store = newStore()
    await store.putGroup(groupOf({ syncedTo: 10n }))
    await store.changeGroup(GROUP, { syncedTo: 9n })
    await store.putGroup(groupOf({ syncedTo: 3n, name: 'Hornets' }))
    await store.receiveGroup(GROUP, { messages: [], syncedTo: 8n })
    expect(await store.group(GROUP)).toMatchObject({ syncedTo: 10n, name: 'Hornets' })
    await store.receiveGroup(GROUP, { messages: [], syncedTo: 11n })
    expect((await store.group(GROUP))?.syncedTo).toBe(11n)
  })

  test('a group is a conversation and no contact', async () => {
    const store = newStore()
    await store.putContact(ANN, { kind: 'contact', name: 'Ann' })
    await store.putGroup(groupOf({ avatar: bytes('jpeg') }))
    expect((await store.contacts()).map(({ peer }) => peer)).toEqual([ANN])
    expect([...(await store.contactKinds()).keys()]).toEqual([ANN])
    const list = async () => (await store.conversations()).map(({ contact, unread }) => [contact.nickname, unread])
    expect(await list()).toEqual([
      ['', 0],
      ['Bees', 0],
    ])
    const shown = { peer: GROUP, kind: 'group', name: '', nickname: 'Bees', info: 'about bees', avatar: bytes('jpeg') }
    expect((await store.conversations())[1]?.contact).toMatchObject(shown)
    await takeIn(store, said(1n), said(2n, { author: BEN }), said(3n, { system: true, messageType: 1_000 }))
    await take(store, incoming(1n, { peer: BEN, messageType: 1_000 }))
    await takeIn(store, said(4n, { messageType: 10, replyTo: 1_001n }))
    expect(await list()).toEqual([
      ['Bees', 2],
      ['', 1],
      ['', 0],
    ])
    await store.markRead(GROUP, Number.MAX_SAFE_INTEGER)
    expect((await list())[0]).toEqual(['Bees', 0])
  })

  test('neither becomes the other', async () => {
    const store = newStore()
    await store.putGroup(groupOf())
    await expect(store.putContact(GROUP, { kind: 'contact' })).rejects.toMatchObject({ code: 'store' })
    await expect(store.putContact(BEN, { kind: 'group' })).rejects.toMatchObject({ code: 'store' })
    expect(await store.putContact(GROUP, { name: 'our bees' })).toMatchObject({ kind: 'group', name: 'our bees' })
    expect(await store.contact(BEN)).toBeUndefined()
    expect((await store.group(GROUP))?.name).toBe('Bees')
  })

  test('what goes to groups is not told with what goes to people', async () => {
    const store = newStore()
    await store.putGroup(groupOf())
    await store.putGroup(groupOf({ id: OTHER_GROUP }))
    expect(await store.pendingGroups()).toEqual([])
    await store.enqueue(toGroup(1n))
    await store.enqueue(message(1n))
    await store.putFile(fileOf(9n, { peer: OTHER_GROUP, state: 'wanted' }))
    expect(await store.pendingPeers()).toEqual([ANN])
    expect(await store.pendingGroups()).toEqual([GROUP])
    expect(await store.counts()).toEqual({ undelivered: 2, unhandled: 0, messages: 2 })
  })

  test('a deleted group leaves nothing, and holds nobody up', async () => {
    const store = newStore()
    await store.putContact(BEN, { kind: 'contact' })
    await store.putGroup(groupOf({ syncedTo: 50n }))
    await store.putGroup(groupOf({ id: OTHER_GROUP }))
    const [first] = await takeIn(store, said(1n))
    await store.enqueue({ ...message(7n), heldBy: first!.message.seq })
    await store.enqueue(toGroup(8n, { heldBy: first!.message.seq }))
    await store.enqueue(toGroup(9n), FILE)
    await store.enqueue(toGroup(9n, { peer: OTHER_GROUP }))
    await store.putMembers(GROUP, [{ peer: ANN, permissions: 1, lastSeenSeconds: 0n }])
    await store.removeByOuterGuid(GROUP, 1_002n)
    await store.markRead(GROUP, 99)
    expect(await store.deleteGroup(GROUP)).toBe(true)
    expect(await store.deleteGroup(GROUP)).toBe(false)
    expect(await store.group(GROUP)).toBeUndefined()
    expect(await store.history(GROUP, { limit: 9 })).toEqual([])
    expect(await store.search('1001', { limit: 9 })).toEqual([])
    expect(await store.members(GROUP)).toEqual([])
    expect(await store.file(GROUP, true, 9n)).toBeUndefined()
    expect(await store.unhandledPeers()).toEqual([])
    expect((await store.conversations()).map(({ contact }) => contact.peer)).toEqual([OTHER_GROUP, ANN, BEN])
    expect((await store.contacts()).map(({ peer }) => peer)).toEqual([BEN, ANN])
    expect(guids(await store.pending(ANN, 9))).toEqual([7n])
    expect(await store.pendingGroups()).toEqual([OTHER_GROUP])
    await expect(store.enqueue(toGroup(10n))).rejects.toMatchObject({ code: 'store' })
    await expect(store.enqueue({ ...message(10n), peer: GROUP })).rejects.toMatchObject({ code: 'store' })
    // Back again: from the beginning.
    await store.putGroup(groupOf())
    expect((await store.group(GROUP))?.syncedTo).toBe(0n)
    expect(await takeIn(store, said(1n), said(2n))).toHaveLength(2)
    expect((await store.conversations())[0]).toMatchObject({ contact: { peer: GROUP, nickname: 'Bees' }, unread: 2 })
  })

  test('nothing is done in a group that is not there', async () => {
    const store = newStore()
    const refused = { code: 'store' }
    await expect(store.enqueue(toGroup(1n))).rejects.toMatchObject(refused)
    await expect(store.enqueue(toGroup(1n, { peer: BEN }))).rejects.toMatchObject(refused)
    await expect(takeIn(store, said(1n))).rejects.toMatchObject(refused)
    await expect(store.putMembers(GROUP, [])).rejects.toMatchObject(refused)
    await expect(store.putMember(GROUP, ANN, {})).rejects.toMatchObject(refused)
    await expect(store.removeByOuterGuid(GROUP, 1n)).rejects.toMatchObject(refused)
    await expect(store.decrypted(GROUP, 1n, said(1n))).rejects.toMatchObject(refused)
    expect(await store.unreadable(GROUP, 9)).toEqual([])
    expect(await store.groupCopies(GROUP, 1n, true)).toEqual([])
    expect(await store.markSent(GROUP, 1n, 1, { messageId: 1n, outerGuid: 1n }, 0)).toBe(false)
    await store.sealed(GROUP, 1n, { blob: bytes('x'), timestampSeconds: 1n }, 0)
    expect(await store.contacts()).toEqual([])
    expect(await store.conversations()).toEqual([])
  })

  test('keeps who is in a group, and who was', async () => {
    const store = newStore()
    await store.putGroup(groupOf())
    const entry = { permissions: 0x10, lastSeenSeconds: 0n }
    await store.putMembers(GROUP, [
      { ...entry, peer: ANN },
      { ...entry, peer: BEN, lastSeenSeconds: 8n },
    ])
    const profile = { nickname: 'Ben', info: 'x', avatar: bytes('png'), infoTimeSeconds: 5n }
    expect(await store.putMemberInfo(GROUP, BEN, profile)).toBe(true)
    expect(await store.putMemberInfo(GROUP, BEN, { ...profile, nickname: 'old', infoTimeSeconds: 4n })).toBe(false)
    const ben = { group: GROUP, peer: BEN, permissions: 0x10, lastSeenSeconds: 8n, gone: false, ...profile }
    expect(await store.member(GROUP, BEN)).toEqual(ben)
    // Whoever is not in the list any more is gone, and known; nothing else of anybody changes.
    await store.putMembers(GROUP, [{ ...entry, peer: BEN, permissions: 0x40 }])
    expect(await store.members(GROUP)).toMatchObject([
      { peer: ANN, gone: true },
      { ...ben, permissions: 0x40 },
    ])
    await store.putMembers(GROUP, [
      { ...entry, peer: ANN },
      { ...entry, peer: BEN },
    ])
    expect((await store.members(GROUP)).map(({ gone }) => gone)).toEqual([false, false])
    await store.putMember(GROUP, ANN, { gone: true, lastSeenSeconds: 99n, permissions: 1 })
    expect(await store.member(GROUP, ANN)).toMatchObject({ gone: true, lastSeenSeconds: 99n, permissions: 1 })
    expect(await store.member(OTHER_GROUP, ANN)).toBeUndefined()
    expect((await store.contacts()).map(({ peer }) => peer)).toEqual([])
  })

  test('somebody who is only heard of is a member who is gone', async () => {
    const store = newStore()
    await store.putGroup(groupOf())
    await store.putMemberInfo(GROUP, EVE, { nickname: 'a\0b', info: '', avatar: undefined, infoTimeSeconds: -1n })
    expect(await store.member(GROUP, EVE)).toMatchObject({ nickname: '', infoTimeSeconds: 0n, gone: true })
    await store.putMemberInfo(GROUP, EVE, { nickname: 'a\0b', info: '', avatar: undefined, infoTimeSeconds: 0n })
    expect(await store.member(GROUP, EVE)).toMatchObject({ nickname: 'a\ufffdb', gone: true })
    await store.putMember(GROUP, ANN, { permissions: 0x20, gone: false })
    expect(await store.members(GROUP)).toMatchObject([{ peer: EVE }, { peer: ANN, permissions: 0x20, gone: false }])
  })

  test('a mediator that makes people up fills nothing', async () => {
    const store = newStore()
    await store.putGroup(groupOf())
    const people = Array.from({ length: 10_010 }, (_, index) => ({
      ...{ permissions: 0x10, lastSeenSeconds: 0n },
      peer: index.toString(16).padStart(64, '0'),
    }))
    await store.putMembers(GROUP, people)
    await store.putMembers(GROUP, people.slice(0, 5))
    const members = await store.members(GROUP)
    expect(members).toHaveLength(10_005)
    expect(members.map(({ peer }) => peer).slice(4, 6)).toEqual([people[4]!.peer, people[10]!.peer])
    await store.putMember(GROUP, ANN, {})
    expect(await store.member(GROUP, people[10]!.peer)).toBeUndefined()
    expect(await store.members(GROUP)).toHaveLength(10_005)
  })

  test('keeps invites, one of each number, in the order in which they first came', async () => {
    const store = newStore()
    const [first, second] = [invite(-1n), invite(2n ** 63n - 1n, { avatar: bytes('jpeg') })]
    const elsewhere = invite(-1n, { mediator: 'cd'.repeat(32) })
    for (const each of [first, second, elsewhere]) await store.putInvite(each)
    expect(await store.invites()).toEqual([first, second, elsewhere])
    const again = invite(-1n, { data: new Uint8Array(92).fill(1), from: BEN, receivedMs: 10 })
    await store.putInvite(again)
    expect(await store.invites()).toEqual([again, second, elsewhere])
    await store.deleteInvite(MEDIATOR, -1n)
    await store.deleteInvite(MEDIATOR, 77n)
    expect(await store.invites()).toEqual([second, elsewhere])
  })

  test('keeps the newest thousand invites', async () => {
    const store = newStore()
    await Promise.all(Array.from({ length: 1_002 }, (_, index) => store.putInvite(invite(BigInt(index)))))
    const numbers = (await store.invites()).map(({ inviteId }) => inviteId)
    expect([numbers.length, numbers[0], numbers.at(-1)]).toEqual([1_000, 2n, 1_001n])
  })

  test('refuses what it could not give back', async () => {
    const store = newStore()
    const refused = { code: 'store' }
    await store.putGroup(groupOf())
    const big = 2n ** 63n
    await expect(store.putGroup(groupOf({ id: OTHER_GROUP, key: new Uint8Array(31) }))).rejects.toMatchObject(refused)
    await expect(store.putGroup(groupOf({ id: OTHER_GROUP, chatId: big }))).rejects.toMatchObject(refused)
    await expect(store.changeGroup(GROUP, { formerKeys: [new Uint8Array(33)] })).rejects.toMatchObject(refused)
    await expect(store.changeGroup(GROUP, { infoSinceSeconds: big })).rejects.toMatchObject(refused)
    await expect(store.changeGroup(GROUP, { permissions: Number.NaN })).rejects.toMatchObject(refused)
    await expect(store.putMember(GROUP, ANN, { lastSeenSeconds: big })).rejects.toMatchObject(refused)
    const absurd = { peer: ANN, permissions: 1e300, lastSeenSeconds: 0n }
    await expect(store.putMembers(GROUP, [absurd])).rejects.toMatchObject(refused)
    await expect(store.putInvite(invite(big))).rejects.toMatchObject(refused)
    await expect(store.putInvite(invite(1n, { receivedMs: Number.NaN }))).rejects.toMatchObject(refused)
    await expect(store.receiveGroup(GROUP, { messages: [], syncedTo: big })).rejects.toMatchObject(refused)
    await expect(takeIn(store, said(1n), said(2n, { timestampSeconds: big }))).rejects.toMatchObject(refused)
    await expect(takeIn(store, said(1n), said(big))).rejects.toMatchObject(refused)
    await expect(takeIn(store, said(1n, { sendTimeMs: Number.NaN }))).rejects.toMatchObject(refused)
    expect(await store.groups()).toEqual([groupOf()])
    expect(await store.members(GROUP)).toEqual([])
    expect(await store.invites()).toEqual([])
    expect(texts(await store.history(GROUP, { limit: 9 }))).toEqual([])
  })
})
