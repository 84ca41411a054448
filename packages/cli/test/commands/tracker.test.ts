import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Person } from '../support/people.js'
import { Terminal } from '../support/terminal.js'

describe('mimir tracker', () => {
  test('tells its address, counts, and ends with 0 when it is stopped', async () => {
    const terminal = new Terminal()
    const ended = terminal.run('tracker', '--listen', 'udp://127.0.0.1:0', '--db', 'records.sqlite', '--json')
    const ready = await terminal.out.event('ready')
    expect(ready).toEqual({
      event: 'ready',
      ready: true,
      address: expect.stringMatching(/^udp:\/\/127\.0\.0\.1:\d+$/) as string,
      db: join(terminal.cwd, 'records.sqlite'),
    })
    const asked = await new Person().run(['resolve', '3b'.padEnd(64, '6'), '--tracker', String(ready['address'])])
    expect([2, 3]).toContain(asked.exitCode)
    terminal.signals.emit('SIGUSR2')
    expect(await terminal.out.event('stats')).toHaveProperty('answered')
    terminal.signals.emit('SIGTERM')
    expect(await ended).toBe(0)
    expect(existsSync(join(terminal.cwd, 'records.sqlite'))).toBe(true)
    expect(terminal.signals.eventNames()).toEqual([])
  })

  test('keeps its records over a restart', async () => {
    const terminal = new Terminal()
    const start = async (address: string) => {
      const run = new Terminal({ cwd: terminal.cwd })
      const ended = run.run('tracker', '--listen', address, '--home', 'home', '--json')
      const ready = await run.out.event('ready')
      return { run, ended, address: String(ready['address']) }
    }
    const first = await start('udp://127.0.0.1:0')
    const bob = await new Person().listen('--tracker', first.address)
    await bob.terminal.out.event('announced')
    await bob.stop()
    first.run.signals.emit('SIGTERM')
    await first.ended
    const second = await start(first.address)
    const found = await new Person().run(['resolve', bob.publicKey, '--tracker', second.address])
    expect(found.out.text).toMatch(new RegExp(`^${bob.address}  priority \\d+  expires in \\d+ min\n$`))
    second.run.signals.emit('SIGTERM')
    expect(await second.ended).toBe(0)
  })

  test('a database that is a folder is named', async () => {
    const terminal = new Terminal()
    expect(await terminal.run('tracker', '--listen', 'udp://127.0.0.1:0', '--db', '.')).toBe(5)
    expect(terminal.err.text).toMatch(new RegExp(`^mimir: ${terminal.cwd} is not a regular file`))
  })

  test('a port in use, a file in use, a file of something else: one line each', async () => {
    const terminal = new Terminal()
    const ended = terminal.run('tracker', '--listen', 'udp://127.0.0.1:0', '--db', 'a.sqlite', '--json')
    const { address } = await terminal.out.event('ready')
    writeFileSync(join(terminal.cwd, 'text'), 'This is not a database, and it stays what it is.\n'.repeat(40))
    for (const [args, exitCode] of [
      [['--listen', String(address), '--db', 'b.sqlite'], 4],
      [['--listen', 'udp://127.0.0.1:0', '--db', 'a.sqlite'], 4],
      [['--listen', 'udp://127.0.0.1:0', '--db', 'text'], 5],
      [['--listen', 'udp://127.0.0.1:0', '--db', 'no/such/folder/x.sqlite'], 5],
      [['--listen', 'tcp://127.0.0.1:0'], 2],
      [['--listen', 'udp://127.0.0.1:99999'], 2],
    ] as const) {
      const other = new Terminal({ cwd: terminal.cwd })
      expect([args, await other.run('tracker', ...args), other.out.text]).toEqual([args, exitCode, ''])
      expect(other.err.all).toHaveLength(1)
    }
    terminal.signals.emit('SIGTERM')
    await ended
  })
})
