// The two programs of the mp2p examples as they are: processes on the loopback interface, with files in a folder of theirs.
import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { networkInterfaces, tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { readConfig, writeConfig } from '@mimirjs/multicast'
import { toHex } from '@mimirjs/wire'
import { describe, expect, onTestFinished, test } from 'vitest'
import { loadConfig } from '../../examples/mp2p-server/src/config.js'
import { readFlags } from '../../examples/mp2p-server/src/flags.js'
import { printable } from '../../examples/mp2p-server/src/log.js'

const TIMEOUT_MS = 60_000
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
/** `lo`, and what other systems call it. */
const [LOOPBACK = 'lo'] = Object.entries(networkInterfaces()).flatMap(([name, entries = []]) =>
  entries.some(({ internal, family }) => internal && family === 'IPv4') ? [name] : [],
)
const GREETING = 'Hello server, how are you?'
const ANSWER = 'Hi this is Jack : )'
/** As Go writes the time. */
const STAMP = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /

function newFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'mimirjs-mp2p-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** One that has a folder of that name. */
function newFolderWith(name: string): string {
  const folder = newFolder()
  mkdirSync(path.join(folder, name))
  return folder
}

class Program {
  readonly #child: ChildProcess
  readonly ended: Promise<number | NodeJS.Signals | null>
  out = ''
  #errors = ''
  readonly #watchers = new Set<() => void>()

  constructor(name: 'server' | 'client', cwd: string, args: readonly string[]) {
    const main = fileURLToPath(new URL(`../../examples/mp2p-${name}/src/main.ts`, import.meta.url))
    const child = spawn(process.execPath, ['--conditions=mimir:source', '--import', tsx, main, ...args], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    child.stdout.on('data', (chunk: Buffer) => this.#note(() => (this.out += chunk.toString())))
    child.stderr.on('data', (chunk: Buffer) => this.#note(() => (this.#errors += chunk.toString())))
    this.ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals | null)
    void this.ended.then(() => this.#note(() => {}))
    onTestFinished(() => this.end('SIGKILL').then(() => {}))
  }

  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
    this.#child.kill(signal)
    return this.ended
  }

  get lines(): string[] {
    return this.out.split('\n').slice(0, -1)
  }

  /** Lines of standard error, without the time before them. */
  get errors(): string[] {
    return this.#errors
      .split('\n')
      .slice(0, -1)
      .map((line) => line.replace(STAMP, ''))
  }

  get rawErrors(): string {
    return this.#errors
  }

  /** The rest of the first line that begins so, now or later. */
  async after(start: string): Promise<string> {
    const find = (): string | undefined => this.lines.find((line) => line.startsWith(start))?.slice(start.length)
    await this.until(() => find() !== undefined)
    return find() ?? ''
  }

  /** Rejects when the program ends before that. */
  until(test: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (test()) resolve()
        else if (this.#child.exitCode === null && this.#child.signalCode === null) return
        else reject(new Error(`it ended before:\n${this.out}${this.#errors}`))
        this.#watchers.delete(look)
      }
      this.#watchers.add(look)
      look()
    })
  }

  #note(change: () => unknown): void {
    change()
    for (const watcher of [...this.#watchers]) watcher()
  }
}

/** One that nobody listens on at this moment. */
async function freePort(): Promise<string> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  await once(socket, 'close')
  return String(port)
}

interface Serving {
  readonly server: Program
  readonly group: string
  readonly port: string
  /** What the client has to know, as flags. */
  readonly flags: readonly string[]
}

async function serve(folder: string, ...args: string[]): Promise<Serving> {
  const port = await freePort()
  const server = new Program('server', folder, ['-ifi', LOOPBACK, '-ipv4', '-port', port, ...args])
  const group = await server.after('my addr: ')
  const key = await server.after('my publ: ')
  return { server, group, port, flags: ['-addr', group, `-publ=${key}`, '--port', port, '-ifi', LOOPBACK] }
}

describe('server and client', () => {
  test('say what the originals say, and keep who they are', { timeout: TIMEOUT_MS }, async () => {
    const folder = newFolder()
    const { server, group, flags } = await serve(folder, '-v')
    const client = new Program('client', folder, [...flags, '-v'])
    expect(await client.ended).toBe(0)
    const { publicKey, ipv4Group } = readConfig(readFileSync(path.join(folder, 'client.conf')))
    const [clientKey, clientGroup] = [toHex(publicKey), ipv4Group?.join('.')]
    expect(client.lines).toEqual([`my addr: ${clientGroup}`, `my publ: ${clientKey}`, ANSWER])
    expect(client.errors).toEqual([
      'sending session initiation payload',
      'received response payload',
      'sending session data',
      'received response payload',
    ])
    const kept = readConfig(readFileSync(path.join(folder, 'server.conf')))
    expect(group).toBe(kept.ipv4Group?.join('.'))
    expect(server.lines).toEqual([
      `using: ${group}`,
      `my addr: ${group}`,
      `my publ: ${toHex(kept.publicKey)}`,
      GREETING,
    ])
    expect(server.errors).toEqual([
      'received payload',
      `registering peer {IP:${clientGroup} Port:1025 Zone:}`,
      'received payload',
      'sending session initiation response',
      'received payload',
      'sending session response',
    ])
    for (const line of server.rawErrors.trimEnd().split('\n')) expect(line).toMatch(STAMP)
    expect(await server.end('SIGTERM')).toBe(process.platform === 'win32' ? 'SIGTERM' : 0)

    const again = await serve(folder)
    expect(again.server.lines.slice(0, 3)).toEqual(server.lines.slice(0, 3))
    if (process.platform === 'win32') return
    for (const name of ['server.conf', 'client.conf'])
      expect(statSync(path.join(folder, name)).mode & 0o777, name).toBe(0o600)
  })

  test('-loop goes on, whatever else arrives at the group; -vv shows the bytes', { timeout: TIMEOUT_MS }, async () => {
    const folder = newFolder()
    const { server, group, port, flags } = await serve(folder)
    const client = new Program('client', folder, [...flags, '-loop', '-vv'])
    await client.until(() => client.lines.filter((line) => line === ANSWER).length >= 3)
    const stranger = createSocket('udp4')
    stranger.bind(0, '127.0.0.1')
    await once(stranger, 'listening')
    stranger.setMulticastInterface('127.0.0.1')
    for (const size of [0, 1, 115, 177, 1400]) stranger.send(new Uint8Array(size).fill(2), Number(port), group)
    const answered = client.lines.length
    await client.until(() => client.lines.length > answered + 50)
    stranger.close()
    expect(new Set(client.lines.slice(2))).toEqual(new Set([ANSWER]))
    expect(new Set(server.lines.slice(3))).toEqual(new Set([GREETING]))
    expect(server.rawErrors).toBe('')
    expect(client.errors.slice(0, 4)).toEqual([
      expect.stringMatching(/^ {2}115 bytes: 000401/),
      'sending session initiation payload',
      expect.stringMatching(/^ {2}177 bytes: 01/),
      'received response payload',
    ])
    await client.end('SIGKILL')
  })

  test.each<['server' | 'client', string[], number, string | RegExp]>([
    ['server', ['-x'], 2, 'flag provided but not defined: -x'],
    ['client', ['-loop=maybe'], 2, 'invalid boolean value "maybe" for -loop: parse error'],
    ['client', ['-addr', '224.0.224.300'], 1, /^failed to parse peer ip: expected a multicast group/],
    ['client', ['-addr', '192.0.2.1'], 1, /^failed to parse peer ip: .*this is the address of one host/],
    ['client', [], 1, /^failed to parse peer ip: /],
    [
      'client',
      ['-addr', '224.0.224.1', '-publ', 'abc'],
      1,
      'failed to parse peer key: expected 64 hex digits, got "abc"',
    ],
    ['client', ['-addr', '224.0.224.1', '-publ', '01'.padEnd(64, '0'), '-ifi', LOOPBACK], 1, /public key/],
    ['server', ['-ipv4', '-ifi', LOOPBACK, '-port', '80'], 1, /1024/],
    ['server', ['-ipv4', '-port', '0'], 1, '-port 0: give one that others can be told of, from 1024 on'],
    ['server', ['ipv4', '-ifi', LOOPBACK], 2, 'unexpected argument: ipv4'],
    [
      'client',
      [
        '-addr',
        '224.0.224.1',
        '-publ',
        '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c',
        '-port',
        '80',
      ],
      1,
      /1024/,
    ],
    ['server', ['-ipv4', '-prefix6'], 1, '-ipv4 and -prefix6 exclude each other: give one'],
  ])('%s %j ends with one clear line', { timeout: TIMEOUT_MS }, async (name, args, exitCode, line) => {
    const program = new Program(name, newFolder(), args)
    expect([await program.ended, program.errors[0]]).toEqual([
      exitCode,
      typeof line === 'string' ? line : expect.stringMatching(line),
    ])
    if (exitCode === 1) expect(program.errors).toHaveLength(1)
    else expect(program.errors[1]).toBe(`Usage of ${name}:`)
  })

  test('an interface that is none: those that are', { timeout: TIMEOUT_MS }, async () => {
    const program = new Program('server', newFolder(), ['-ipv4', '-ifi', 'en99'])
    expect(await program.ended).toBe(1)
    expect(program.errors[0]).toBe('interfaces include:')
    expect(program.errors).toContain(` - ${LOOPBACK}`)
    expect(program.errors.at(-1)).toMatch(/^network interface invalid: .*"en99"/)
  })

  test('a port that is taken, and a damaged file', { timeout: TIMEOUT_MS }, async () => {
    const folder = newFolder()
    const { port } = await serve(folder)
    const second = new Program('server', folder, ['-ifi', LOOPBACK, '-ipv4', '-port', port])
    expect(await second.ended).toBe(1)
    expect(second.errors).toEqual([expect.stringContaining('another program listens on this port')])
    const fourth = new Program('server', newFolderWith('server.conf'), ['-ifi', LOOPBACK, '-ipv4'])
    expect(await fourth.ended).toBe(1)
    expect(fourth.errors).toEqual([expect.stringMatching(/^server\.conf: EISDIR/)])
    writeFileSync(path.join(folder, 'server.conf'), new Uint8Array(83))
    const third = new Program('server', folder, ['-ifi', LOOPBACK, '-ipv4'])
    expect(await third.ended).toBe(1)
    expect(third.errors).toEqual([expect.stringMatching(/^server\.conf: expected 84 bytes, .* got 83$/)])
  })
})

describe('the flags', () => {
  const flags = {
    addr: { value: '', usage: 'where' },
    port: { value: 1024, usage: 'which' },
    loop: { value: false, usage: 'again' },
  } as const

  test.each<[string[], object | string]>([
    [[], { addr: '', port: 1024, loop: false }],
    [['-addr', 'ff1e::1', '-port', '7', '-loop'], { addr: 'ff1e::1', port: 7, loop: true }],
    [['--addr=ff1e::1', '--port=7', '--loop=false'], { addr: 'ff1e::1', port: 7, loop: false }],
    [['-addr=a=b', '-loop'], { addr: 'a=b', port: 1024, loop: true }],
    [['-loop', 'rest', '-port', '7'], 'unexpected argument: rest'],
    [['-addr', '-loop'], { addr: '-loop', port: 1024, loop: false }],
    [['--', '-port', '7'], 'unexpected argument: --'],
    [['-', '-port', '7'], 'unexpected argument: -'],
    [['-loop=T'], { addr: '', port: 1024, loop: true }],
    [['-port'], 'flag needs an argument: -port'],
    [['-port', 'x'], 'invalid value "x" for flag -port: parse error'],
    [['-port='], 'invalid value "" for flag -port: parse error'],
    [['-loop=x'], 'invalid boolean value "x" for -loop: parse error'],
    [['-toString'], 'flag provided but not defined: -toString'],
    [['---addr'], 'bad flag syntax: ---addr'],
    [['-=x'], 'bad flag syntax: -=x'],
    [['-h'], ''],
    [['--help'], ''],
  ])('%j', (words, values) => {
    expect(readFlags(words, flags)).toEqual(values)
  })
})

describe('the file', () => {
  test('of a version that could make no IPv4 group gets one; the rest stays, and others cannot read it', () => {
    const file = path.join(newFolder(), 'server.conf')
    const { ipv4Group, ipv6Group, seed } = loadConfig(file)
    const mode = (): number => statSync(file).mode & 0o777
    if (process.platform !== 'win32') expect(mode()).toBe(0o600)
    const old = writeConfig({ ipv4Group: undefined, ipv6Group, seed })
    writeFileSync(file, old)
    chmodSync(file, 0o755)
    const found = loadConfig(file)
    expect(found).toMatchObject({ ipv6Group, seed })
    expect([...found.ipv4Group.subarray(0, 2)]).toEqual([224, 0])
    expect(loadConfig(file)).toEqual(found)
    expect(readFileSync(file).subarray(4)).toEqual(Buffer.from(old).subarray(4))
    expect(ipv4Group).toHaveLength(4)
    if (process.platform !== 'win32') expect(mode()).toBe(0o600)
  })
})

test('what others write cannot move the cursor of whoever reads it', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
  expect(printable(bytes('Grüße 👋'))).toBe('Grüße 👋')
  expect(printable(bytes('a\u001b[2J\nb\u202ec\u2028'))).toBe('a\ufffd[2J\ufffdb\ufffdc\ufffd')
  expect(printable(Uint8Array.of(0xff, 0x41))).toBe('\ufffdA')
})
