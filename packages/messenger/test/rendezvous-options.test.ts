// What the option `rendezvous` may be: what is not understood tells no server anything, and is refused by name.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Messenger, type MessengerOptions } from '../src/index.js'
import { rendezvousOptionsOf, rendezvousServerOf } from '../src/rendezvous-options.js'

const server = 'wss://meet.example'

describe('the option `rendezvous`', () => {
  test.each<[unknown, string]>([
    [true, 'rendezvous: expected { servers, iceServers, relayOnly, strangers, meetContacts, platform }, got true'],
    [null, 'rendezvous: expected {'],
    [[server], 'rendezvous: expected {'],
    [server, 'rendezvous: expected {'],
    [{}, 'rendezvous.servers: expected a list of server URLs, such as wss://meet.example:18765, got undefined'],
    [{ servers: server }, 'rendezvous.servers: expected a list of server URLs'],
    [{ servers: [5] }, 'rendezvous.servers: expected a list of server URLs'],
    [{ servers: ['http://meet.example'] }, 'expected wss://, got http:, got "http://meet.example"'],
    [{ servers: ['ws://meet.example'] }, 'ws:// is for this machine alone'],
    [{ servers: ['wss://ann:secret@meet.example'] }, 'no user name and no password'],
    [{ servers: Array.from({ length: 9 }, (_, at) => `wss://meet${at}.example`) }, 'expected at most 8'],
    [{ servers: [server], server }, 'rendezvous.server: there is no such option; there are servers, iceServers'],
    [{ servers: [server], toString: 1 }, 'rendezvous.toString: there is no such option'],
    [
      { servers: [server], strangers: 'all' },
      "rendezvous.strangers: expected 'ask', 'accept' or 'refuse', got \"all\"",
    ],
    [{ servers: [server], meetContacts: 1 }, 'rendezvous.meetContacts: expected true or false, got 1'],
    [{ servers: [server], iceServers: ['stun:meet.example'] }, 'rendezvous.iceServers: expected a list of { urls'],
    [{ servers: [server], iceServers: [{ url: 'stun:meet.example' }] }, 'rendezvous.iceServers: expected'],
    [{ servers: [server], platform: {} }, 'rendezvous.platform: expected a RendezvousPlatform'],
    [{ servers: [server], platform: null }, 'rendezvous.platform: expected'],
    [{ servers: [server], relayOnly: true }, 'rendezvous.relayOnly: expected a turn: or turns: server in iceServers'],
    [{ servers: [server], relayOnly: true, iceServers: [{ urls: 'stun:meet.example' }] }, 'expected a turn: or turns:'],
  ])('%j is refused, and nothing is made', async (rendezvous, message) => {
    const parent = mkdtempSync(join(tmpdir(), 'mimirjs-rendezvous-'))
    onTestFinished(() => rmSync(parent, { recursive: true, force: true }))
    const folder = join(parent, 'ann')
    await expect(Messenger.open(folder, { rendezvous } as MessengerOptions)).rejects.toMatchObject({
      name: 'MessengerError',
      code: 'rendezvous',
      message: expect.stringContaining(message) as string,
    })
    expect(existsSync(folder)).toBe(false)
  })

  test.each<[object]>([
    [{ servers: [] }],
    [{ servers: [server, 'ws://127.0.0.1:18765', 'ws://localhost:1', 'ws://[::1]:1'] }],
    [{ servers: [server], relayOnly: true, iceServers: [{ urls: ['stun:meet.example', 'turns:meet.example'] }] }],
    [{ servers: [server], strangers: undefined, meetContacts: false, relayOnly: false, platform: undefined }],
  ])('%j is taken as it is', (given) => {
    expect(rendezvousOptionsOf(given)).toBe(given)
  })

  test('is off unless it is given', () => {
    expect(rendezvousOptionsOf(undefined)).toBeUndefined()
  })

  test.each([undefined, '', 'meet.example', 'wss://', 7])('server %j is none', (url) => {
    expect(() => rendezvousServerOf(url)).toThrow(expect.objectContaining({ code: 'rendezvous' }) as Error)
  })
})
