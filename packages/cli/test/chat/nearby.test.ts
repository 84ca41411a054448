// People on the local network, in the chat.
import { Messenger } from '@mimirjs/messenger'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { BackendEvent } from '../../src/chat/backend.js'
import { MessengerBackend } from '../../src/chat/messenger-backend.js'
import { markOf } from '../../src/chat/view/list.js'
import { temporaryFolder } from '../support/folder.js'
import { BOB, CAROL, entry, ModelChat } from './support/model.js'
import { Alice, Friend } from './support/people.js'
import { KEYS } from './support/pty.js'

const STRANGER = 'd0'.repeat(32)

function chatNearby(): ModelChat {
  return ModelChat.withBob([entry(1, 'hello')], { nearby: new Set<string>() })
}

describe('somebody nearby', () => {
  test('is marked while they are there, unless a connection says more', () => {
    const chat = chatNearby()
    const mark = (peer: string): string => markOf(chat.state, peer)[0]
    expect([mark(BOB), mark(CAROL)]).toEqual([' ', ' '])
    chat.happen({ type: 'nearby', peer: CAROL, isHere: true })
    expect([mark(BOB), mark(CAROL)]).toEqual([' ', '@'])
    expect(chat.rows.find((row) => row.includes('Carol'))).toMatch(/^ @ Carol/)
    chat.happen({ type: 'link', peer: CAROL, link: { state: 'up', address: 'mp2p://x@224.0.224.1:1024' } })
    expect(mark(CAROL)).toBe('*')
    chat.happen({ type: 'link', peer: CAROL, link: { state: 'down' } }, { type: 'nearby', peer: CAROL, isHere: false })
    expect(mark(CAROL)).toBe(' ')
  })

  test('is said in the headline', () => {
    const chat = chatNearby()
    expect(chat.rows[1]).toContain('not connected')
    chat.happen({ type: 'nearby', peer: BOB, isHere: true })
    expect(chat.rows[1]).toContain('on the local network, not connected')
    chat.happen({ type: 'link', peer: BOB, link: { state: 'up', address: 'mp2p://x@224.0.224.1:1024' } })
    expect(chat.rows[1]).toContain('connected over the local network')
    chat.happen({ type: 'link', peer: BOB, link: { state: 'up', address: 'tcp://127.0.0.1:1' } })
    expect(chat.rows[1]).toMatch(/ {2}connected$/)
  })

  test('is connected to at once when their conversation is open, and nobody else is', () => {
    const chat = chatNearby()
    chat.happen({ type: 'nearby', peer: CAROL, isHere: true })
    expect(chat.take()).toEqual([])
    chat.happen({ type: 'nearby', peer: BOB, isHere: true })
    expect(chat.take()).toEqual([{ do: 'connect', peer: BOB }])
    chat.happen({ type: 'link', peer: BOB, link: { state: 'up', address: 'tcp://127.0.0.1:1' } })
    chat.happen({ type: 'nearby', peer: BOB, isHere: true })
    chat.happen({ type: 'link', peer: BOB, link: { state: 'down' } }, { type: 'nearby', peer: BOB, isHere: false })
    expect(chat.take()).toEqual([])
  })

  test('is found with F7: whom we know opens, whom we do not know is met', () => {
    const chat = chatNearby()
    chat.press('f7')
    expect(chat.rows[1]).toBe(' On the local network')
    expect(chat.rows[2]).toBe('  nobody is heard there')
    chat.happen({ type: 'nearby', peer: STRANGER, isHere: true }, { type: 'nearby', peer: CAROL, isHere: true })
    expect(chat.rows.slice(2, 5)).toEqual(['> @ Carol (cacacaca)', '  @ d0d0d0d0', ''])
    chat.press('enter')
    expect(chat.state.open).toBe(CAROL)
    chat.take()
    chat.press('alt-n', 'down', 'enter')
    expect(chat.take()).toEqual([{ do: 'meet', person: STRANGER }])
    expect(chat.state.mode).toEqual({ name: 'write' })
  })

  test('is among those to talk to, behind those we know', () => {
    const chat = chatNearby()
    chat.happen({ type: 'nearby', peer: STRANGER, isHere: true })
    chat.press('ctrl-t')
    expect(chat.rows.slice(1, 5)).toEqual([' Talk to', '>   Bob (b0b0b0b0)', '    Carol (cacacaca)', '  @ d0d0d0d0'])
    chat.type('d0')
    expect(chat.rows[2]).toBe('> @ d0d0d0d0')
  })

  test('is nobody while we are not there ourselves, and F7 says how to be', () => {
    const chat = ModelChat.withBob([entry(1, 'hello')])
    chat.press('f7')
    expect(chat.state.mode).toEqual({ name: 'write' })
    expect(chat.status).toContain('! you are not on the local network: mimir chat --multicast begins there')
  })
})

test('a messenger tells the chat who is nearby, also those who came before it listened', async () => {
  const open = async (name: string): Promise<Messenger> => {
    const messenger = await Messenger.open(temporaryFolder(), { name, multicast: { interface: '127.0.0.1' } })
    onTestFinished(() => messenger.close({ timeoutMs: 500 }))
    return messenger
  }
  const ann = await open('Ann')
  const events: BackendEvent[] = []
  onTestFinished(new MessengerBackend(ann, 'classic').listen((event) => events.push(event)))
  const bob = await open('Bob')
  const isHere = { type: 'nearby', peer: bob.publicKey, isHere: true }
  await vi.waitFor(() => expect(events).toContainEqual(isHere), { timeout: 10_000 })
  const later: BackendEvent[] = []
  onTestFinished(new MessengerBackend(ann, 'classic').listen((event) => later.push(event)))
  expect(later).toContainEqual(isHere)
})

test('mimir chat --multicast talks to whoever is nearby, with no tracker and no address', async () => {
  const carol = await Friend.start('Carol', { multicast: { interface: '127.0.0.1' } })
  const alice = new Alice()
  await alice.knows(carol)
  const pty = alice.chat([], { args: ['--multicast', '127.0.0.1'] })
  await pty.until('connected over the local network')
  expect(pty.rows[0]).toMatch(/listening on tcp:\/\/127\.0\.0\.1:\d+, local network/)
  pty.type(`Are you here?${KEYS.enter}`)
  await pty.until(/\+ you: Are you here\?/)
  await carol.messenger.send(alice.key, 'At the next table')
  await pty.until('Carol: At the next table')
  expect(await carol.texts(alice.key)).toEqual(['Are you here?', 'At the next table'])
}, 60_000)

test('whoever is said to be near again and again is connected to once at a time', async () => {
  const attempts: { reject(error: Error): void }[] = []
  const messenger = {
    on: () => {},
    connect: () => new Promise<void>((_, reject) => attempts.push({ reject })),
  }
  const backend = new MessengerBackend(messenger as unknown as Messenger, 'classic')
  for (const peer of ['a', 'a', 'b', 'a']) backend.connect(peer)
  expect(attempts).toHaveLength(2)
  attempts[0]?.reject(new Error('nobody there'))
  await vi.waitFor(() => {
    backend.connect('a')
    expect(attempts).toHaveLength(3)
  })
})
