import type { Messenger } from '@mimirjs/messenger'
import { describe, expect, test } from 'vitest'
import { invitationLink, readInvitation } from '../../examples/web-chat/src/page/model/invitation.js'
import { otherProfileUrl, profileOf } from '../../examples/web-chat/src/page/model/settings.js'
import { meOf, serversOf } from '../../examples/web-chat/src/page/model/views.js'
import {
  deletionWords,
  linkWords,
  markOf,
  previewOf,
  sentence,
  serversWords,
} from '../../examples/web-chat/src/page/model/words.js'

const KEY = 'ab'.repeat(32)
const FREE = { isBlocked: false, isOnline: true }
const CONTACT = 'rdv1:q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s'

describe('invitations', () => {
  test('a link of the page gives back whom it was made for', () => {
    const link = invitationLink('http://127.0.0.1:8765/', `${CONTACT}?s=ws%3A%2F%2F127.0.0.1%3A8765`, 'Anna & Bela #1')
    expect(readInvitation(link)).toEqual({
      person: expect.stringContaining(CONTACT),
      peer: KEY,
      name: 'Anna & Bela #1',
      servers: ['ws://127.0.0.1:8765'],
      address: undefined,
    })
    expect(readInvitation(invitationLink('http://127.0.0.1/', CONTACT, ''))).toMatchObject({ name: '', servers: [] })
  })

  test.each([
    [`here: ${KEY.toUpperCase()} thanks`, { person: KEY.toUpperCase(), peer: KEY, address: undefined }],
    [`${KEY} ws://127.0.0.1:5051`, { person: KEY, address: 'ws://127.0.0.1:5051' }],
    [`wss://chat.example:443 ${KEY}`, { person: KEY, address: 'wss://chat.example:443' }],
    [`mimir://mm/u/${KEY}/Anna`, { person: `mimir://mm/u/${KEY}/Anna`, peer: KEY }],
    [`${CONTACT}?n=Ann%20Smith`, { person: `${CONTACT}?n=Ann%20Smith`, name: 'Ann Smith' }],
    [`${CONTACT}?s=wss%3A%2F%2Fmeet.example`, { servers: ['wss://meet.example'], address: undefined }],
  ])('reads %s', (text, expected) => {
    expect(readInvitation(text)).toMatchObject(expected)
  })

  test.each([
    '',
    'hello',
    KEY.slice(1),
    `${KEY}00`,
    'http://127.0.0.1:8765/',
    'rdv1:nonsense',
    `${CONTACT}a`,
    'rdv1:%E0%A4%A',
    'mimir://nonsense',
  ])('finds nobody in %j', (text) => {
    expect(readInvitation(text)).toBeUndefined()
  })

  test('of the servers in a link a few are taken, and none that would make our own link too long to be shown', () => {
    const servers = ['wss://a.example', `wss://b.example/${'x'.repeat(900)}`, 'wss://c.example', 'wss://d.example']
    const more = [...servers, 'wss://e.example'].map((url) => `s=${encodeURIComponent(url)}`).join('&')
    expect(readInvitation(`${CONTACT}?${more}`)?.servers).toEqual([
      'wss://a.example',
      'wss://c.example',
      'wss://d.example',
    ])
  })

  test('a name in a link is short, and writes nothing backwards', () => {
    const read = readInvitation(invitationLink('http://page/', CONTACT, `\u202eevil\n${'x'.repeat(100)}`))
    expect(read?.name).toBe(`evil${'x'.repeat(60)}`)
  })
})

describe('who a window is', () => {
  test.each([
    ['', '1'],
    ['?me=2', '2'],
    ['?me=bela', 'bela'],
    ['?me=../x', '1'],
    [`?me=${'x'.repeat(17)}`, '1'],
  ])('%j is %s', (search, profile) => {
    expect(profileOf(search)).toBe(profile)
  })

  test('the next window is another one, and keeps the link that was opened', () => {
    expect(otherProfileUrl('1', '#rdv1:x')).toBe('?me=2#rdv1:x')
    expect(otherProfileUrl('bela', '')).toBe('?me=2')
  })
})

describe('without a way to meet others', () => {
  const problem = 'there is no room left'
  const messenger = {
    publicKey: KEY,
    link: `mimir://mm/u/${KEY}/Ann`,
    health: async () => ({ rendezvous: undefined, rendezvousProblem: problem }),
  } as unknown as Messenger

  test('there is no link, for nobody could be asked behind it', async () => {
    expect(await meOf(messenger, 'http://127.0.0.1:8765/')).toMatchObject({ name: 'Ann', link: undefined })
  })

  test('the reason is said for as long as it lasts, and no server is asked for', async () => {
    const { servers, serversProblem } = await serversOf(messenger)
    expect(serversWords(servers, true, undefined, serversProblem)).toEqual({
      text: `nobody can be met: ${problem}`,
      isGood: false,
    })
  })
})

describe('words', () => {
  test('a failure is one sentence, never a stack', () => {
    expect(sentence(new Error('no room\n    at somewhere'))).toBe('no room')
    expect(sentence('')).toBe('something failed')
  })

  test('states are said as they are', () => {
    const up = { state: 'up', address: `rdv://${KEY}`, handshakeMs: 1 } as const
    expect(linkWords(undefined, FREE).isUp).toBe(false)
    expect(linkWords(up, FREE)).toMatchObject({ isUp: true })
    expect(linkWords({ ...up, isRestarting: true }, FREE).text).toMatch(/another way/)
    expect(linkWords(up, { ...FREE, isBlocked: true })).toEqual({
      text: expect.stringMatching(/^blocked/),
      isUp: false,
    })
    expect(linkWords(up, { ...FREE, isOnline: false }).isUp).toBe(true)
    const looking = { state: 'connecting' } as const
    expect(linkWords(looking, { ...FREE, isOnline: false }).text).toMatch(/^offline/)
    const ready = [{ url: 'ws://x', state: 'ready', reason: undefined }]
    expect(serversWords(ready, true, 300_000).text).toBe(
      'this clock is 5 min slow: nobody can be met until it is right',
    )
    expect(serversWords(ready, true, -7_200_000).text).toMatch(/2 h fast/)
    expect(markOf('stored').words).not.toBe(markOf('delivered').words)
    expect(serversWords([], true).isGood).toBe(false)
    expect(serversWords([{ url: 'ws://x', state: 'ready', reason: undefined }], false).isGood).toBe(false)
    expect(serversWords([{ url: 'ws://x', state: 'ready', reason: undefined }], true).isGood).toBe(true)
    expect(previewOf({ kind: 'file', text: '', outgoing: true, file: { name: 'a.txt' } })).toBe('You: a.txt')
  })
})

describe('whoever deletes a message is told what they do', () => {
  const file = { name: 'a.txt', mimeType: 'text/plain', sizeBytes: 1, bytes: undefined, damaged: false }
  test.each([
    [{ outgoing: false, state: 'handled', file }, /from this browser only: they keep it/],
    [{ outgoing: true, state: 'delivered', file: undefined }, /from this browser only: they keep it/],
    [{ outgoing: true, state: 'stored', file }, /As far as we know they do not have it/],
    [{ outgoing: true, state: 'delivered', file }, /not fetched it yet, it is gone for them, too/],
  ] as const)('%j', (entry, words) => {
    expect(deletionWords(entry)).toMatch(words)
  })
})

describe('why somebody is not reached', () => {
  const nobody = 'connect: nobody answered: they are not connected to a server of ours, or have not said yes'
  const noPath = 'no path between the two was found: a TURN server in iceServers may help'
  const declined = 'they declined to be connected with us'
  const unknown = 'no address of this peer is known'
  test.each([
    [`${nobody}; ${unknown}`, 'not there now; messages wait here'],
    [`${declined}; ${unknown}`, `messages wait here: ${declined}`],
    [`connect: ${noPath}`, `messages wait here: ${noPath}`],
  ])('%s', (reason, text) => {
    expect(linkWords({ state: 'waiting', reason, retryAtMs: 0 }, FREE)).toEqual({ text, isUp: false })
  })

  test.each([
    ['waiting', 'closed', /trying again/],
    ['left', 'forged', /see the settings/],
    ['waiting', 'replaced', /see the settings/],
  ])('a server that is %s: %s', (state, reason, text) => {
    expect(serversWords([{ url: 'ws://x', state, reason }], true)).toEqual({
      text: expect.stringMatching(text),
      isGood: false,
    })
  })
})
