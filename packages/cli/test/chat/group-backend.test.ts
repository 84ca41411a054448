import { join } from 'node:path'
import { createSigner, generateSeed } from '@mimirjs/crypto'
import { createMediator } from '@mimirjs/mediator'
import { type MediatorAddress, Messenger } from '@mimirjs/messenger'
import { Transports } from '@mimirjs/transport'
import { tcp } from '@mimirjs/transport/tcp'
import { toHex } from '@mimirjs/wire'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { BackendEvent } from '../../src/chat/backend.js'
import { MessengerBackend } from '../../src/chat/messenger-backend.js'
import { temporaryFolder } from '../support/folder.js'

async function startMediator(): Promise<MediatorAddress> {
  const mediator = await createMediator({
    signer: createSigner(generateSeed()),
    transports: new Transports([tcp()]),
    listen: ['tcp://127.0.0.1:0'],
    store: join(temporaryFolder(), 'mediator.sqlite'),
  })
  onTestFinished(() => mediator.close({ timeoutMs: 500 }))
  return { publicKey: toHex(mediator.publicKey), address: mediator.addresses[0] ?? '' }
}

async function person(name: string, mediator: MediatorAddress): Promise<Messenger> {
  const messenger = await Messenger.open(temporaryFolder(), { name, generation: 'current', mediators: [mediator] })
  onTestFinished(() => messenger.close({ timeoutMs: 500 }))
  return messenger
}

/** Alice's group, Bob in it, and Alice as the chat sees her. */
async function two() {
  const mediator = await startMediator()
  const [ann, bob] = [await person('Alice', mediator), await person('Bob', mediator)]
  // The chat opens long after the connection came up.
  await vi.waitFor(() => expect(ann.mediators()).toMatchObject([{ ...mediator, state: { state: 'up' } }]))
  const alice = new MessengerBackend(ann, 'current')
  const events: BackendEvent[] = []
  onTestFinished(alice.listen((event) => events.push(event)))
  const { id } = await ann.createGroup({ name: 'Hiking', description: 'on Saturdays' })
  const invited = new Promise<void>((resolve) => bob.on('groupInvite', () => resolve()))
  await alice.invite(id, bob.publicKey)
  await invited
  const [invite] = await bob.groupInvites()
  const theirs = await bob.joinGroup(invite!)
  await vi.waitFor(async () =>
    expect((await alice.members(id)).map(({ name }) => name).sort()).toEqual(['Alice', 'Bob']),
  )
  return { mediator, ann, bob, alice, events, id, theirs }
}

describe('groups of a messenger as the chat sees them', () => {
  test('the list, the connection, who said what, and what happened', async () => {
    const { mediator, ann, bob, alice, events, id, theirs } = await two()
    expect(await alice.people()).toMatchObject([
      {
        peer: id,
        name: 'Hiking',
        info: 'on Saturdays',
        kind: 'group',
        group: { role: 'owner', state: 'joined', mediator: mediator.publicKey, mediatorAddress: mediator.address },
      },
    ])
    expect(events).toContainEqual({
      type: 'mediator',
      publicKey: mediator.publicKey,
      link: { state: 'up', address: mediator.address },
    })
    await theirs.send('hello')
    await vi.waitFor(() =>
      expect(events).toContainEqual({
        type: 'message',
        entry: expect.objectContaining({ peer: id, author: bob.publicKey, authorName: 'Bob', text: 'hello' }),
      }),
    )
    const sent = await alice.send(id, { text: 'hi' })
    await vi.waitFor(() => expect(events).toContainEqual({ type: 'state', peer: id, id: sent, state: 'delivered' }))
    const entries = await alice.history(id, { limit: 10 })
    expect(entries.map(({ kind, author, authorName, text }) => [kind, author, authorName, text])).toEqual([
      ['system', mediator.publicKey, '', `Bob (${bob.publicKey.slice(0, 8)}) joined, invited by you`],
      ['text', bob.publicKey, 'Bob', 'hello'],
      ['text', ann.publicKey, 'Alice', 'hi'],
    ])
    expect(await alice.history(id, { limit: 1, before: entries[1]! })).toEqual([entries[0]])
    expect((await alice.search('hello', undefined)).map(({ authorName }) => authorName)).toEqual(['Bob'])
    expect((await alice.people())[0]?.unread).toBe(1)
  })

  test('deleting for everybody is seen by everybody', async () => {
    const { bob, alice, id, theirs } = await two()
    const backend = new MessengerBackend(bob, 'current')
    const events: BackendEvent[] = []
    onTestFinished(backend.listen((event) => events.push(event)))
    const sent = await alice.send(id, { text: 'a mistake' })
    await vi.waitFor(async () => expect((await theirs.history()).map(({ text }) => text)).toContain('a mistake'))
    events.length = 0
    const entry = (await alice.history(id, { limit: 10 })).find((candidate) => candidate.id === sent)
    await alice.remove(entry!, { everywhere: true })
    await vi.waitFor(() => expect(events).toContainEqual({ type: 'changed', peer: id }))
    expect((await backend.history(id, { limit: 10 })).map(({ text }) => text)).not.toContain('a mistake')
  })

  test('invites are requests, by whoever the mediator says, accepted or refused', async () => {
    const mediator = await startMediator()
    const [ann, bob] = [await person('Alice', mediator), await person('Bob', mediator)]
    const backend = new MessengerBackend(bob, 'current')
    const events: BackendEvent[] = []
    onTestFinished(backend.listen((event) => events.push(event)))
    for (const accept of [false, true]) {
      const group = await ann.createGroup({ name: 'Hiking' })
      await group.invite(bob.publicKey)
      const request = {
        peer: group.id,
        nickname: 'Hiking',
        message: '',
        invite: { from: ann.publicKey, isNewKey: false },
      }
      await vi.waitFor(() => expect(events).toContainEqual({ type: 'request', request }))
      expect(await backend.requests()).toEqual([request])
      expect(await backend.history(group.id, { limit: 10 })).toEqual([])
      await backend.answer(group.id, accept)
      expect(await backend.requests()).toEqual([])
      expect((await backend.people()).map(({ peer }) => peer)).toEqual(accept ? [group.id] : [])
    }
    const [joined] = await backend.people()
    await backend.leave(joined!.peer)
    expect(await backend.people()).toMatchObject([{ group: { state: 'left' } }])
    await expect(backend.invite(joined!.peer, 'nobody')).rejects.toThrow('names nobody')
  })

  test('a file goes inside its message, and is saved', async () => {
    const { alice, id, theirs, ann } = await two()
    await theirs.send({ file: { name: 'route.gpx', bytes: new TextEncoder().encode('up') }, text: 'take it' })
    await vi.waitFor(async () => expect((await alice.history(id, { limit: 1 }))[0]?.kind).toBe('file'))
    const [entry] = await alice.history(id, { limit: 1 })
    const folder = temporaryFolder()
    const saved = await alice.save(entry!, folder)
    expect(saved).toBe(join(folder, 'route.gpx'))
    await alice.send(id, { path: saved!, text: 'back' })
    await vi.waitFor(async () =>
      expect((await theirs.history({ limit: 1 }))[0]).toMatchObject({
        kind: 'file',
        author: ann.publicKey,
        text: 'back',
        file: { name: 'route.gpx', sizeBytes: 2 },
      }),
    )
  })
})
