import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { invitationLink, readInvitation } from '../../examples/web-chat/src/page/model/invitation.js'
import { otherProfileUrl, profileOf } from '../../examples/web-chat/src/page/model/settings.js'
import { linkWords, markOf, previewOf, sentence, serversWords } from '../../examples/web-chat/src/page/model/words.js'
import { pageAnswer } from '../../examples/web-chat/src/serve/page-files.js'

const KEY = 'ab'.repeat(32)
const CONTACT = 'rdv1:q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s'

describe('invitations', () => {
  test('a link of the page gives back whom it was made for', () => {
    const link = invitationLink('http://127.0.0.1:8765/', `${CONTACT}?s=ws%3A%2F%2F127.0.0.1%3A8765`, 'Anna & Bela #1')
    expect(readInvitation(link)).toEqual({
      person: expect.stringContaining(CONTACT),
      name: 'Anna & Bela #1',
      servers: ['ws://127.0.0.1:8765'],
      address: undefined,
    })
    expect(readInvitation(invitationLink('http://127.0.0.1/', CONTACT, ''))).toMatchObject({ name: '', servers: [] })
  })

  test.each([
    [`here: ${KEY.toUpperCase()} thanks`, { person: KEY.toUpperCase(), address: undefined }],
    [`${KEY} ws://127.0.0.1:5051`, { person: KEY, address: 'ws://127.0.0.1:5051' }],
    [`wss://chat.example:443 ${KEY}`, { person: KEY, address: 'wss://chat.example:443' }],
    [`mimir://mm/u/${KEY}/Anna`, { person: `mimir://mm/u/${KEY}/Anna` }],
    [`${CONTACT}?s=wss%3A%2F%2Fmeet.example`, { servers: ['wss://meet.example'], address: undefined }],
  ])('reads %s', (text, expected) => {
    expect(readInvitation(text)).toMatchObject(expected)
  })

  test.each(['', 'hello', KEY.slice(1), `${KEY}00`, 'http://127.0.0.1:8765/'])('finds nobody in %j', (text) => {
    expect(readInvitation(text)).toBeUndefined()
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

describe('words', () => {
  test('a failure is one sentence, never a stack', () => {
    expect(sentence(new Error('no room\n    at somewhere'))).toBe('no room')
    expect(sentence('')).toBe('something failed')
  })

  test('states are said as they are', () => {
    expect(linkWords(undefined).isUp).toBe(false)
    expect(linkWords({ state: 'up', address: `rdv://${KEY}`, handshakeMs: 1 })).toMatchObject({ isUp: true })
    expect(markOf('stored').words).not.toBe(markOf('delivered').words)
    expect(serversWords([], true).isGood).toBe(false)
    expect(serversWords([{ url: 'ws://x', state: 'ready', reason: undefined }], false).isGood).toBe(false)
    expect(serversWords([{ url: 'ws://x', state: 'ready', reason: undefined }], true).isGood).toBe(true)
    expect(previewOf({ kind: 'file', text: '', outgoing: true, file: { name: 'a.txt' } })).toBe('You: a.txt')
  })
})

describe('the server of the page', () => {
  let folder: string
  let server: Server
  let origin: string

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'mimir-web-page-'))
    mkdirSync(path.join(folder, 'page/assets'), { recursive: true })
    writeFileSync(path.join(folder, 'page/index.html'), '<p>page</p>')
    writeFileSync(path.join(folder, 'page/assets/a.js'), '1')
    writeFileSync(path.join(folder, 'secret.txt'), 'secret')
    server = createServer(pageAnswer(path.join(folder, 'page'), () => ({ servers: ['ws://x'] })))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve))
    rmSync(folder, { recursive: true })
  })

  test('gives out the page, its files and the settings, each under a strict policy', async () => {
    const page = await fetch(origin)
    expect([page.status, page.headers.get('content-type'), await page.text()]).toEqual([
      200,
      'text/html; charset=utf-8',
      '<p>page</p>',
    ])
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'/)
    expect((await fetch(`${origin}/assets/a.js`)).headers.get('cache-control')).toContain('immutable')
    expect(await (await fetch(`${origin}/config.json`)).json()).toEqual({ servers: ['ws://x'] })
    expect(await (await fetch(origin, { method: 'HEAD' })).text()).toBe('')
  })

  test.each(['/no', '/../secret.txt', '/%2e%2e/secret.txt', '/assets/', '//x'])('has nothing at %s', async (where) => {
    expect((await fetch(origin + where)).status).toBe(404)
  })

  test('is not ended by an address that is none', async () => {
    const { port } = server.address() as AddressInfo
    const socket = connect(port, '127.0.0.1')
    socket.end('GET http://[ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    const answer = await new Promise((resolve) => socket.once('data', (data) => resolve(String(data).slice(0, 12))))
    expect(answer).toBe('HTTP/1.1 404')
    expect((await fetch(origin)).status).toBe(200)
  })

  test('takes nothing', async () => {
    expect((await fetch(origin, { method: 'POST', body: 'x' })).status).toBe(405)
  })
})
