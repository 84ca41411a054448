import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Messenger } from '@mimirjs/messenger'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { BackendEvent } from '../../src/chat/backend.js'
import { MessengerBackend } from '../../src/chat/messenger-backend.js'
import { temporaryFolder } from '../support/folder.js'

type Generation = 'classic' | 'overlay' | 'current'

async function person(name: string, generation: Generation): Promise<Messenger> {
  const messenger = await Messenger.open(temporaryFolder(), { name, generation, retry: { minMs: 10, maxMs: 50 } })
  onTestFinished(() => messenger.close({ timeoutMs: 500 }))
  return messenger
}

/** Two people who reach each other, and the first as the chat sees her. */
async function two(
  generation: Generation,
): Promise<{ alice: MessengerBackend; bob: Messenger; events: BackendEvent[] }> {
  const [ann, bob] = await Promise.all([person('Alice', generation), person('Bob', generation)])
  ann.addAddress(bob.publicKey, await bob.listen('tcp://127.0.0.1:0'))
  bob.addAddress(ann.publicKey, await ann.listen('tcp://127.0.0.1:0'))
  const alice = new MessengerBackend(ann, generation)
  const events: BackendEvent[] = []
  onTestFinished(alice.listen((event) => events.push(event)))
  return { alice, bob, events }
}

describe('a messenger as the chat sees it', () => {
  test('what comes, what goes, and how far it is', async () => {
    const { alice, bob, events } = await two('overlay')
    const id = await alice.send(bob.publicKey, { text: 'hello' })
    await vi.waitFor(() =>
      expect(events).toContainEqual({ type: 'state', peer: bob.publicKey, id, state: 'delivered' }),
    )
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'link', peer: bob.publicKey, link: expect.objectContaining({ state: 'up' }) }),
    )
    await bob.send(alice.publicKey, { text: 'hi', replyTo: id })
    await vi.waitFor(() =>
      expect(events).toContainEqual({
        type: 'message',
        entry: expect.objectContaining({ outgoing: false, kind: 'text', text: 'hi', replyTo: id, state: 'received' }),
      }),
    )
    expect(
      (await alice.history(bob.publicKey, { limit: 10 })).map(({ text, outgoing, state }) => [text, outgoing, state]),
    ).toEqual([
      ['hello', true, 'delivered'],
      ['hi', false, 'received'],
    ])
    await alice.send(bob.publicKey, { edit: id, text: 'hello, Bob' })
    expect(await alice.history(bob.publicKey, { limit: 10 })).toMatchObject([{ text: 'hello, Bob', edited: true }, {}])
    expect((await alice.search('HELLO', undefined)).map(({ text }) => text)).toEqual(['hello, Bob'])
    expect(await alice.search('hello', alice.publicKey)).toEqual([])
  })

  test('people, what is unread, names, and being let in again', async () => {
    const { alice, bob } = await two('classic')
    await bob.whenDelivered(await bob.send(alice.publicKey, 'one'))
    await bob.whenDelivered(await bob.send(alice.publicKey, 'two'))
    const peer = bob.publicKey
    await vi.waitFor(async () =>
      expect(await alice.people()).toMatchObject([{ peer, nickname: 'Bob', kind: 'stranger', unread: 2 }]),
    )
    await alice.markRead(peer)
    expect(await alice.meet(bob.link)).toBe(peer)
    await alice.name(peer, 'Robert')
    expect(await alice.people()).toMatchObject([{ name: 'Robert', kind: 'contact', unread: 0 }])
    await alice.block(peer)
    expect(await alice.people()).toMatchObject([{ name: 'Robert', kind: 'blocked' }])
    await alice.name(peer, undefined)
    expect(await alice.people()).toMatchObject([{ name: 'Robert', kind: 'contact' }])
  })

  test('pages of a history follow each other, oldest first; a removed message is gone', async () => {
    const { alice, bob } = await two('classic')
    for (let at = 1; at <= 7; at++) await alice.send(bob.publicKey, { text: String(at) })
    const texts = async (before?: Awaited<ReturnType<typeof alice.history>>[number]): Promise<string[]> =>
      (await alice.history(bob.publicKey, { limit: 3, ...(before && { before }) })).map(({ text }) => text)
    const [first] = await alice.history(bob.publicKey, { limit: 3 })
    expect(await texts()).toEqual(['5', '6', '7'])
    expect(await texts(first)).toEqual(['2', '3', '4'])
    await alice.remove(first!, { everywhere: false })
    expect(await texts()).toEqual(['4', '6', '7'])
  })

  test('a file inside its message is saved, too, and what a generation lacks is said', async () => {
    const { alice, bob, events } = await two('overlay')
    const bytes = new Uint8Array(5_000).fill(7)
    await bob.send(alice.publicKey, { file: { bytes, name: '../../evil.txt' }, text: 'take it' })
    await vi.waitFor(() => expect(events.some(({ type }) => type === 'message')).toBe(true))
    // Somewhere behind it.
    for (let at = 0; at < 3; at++) await alice.send(bob.publicKey, { text: 'x' })
    const [entry] = await alice.history(bob.publicKey, { limit: 10 })
    expect(entry).toMatchObject({
      kind: 'file',
      text: 'take it',
      file: { name: 'evil.txt', sizeBytes: 5_000, damaged: false },
    })
    const folder = temporaryFolder()
    expect(await alice.save(entry!, folder)).toBe(join(folder, 'evil.txt'))
    expect(new Uint8Array(readFileSync(join(folder, 'evil.txt')))).toEqual(bytes)
    await expect(alice.ask(bob.publicKey, 'hi')).rejects.toThrow('generation overlay has no contact requests')
    const text = (await alice.history(bob.publicKey, { limit: 1 }))[0]
    await expect(alice.save(text!, folder)).rejects.toThrow()
  })

  test('requests are told with their words, and answered', async () => {
    const { alice, bob, events } = await two('current')
    await bob.requestContact(alice.publicKey, { message: 'from the choir' })
    const request = { peer: bob.publicKey, nickname: 'Bob', message: 'from the choir' }
    await vi.waitFor(() => expect(events).toContainEqual({ type: 'request', request }))
    expect(await alice.requests()).toEqual([request])
    await alice.answer(bob.publicKey, true)
    expect(await alice.requests()).toEqual([])
    expect(await alice.people()).toMatchObject([{ peer: bob.publicKey, kind: 'contact' }])
  })
})
