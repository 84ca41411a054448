// Somebody who knocks through a rendezvous server, in the chat.
import type { Knock, Messenger } from '@mimirjs/messenger'
import { describe, expect, test } from 'vitest'
import type { BackendEvent } from '../../src/chat/backend.js'
import { MessengerBackend } from '../../src/chat/messenger-backend.js'
import { BOB, CAROL, entry, ModelChat } from './support/model.js'

const STRANGER = 'd0'.repeat(32)
const FINGERPRINT = 'abcd-efgh-ijkl-mnop-qrst-uvwx'

describe('somebody who knocks', () => {
  const request = { peer: STRANGER, nickname: 'Dora', message: '', knock: { fingerprint: FINGERPRINT } }

  test('is said with the start of their key, stands on the list, and is answered like a request', () => {
    const chat = ModelChat.withBob([entry(1, 'hello')])
    chat.happen({ type: 'request', request })
    expect(chat.status).toContain('Dora (d0d0d0d0) knocks: let them in or not')
    expect(chat.take()).toEqual([{ do: 'read-people' }, { do: 'bell' }])
    expect(chat.rows.find((row) => row.includes('Dora'))).toMatch(/ \? Dora/)
    chat.happen({ type: 'open', peer: STRANGER })
    chat.take()
    expect(chat.rows[1]).toContain('knocks: Ctrl-Y')
    chat.press('ctrl-y')
    expect(chat.rows.join('\n')).toContain(FINGERPRINT)
    expect(chat.rows.join('\n')).toContain('knocks, and knows nothing of you until you accept')
    chat.press('r')
    expect(chat.take()).toEqual([{ do: 'answer', peer: STRANGER, accept: false }])
  })

  test('who is connected afterwards is so directly', () => {
    const chat = ModelChat.withBob([entry(1, 'hello')])
    chat.happen({ type: 'link', peer: BOB, link: { state: 'up', address: `rdv://${BOB}` } })
    expect(chat.rows[1]).toContain('connected directly, over WebRTC')
  })
})

test('a messenger tells the chat who knocks, and the chat answers those who still do', async () => {
  const knock: Knock = { peer: STRANGER, fingerprint: FINGERPRINT, name: 'Dora', expiresMs: 1_800_000_000_000 }
  const listeners = new Map<string, (event: unknown) => void>()
  const answered: string[] = []
  let waiting: Knock[] = []
  const messenger = {
    on: (name: string, listener: (event: unknown) => void) => void listeners.set(name, listener),
    off: (name: string) => void listeners.delete(name),
    knocks: () => waiting,
    nearby: () => [],
    mediators: () => [],
    contactRequests: async () => [
      { peer: STRANGER, nickname: 'Dora', message: 'hi' },
      { peer: CAROL, nickname: 'Carol', message: '' },
    ],
    groupInvites: async () => [],
    acceptKnock: async (peer: string) => void answered.push(`let in ${peer}`),
    declineKnock: async (peer: string) => void answered.push(`not let in ${peer}`),
    acceptContact: async (peer: string) => void answered.push(`a contact ${peer}`),
  }
  const backend = new MessengerBackend(messenger as unknown as Messenger, 'current')
  const events: BackendEvent[] = []
  const end = backend.listen((event) => events.push(event))
  waiting = [knock]
  listeners.get('knock')?.(knock)
  const request = { peer: STRANGER, nickname: 'Dora', message: '', knock: { fingerprint: FINGERPRINT } }
  expect(events).toEqual([{ type: 'request', request }])
  // Once, whatever else they ask.
  expect((await backend.requests()).map(({ peer }) => peer)).toEqual([STRANGER, CAROL])
  await backend.answer(STRANGER, true)
  await backend.answer(STRANGER, false)
  waiting = []
  listeners.get('knockOver')?.({ peer: STRANGER })
  expect(events.at(-1)).toEqual({ type: 'people-changed' })
  await backend.answer(STRANGER, true)
  expect(answered).toEqual([`let in ${STRANGER}`, `not let in ${STRANGER}`, `a contact ${STRANGER}`])
  end()
  expect(listeners.has('knock')).toBe(false)
})
