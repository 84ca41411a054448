import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { testCertificate } from '../../../transport/test/support/certificate.js'
import { Terminal } from '../support/terminal.js'

interface Running {
  readonly terminal: Terminal
  readonly ready: Record<string, unknown>
  stop(): Promise<number>
}

async function start(terminal: Terminal, ...args: string[]): Promise<Running> {
  const ended = terminal.run('rendezvous', '--json', ...args)
  const stop = (): Promise<number> => {
    terminal.signals.emit('SIGTERM')
    return ended
  }
  return { terminal, ready: await terminal.out.event('ready'), stop }
}

/** A folder with a certificate for the names, as `cert.pem` and `key.pem`. */
function withCertificate(hosts: string[]): Terminal {
  const terminal = new Terminal()
  const { cert, key } = testCertificate(hosts)
  writeFileSync(join(terminal.cwd, 'cert.pem'), cert)
  writeFileSync(join(terminal.cwd, 'key.pem'), key)
  return terminal
}

describe('mimir rendezvous', () => {
  test('tells what to dial, serves its figures, and ends with 0 when it is stopped', async () => {
    const { terminal, ready, stop } = await start(
      new Terminal(),
      ...['--listen', 'ws://127.0.0.1:0', '--http', 'http://127.0.0.1:0'],
    )
    const address = String(ready['address'])
    expect(ready).toEqual({
      event: 'ready',
      ready: true,
      address: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:\d+$/) as string,
      names: [address, address.replace('127.0.0.1', 'localhost')],
      http: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
    })
    expect(await (await fetch(`${String(ready['http'])}/health`)).text()).toBe('ok\n')
    expect(await (await fetch(`${String(ready['http'])}/metrics`)).text()).toContain('mimir_rendezvous_connections 0')
    terminal.signals.emit('SIGUSR2')
    expect(await terminal.out.event('stats')).toMatchObject({ connections: 0, envelopes: { relayed: 0 } })
    expect(await stop()).toBe(0)
    expect(terminal.signals.eventNames()).toEqual([])
  })

  test('for people: one line to pass on, the rest beside it', async () => {
    const terminal = new Terminal()
    const ended = terminal.run('rendezvous', '--listen', 'ws://127.0.0.1:0', '--name', 'wss://rdv.example.org')
    await expect.poll(() => terminal.out.text).toBe('rendezvous server wss://rdv.example.org\n')
    terminal.signals.emit('SIGINT')
    expect(await ended).toBe(0)
    expect(terminal.err.text).toMatch(/^stopped; connections 0, /m)
  })

  test('serves wss with a certificate, and reads it again when it is told to', async () => {
    const terminal = withCertificate(['rdv.example.org'])
    const { ready, stop } = await start(
      terminal,
      ...['--listen', 'wss://127.0.0.1:0', '--cert', 'cert.pem', '--key', 'key.pem'],
    )
    const { port } = new URL(String(ready['address']))
    expect(ready['names']).toEqual(['rdv.example.org', '127.0.0.1', 'localhost'].map((host) => `wss://${host}:${port}`))
    terminal.signals.emit('SIGHUP')
    await terminal.out.event('certificate')
    writeFileSync(join(terminal.cwd, 'cert.pem'), 'broken')
    terminal.signals.emit('SIGHUP')
    await expect.poll(() => terminal.err.json).toEqual([expect.objectContaining({ error: 'misuse' })])
    expect(await stop()).toBe(0)
  })

  test('what cannot be is one line, and nothing is left open', async () => {
    const { ready, stop } = await start(new Terminal(), '--listen', 'ws://127.0.0.1:0')
    const free = ['--listen', 'ws://127.0.0.1:0']
    for (const [args, exitCode] of [
      [['--listen', String(ready['address'])], 4],
      [['--listen', 'tcp://127.0.0.1:0'], 2],
      [['--listen', 'ws://127.0.0.1:99999'], 2],
      [['--listen', 'ws://192.0.2.1:0'], 2],
      [['--listen', 'ws://192.0.2.1:0', '--name', 'wss://rdv.example.org'], 1],
      [['--listen', 'wss://127.0.0.1:0'], 2],
      [[...free, '--cert', 'cert.pem', '--key', 'key.pem'], 2],
      [['--cert', 'cert.pem'], 2],
      [['--cert', 'none.pem', '--key', 'key.pem'], 5],
      [['--cert', 'key.pem', '--key', 'key.pem'], 2],
      [[...free, '--name', 'ws://rdv.example.org'], 2],
      [[...free, '--trust-proxy', 'nginx'], 2],
      [[...free, '--trust-proxy', '10.0.0.0/33'], 2],
      [[...free, '--http', '127.0.0.1:9100'], 2],
      [[...free, '--http', String(ready['address']).replace('ws', 'http')], 4],
    ] as const) {
      const other = withCertificate(['localhost'])
      expect([args, await other.run('rendezvous', ...args), other.out.text]).toEqual([args, exitCode, ''])
      expect([args, other.err.all.length]).toEqual([args, 1])
    }
    expect(await stop()).toBe(0)
  })

  test('where nobody could dial it, it asks for the option that says what they dial', async () => {
    const terminal = new Terminal()
    expect(await terminal.run('rendezvous', '--listen', 'ws://192.0.2.1:0')).toBe(2)
    expect(terminal.err.text).toMatch(/^mimir: --listen ws:\/\/192\.0\.2\.1:0: .* --name what they dial$/m)
    for (const everywhere of ['ws://0.0.0.0:0', 'ws://[::]:0']) {
      const { ready, stop } = await start(new Terminal(), '--listen', everywhere)
      expect(ready['names']).toContain(String(ready['address']).replace(/\/\/.*:/, '//localhost:'))
      expect(await stop()).toBe(0)
    }
  })
})
