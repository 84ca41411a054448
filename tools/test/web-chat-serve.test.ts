// `npm start -- web` without a browser: what it takes, what it refuses, and what it serves.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { readOptions } from '../../examples/web-chat/src/serve/options.js'
import { pageAnswer, readPage } from '../../examples/web-chat/src/serve/page-files.js'
import { run } from '../../examples/web-chat/src/serve/run.js'
import { untilStopped as untilSignal } from '../../examples/web-chat/src/serve/stop.js'

const SCRIPT = 'hello()\n'.repeat(1_000)

let folder: string
let page: string

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'mimir-web-page-'))
  page = path.join(folder, 'page')
  mkdirSync(path.join(page, 'assets'), { recursive: true })
  writeFileSync(path.join(page, 'index.html'), '<p>page</p>')
  writeFileSync(path.join(page, 'assets/a.js'), SCRIPT)
  writeFileSync(path.join(folder, 'secret.txt'), 'secret')
})

afterEach(() => rmSync(folder, { recursive: true }))

/** @returns the port */
async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

function close(server: Server): Promise<unknown> {
  return new Promise((resolve) => server.close(resolve))
}

describe('the command line', () => {
  test('has a default for everything', () => {
    expect(readOptions([])).toEqual({
      host: '127.0.0.1',
      port: 8765,
      url: undefined,
      ice: [],
      echo: true,
      json: false,
      help: false,
    })
  })

  test.each([
    [['--host', '::1'], { host: '::1' }],
    [['--host', '[::1]'], { host: '::1' }],
    [['--host', '0.0.0.0'], { host: '0.0.0.0' }],
    [['--host', '192.0.2.2', '--url', 'https://chat.example'], { host: '192.0.2.2', url: 'https://chat.example' }],
    [['--url', 'https://chat.example:8443/'], { url: 'https://chat.example:8443' }],
    [['--url', 'http://[::1]:8080'], { url: 'http://[::1]:8080' }],
    [
      ['--ice', 'stun:stun.example:3478', '--ice', 'stuns:[2001:db8::1]'],
      { ice: ['stun:stun.example:3478', 'stuns:[2001:db8::1]'] },
    ],
  ])('%j', (args, expected) => {
    expect(readOptions(args)).toMatchObject(expected)
  })

  test.each([
    [['--port', '70000'], '--port: expected a number up to 65535, got 70000'],
    [['--host', '192.0.2.2'], '--host 192.0.2.2 needs --url'],
    [['--host', 'chat.lan'], '--host chat.lan needs --url'],
    [['--url', 'http://chat.lan'], '--url: expected https://, as http:// is for this machine alone'],
    [['--url', 'chat.example'], '--url: expected the address of the page without a path'],
    [['--url', 'https://chat.example/chat'], '--url: expected the address of the page without a path'],
    [['--url', 'https://me@chat.example'], '--url: expected the address of the page without a path'],
    [['--ice', 'foo'], '--ice: expected stun:<host>:<port>, got foo'],
    [['--ice', 'turn:stun.example'], '--ice: expected stun:<host>:<port>'],
    [['--ice', 'stun:'], '--ice: expected stun:<host>:<port>'],
    [['--bogus'], "Unknown option '--bogus'"],
  ])('%j is refused', (args, why) => {
    expect(() => readOptions(args)).toThrow(why)
  })
})

describe('the program', () => {
  const untilStopped = (): Promise<void> => Promise.resolve()
  let said: string[]
  let failures: string[]

  beforeEach(() => {
    said = []
    failures = []
    vi.spyOn(console, 'log').mockImplementation((text: string) => void said.push(text))
    vi.spyOn(console, 'error').mockImplementation((text: string) => void failures.push(text))
  })

  afterEach(() => {
    vi.restoreAllMocks()
    vi.unstubAllEnvs()
  })

  test('serves until it is stopped, and says where', async () => {
    expect(await run(['--port', '0'], { untilStopped, folder: page })).toBe(0)
    expect(said.join('\n')).toMatch(
      /^Open http:\/\/127\.0\.0\.1:\d+ in .*\n.*: http:\/\/127\.0\.0\.1:\d+\/#rdv1:.*&n=Echo\n/,
    )
    expect(failures).toEqual([])
  })

  test('is told to stop twice when its whole group is: the second time is no shorter end', async () => {
    const before = process.rawListeners('SIGTERM')
    const stopped = untilSignal()
    const added = process.rawListeners('SIGTERM').filter((listener) => !before.includes(listener))
    for (let times = 0; times < 2; times++) for (const listener of added) listener.call(process, 'SIGTERM', 15)
    await stopped
    expect(process.rawListeners('SIGTERM')).toEqual([...before, ...added])
  })

  test('says what it takes', async () => {
    expect(await run(['--help'], { untilStopped, folder: page })).toBe(0)
    expect(said.join('\n')).toMatch(/^usage: npm start -- web /)
  })

  test('wrong arguments are one line', async () => {
    expect(await run(['--ice', 'foo'], { untilStopped, folder: page })).toBe(2)
    expect(failures).toEqual(['--ice: expected stun:<host>:<port>, got foo'])
  })

  test('a port that is taken is one line', async () => {
    const other = createServer()
    expect(await run(['--port', String(await listen(other))], { untilStopped, folder: page })).toBe(1)
    expect(failures).toEqual([expect.stringMatching(/^cannot listen on 127\.0\.0\.1, port \d+: .*0 takes a free one$/)])
    await close(other)
  })

  test('a page that was never built is one line', async () => {
    const nowhere = path.join(folder, 'nowhere')
    expect(await run(['--port', '0'], { untilStopped, folder: nowhere })).toBe(1)
    expect(failures).toEqual([`there is no page in ${nowhere}: build it first`])
  })

  test('no place for temporary files is one line, and the port is free again', async () => {
    const before = createServer()
    const args = ['--port', String(await listen(before))]
    await close(before)
    for (const name of ['TMPDIR', 'TMP', 'TEMP']) vi.stubEnv(name, path.join(folder, 'nowhere'))
    expect(await run(args, { untilStopped, folder: page })).toBe(1)
    expect(await run(['--json'], { untilStopped, folder: page })).toBe(1)
    expect(failures).toEqual([
      expect.stringMatching(/^Echo, which --no-echo leaves out, did not start: ENOENT/),
      expect.stringMatching(/^the rehearsal failed: ENOENT/),
    ])
    expect(await run([...args, '--no-echo'], { untilStopped, folder: page })).toBe(0)
  })
})

describe('the server of the page', () => {
  let server: Server
  let origin: string

  beforeEach(async () => {
    server = createServer(pageAnswer(readPage(page), { servers: ['ws://x'] }))
    origin = `http://127.0.0.1:${await listen(server)}`
  })

  afterEach(() => close(server))

  test('gives out the page, its files and the settings, each under a strict policy', async () => {
    const page = await fetch(origin)
    expect([page.status, page.headers.get('content-type'), await page.text()]).toEqual([
      200,
      'text/html; charset=utf-8',
      '<p>page</p>',
    ])
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'/)
    expect(await (await fetch(`${origin}/config.json`)).json()).toEqual({ servers: ['ws://x'] })
    expect(await (await fetch(origin, { method: 'HEAD' })).text()).toBe('')
  })

  test('sends what it has packed, to those who take that', async () => {
    const packed = await fetch(`${origin}/assets/a.js`, { headers: { 'accept-encoding': 'br, gzip;q=0.5' } })
    expect(packed.headers.get('content-encoding')).toBe('gzip')
    expect(Number(packed.headers.get('content-length'))).toBeLessThan(SCRIPT.length / 10)
    expect(await packed.text()).toBe(SCRIPT)
    for (const taken of ['identity', 'br, gzip;q=0', 'gzip;q=0.0, br']) {
      const plain = await fetch(`${origin}/assets/a.js`, { headers: { 'accept-encoding': taken } })
      expect(plain.headers.get('content-encoding')).toBeNull()
      expect(plain.headers.get('vary')).toBe('Accept-Encoding')
      expect(await plain.text()).toBe(SCRIPT)
    }
  })

  test('an asset that is there is kept for good, one that is not may come', async () => {
    expect((await fetch(`${origin}/assets/a.js`)).headers.get('cache-control')).toBe(
      'public, max-age=31536000, immutable',
    )
    expect((await fetch(`${origin}/assets/b.js`)).headers.get('cache-control')).toBe('no-cache')
    expect((await fetch(origin)).headers.get('cache-control')).toBe('no-cache')
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
