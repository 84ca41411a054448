import type { Knock, Messenger, RendezvousServerStatus } from '@mimirjs/messenger'
import { expect, test } from 'vitest'
import { reportRendezvous } from '../../src/commands/listen-rendezvous.js'

const [PEER, URL] = ['ab'.repeat(32), 'wss://meet.example']

function setUp(knocks: readonly Knock[] = [], servers: readonly RendezvousServerStatus[] = []) {
  const listeners = new Map<string, (event: unknown) => void>()
  const messenger = {
    on: (name: string, listener: (event: unknown) => void) => void listeners.set(name, listener),
    knocks: () => knocks,
    health: async () => ({ rendezvous: { servers } }),
  }
  const events: object[] = []
  const lines: string[] = []
  reportRendezvous(messenger as unknown as Messenger, (event, text) => {
    events.push(event)
    if (text !== '') lines.push(text)
  })
  const happen = (name: string, event: unknown): void => listeners.get(name)?.(event)
  return { events, lines, happen }
}

test('a server is said once each time: when it is there, gone, and back', async () => {
  const { events, lines, happen } = setUp([], [{ url: URL, state: 'connecting' }])
  await Promise.resolve()
  const tell = (state: RendezvousServerStatus['state'], reason?: string): void =>
    happen('rendezvous', { url: URL, state, ...(reason === undefined ? {} : { reason }) })
  for (const _ of [1, 2]) {
    tell('connecting')
    tell('waiting', 'connection refused\u001b[2J')
  }
  tell('ready')
  tell('ready')
  tell('waiting', 'closed')
  tell('connecting')
  tell('ready')
  tell('left', 'name mismatch')
  expect(lines).toEqual([
    expect.stringMatching(
      /^rendezvous server wss:\/\/meet\.example is not reached, we go on trying: connection refused/,
    ),
    `rendezvous server ${URL} is reached`,
    `rendezvous server ${URL} is lost, we go on trying: closed`,
    `rendezvous server ${URL} is back`,
    `rendezvous server ${URL} is given up: name mismatch`,
  ])
  expect(lines.join()).not.toContain('\u001b')
  expect(events[1]).toEqual({ event: 'rendezvous', url: URL, state: 'ready' })
})

test('what was there before anybody listened is told of, too', async () => {
  const knock = { peer: PEER, fingerprint: 'abcd-efgh', name: 'Ben\nBoss', expiresMs: 1_800_000_000_000 }
  const { events, lines, happen } = setUp([knock], [{ url: URL, state: 'ready' }])
  await expect
    .poll(() => lines)
    .toEqual([
      expect.stringMatching(/^Ben.*Boss \(abababab\) knocks and is not let in: .*--accept-knocks$/),
      `rendezvous server ${URL} is reached`,
    ])
  expect(lines.join()).not.toContain('\n')
  const { name, ...said } = { ...knock, expires: '2027-01-15T08:00:00.000Z' }
  expect(events[0]).toEqual({ event: 'knock', name, peer: said.peer, fingerprint: 'abcd-efgh', expires: said.expires })
  happen('knockOver', { peer: PEER })
  expect(events.at(-1)).toEqual({ event: 'knock-over', peer: PEER })
})

test('that our clock is wrong is said, and that it is right again', async () => {
  const { events, lines, happen } = setUp()
  happen('clock', { clockOffsetMs: -300_000 })
  happen('clock', { clockOffsetMs: undefined })
  expect(events).toEqual([{ event: 'clock', clockOffsetMs: -300_000 }, { event: 'clock' }])
  expect(lines).toEqual([
    expect.stringMatching(/^the clock of this machine is 5 min ahead, say the rendezvous servers/),
    expect.stringMatching(/^the clock of this machine is right again/),
  ])
})
