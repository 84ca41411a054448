import { chmodSync, existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { temporaryFolder } from '../support/folder.js'
import { MediatorServer, Member } from '../support/groups.js'
import { Mimir } from '../support/mimir.js'
import { Terminal } from '../support/terminal.js'

const LONG_MS = 60_000

describe('mimir mediator', () => {
  test('tells how others name it, counts, and ends with 0 when it is stopped', async () => {
    const terminal = new Terminal()
    const ended = terminal.run('mediator', '--listen', 'tcp://127.0.0.1:0', '--home', 'home', '--json')
    const ready = await terminal.out.event('ready')
    const { publicKey, address } = ready
    expect(ready).toEqual({
      event: 'ready',
      ready: true,
      publicKey: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      address: expect.stringMatching(/^tcp:\/\/127\.0\.0\.1:\d+$/) as string,
      mediator: `${publicKey}@${address}`,
      db: join(terminal.cwd, 'home', 'mediator.sqlite'),
      http: null,
    })
    terminal.signals.emit('SIGUSR2')
    expect(await terminal.out.event('stats')).toMatchObject({ connections: 0, messages: 0 })
    terminal.signals.emit('SIGTERM')
    expect(await ended).toBe(0)
    expect(statSync(join(terminal.cwd, 'home', 'mediator.key')).mode & 0o777).toBe(0o600)
    expect(terminal.signals.eventNames()).toEqual([])
    expect(terminal.err.text).toBe('')
  })

  test('for people its first line is what others give as --mediator', async () => {
    const terminal = new Terminal()
    const ended = terminal.start('mediator', '--listen', 'tcp://127.0.0.1:0', '--key', 'm.key', '--db', 'm.sqlite')
    const line = await terminal.out.line(() => true)
    expect(line).toMatch(/^mediator [0-9a-f]{64}@tcp:\/\/127\.0\.0\.1:\d+$/)
    terminal.signals.emit('SIGUSR2')
    expect(await terminal.out.line((text) => text.startsWith('connections'))).toMatch(
      /^connections 0, authenticated 0,/,
    )
    terminal.signals.emit('SIGINT')
    expect(await ended).toBe(0)
    expect(terminal.err.text).toMatch(/^stopped; connections 0,/)
    expect(
      readdirSync(terminal.cwd)
        .filter((name) => name.startsWith('m.'))
        .sort(),
    ).toEqual(['m.key', 'm.sqlite'])
  })

  test('keeps its key, its groups and who is in them over a restart', { timeout: LONG_MS }, async () => {
    const first = await MediatorServer.start()
    const alice = await Member.create(first, 'Alice')
    const [made] = await alice.groupJson('create', 'Hiking')
    await alice.groupJson('send', 'hiking', 'hello')
    expect(await first.stop()).toBe(0)
    const second = await first.again()
    expect(second.name).toBe(first.name)
    const bob = await Member.create(second, 'Bob')
    await alice.groupJson('invite', 'hiking', bob.key)
    await bob.groupJson('join', 'hiking')
    expect((await bob.groupJson('history', 'hiking')).map(({ text }) => text)).toContain('hello')
    expect(await bob.groupJson('list')).toMatchObject([{ id: made?.['id'] }])
  })

  test('health and metrics', async () => {
    const mediator = await MediatorServer.start({ args: ['--http', 'http://127.0.0.1:0'] })
    expect(await (await fetch(`${mediator.http}/health`)).text()).toBe('ok\n')
    expect(await (await fetch(`${mediator.http}/metrics`)).text()).toContain('# TYPE')
    const other = new Terminal()
    const taken = ['mediator', '--listen', 'tcp://127.0.0.1:0', '--home', 'home', '--http', mediator.http]
    expect(await other.run(...taken)).toBe(4)
    expect(other.err.all).toEqual([expect.stringContaining('another program listens there')])
  })

  test('copies of its database, seven at most, which can be started from', { timeout: LONG_MS }, async () => {
    const folder = temporaryFolder()
    for (let day = 10; day < 18; day++) {
      const old = join(folder, `mediator-2020-01-${day}T00-00-00-000Z.sqlite`)
      writeFileSync(old, 'old')
      utimesSync(old, 0, 0)
    }
    writeFileSync(join(folder, 'mine.sqlite'), 'something else')
    const mediator = await MediatorServer.start({ args: ['--backup', folder, '--backup-every', '24h'] })
    const { path } = await mediator.terminal.out.event('backup')
    await vi.waitFor(() => expect(readdirSync(folder)).toHaveLength(8))
    expect(readdirSync(folder)).toContain('mine.sqlite')
    expect(
      readdirSync(folder)
        .filter((name) => name.includes('2020'))
        .sort()[0],
    ).toContain('2020-01-12')
    await mediator.stop()
    // The newest is young enough.
    const again = await MediatorServer.start({ cwd: mediator.cwd, args: ['--backup', folder, '--backup-every', '1h'] })
    const alice = await Member.create(again, 'Alice')
    await alice.groupJson('create', 'Hiking')
    await again.stop()
    expect(again.terminal.out.json.map(({ event }) => event)).toEqual(['ready'])
    expect(readdirSync(folder)).toHaveLength(8)
    const copied = await MediatorServer.start({ cwd: mediator.cwd, args: ['--db', String(path)] })
    expect(copied.name.split('@')[0]).toBe(mediator.name.split('@')[0])
  })

  test('copies come again and again, and what stands in their way is said', { timeout: LONG_MS }, async () => {
    const folder = temporaryFolder()
    const mediator = await MediatorServer.start({ args: ['--backup', folder, '--backup-every', '50ms'] })
    await vi.waitFor(() => expect(readdirSync(folder).length).toBeGreaterThan(2))
    chmodSync(folder, 0o500)
    const isRoot = process.getuid?.() === 0
    if (!isRoot) await mediator.terminal.err.line((line) => line.includes(folder))
    chmodSync(folder, 0o700)
    expect(await mediator.stop()).toBe(0)
    expect(readdirSync(folder).some((name) => name.endsWith('.partial'))).toBe(false)
  })

  test('a key that others can read is reported, one that is none is refused', async () => {
    const { cwd, home } = await stopped()
    chmodSync(join(home, 'mediator.key'), 0o644)
    const open = new Terminal({ cwd })
    const ended = open.start('mediator', '--listen', 'tcp://127.0.0.1:0', '--home', 'home', '--json')
    await open.out.event('ready')
    expect(open.err.json).toMatchObject([{ error: 'readable-key', message: expect.stringContaining(home) as string }])
    open.signals.emit('SIGTERM')
    await ended
    writeFileSync(join(cwd, 'short.key'), 'too short')
    const other = new Terminal({ cwd })
    expect(await other.run('mediator', '--listen', 'tcp://127.0.0.1:0', '--home', 'home', '--key', 'short.key')).toBe(5)
    expect(other.err.all).toEqual([expect.stringContaining('short.key')])
  })

  test('a port or a file in use, a file of something else, wrong options: one line each', {
    timeout: LONG_MS,
  }, async () => {
    const mediator = await MediatorServer.start({ args: ['--db', 'a.sqlite'] })
    const { cwd } = mediator
    writeFileSync(join(cwd, 'text'), 'This is not a database, and it stays what it is.\n'.repeat(40))
    const free = ['--listen', 'tcp://127.0.0.1:0']
    for (const [args, exitCode] of [
      [['--listen', mediator.address, '--db', 'b.sqlite'], 4],
      [[...free, '--db', 'a.sqlite'], 4],
      [[...free, '--db', 'text'], 5],
      [[...free, '--db', '.'], 5],
      [[...free, '--db', 'no/such/folder/x.sqlite'], 5],
      [[...free, '--backup', 'text'], 5],
      [['--listen', 'udp://127.0.0.1:0'], 2],
      [[...free, '--http', 'https://127.0.0.1:1'], 2],
      [[...free, '--backup-every', '1h'], 2],
      [[...free, '--nats', 'nats://127.0.0.1:1'], 2],
      [[...free, '--postgres', 'postgres://127.0.0.1:1/x', '--db', 'c.sqlite'], 2],
      [[...free, '--moderation', 'none'], 2],
      [[...free, '--retention', '0'], 2],
    ] as const) {
      const other = new Terminal({ cwd })
      expect([args, await other.run('mediator', '--home', 'home', ...args), other.out.text]).toEqual([
        args,
        exitCode,
        '',
      ])
      expect(other.err.all).toHaveLength(1)
    }
    expect(existsSync(join(cwd, 'c.sqlite'))).toBe(false)
  })
})

test('as a process: a database or a bus that is not there is one line, SIGTERM ends it with 0', {
  timeout: LONG_MS,
}, async () => {
  const cwd = temporaryFolder()
  const args = ['mediator', '--listen', 'tcp://127.0.0.1:0', '--home', 'home']
  const away = new Mimir([...args, '--postgres', 'postgres://127.0.0.1:1/x', '--nats', 'nats://127.0.0.1:1'], { cwd })
  expect(await away.ended).toBe(5)
  expect(away.err.all).toEqual(['mimir: PostgreSQL: connect ECONNREFUSED 127.0.0.1:1'])
  const running = new Mimir([...args, '--json'], { cwd })
  await running.out.event('ready')
  expect(await running.kill('SIGTERM')).toBe(0)
  expect(running.err.text).toBe('')
})

/** A mediator that has been there. */
async function stopped(): Promise<{ cwd: string; home: string }> {
  const mediator = await MediatorServer.start()
  await mediator.stop()
  return { cwd: mediator.cwd, home: mediator.home }
}
