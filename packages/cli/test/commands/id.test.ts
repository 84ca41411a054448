import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { publicKeyFromSeed } from '@mimirjs/crypto'
import { toHex } from '@mimirjs/wire'
import { parseContactLink } from '@mimirjs/wire/link'
import { describe, expect, test } from 'vitest'
import { Terminal } from '../support/terminal.js'

async function created(...args: string[]): Promise<Terminal> {
  const terminal = new Terminal()
  expect(await terminal.run('id', 'create', '--home', 'home', ...args)).toBe(0)
  return terminal
}

/** Another command on the same home. */
async function then(terminal: Terminal, ...args: string[]): Promise<{ exitCode: number; out: string; err: string }> {
  const next = new Terminal({ cwd: terminal.cwd })
  const exitCode = await next.run(...args, '--home', 'home')
  return { exitCode, out: next.out.text, err: next.err.text }
}

describe('mimir id create', () => {
  test('makes a key that only its owner can read, and shows what others need', async () => {
    const terminal = await created('--name', 'Alice B')
    const path = join(terminal.cwd, 'home/identity.key')
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600)
    const link = /mimir:\S+/.exec(terminal.out.text)?.[0] ?? ''
    const { publicKey, name } = parseContactLink(link)
    expect(name).toBe('Alice B')
    expect(toHex(publicKey)).toBe(toHex(publicKeyFromSeed(readFileSync(path))))
    expect(terminal.out.text).toContain(toHex(publicKey))
    expect(terminal.err.text).toBe('')
  })

  test('never overwrites a key', async () => {
    const terminal = await created()
    const before = readFileSync(join(terminal.cwd, 'home/identity.key'))
    const again = await then(terminal, 'id', 'create')
    expect(again).toMatchObject({ exitCode: 1, out: '' })
    expect(again.err).toMatch(/^mimir: .*identity\.key exists and was left as it is.*\n$/)
    expect(readFileSync(join(terminal.cwd, 'home/identity.key'))).toEqual(before)
  })

  test('takes an exported key', async () => {
    const seed = '11'.repeat(32)
    const terminal = new Terminal()
    writeFileSync(join(terminal.cwd, 'old.key'), `${seed}\n`)
    expect(await terminal.run('id', 'create', '--from', 'old.key', '--home', 'home')).toBe(0)
    expect(await then(terminal, 'id', 'export', '--reveal-secret')).toMatchObject({ exitCode: 0, out: `${seed}\n` })
  })

  test.each([
    ['a missing file', undefined, 5],
    ['a file that is no key', 'hello', 5],
  ])('with --from %s it makes nothing', async (_, content, exitCode) => {
    const terminal = new Terminal()
    if (content !== undefined) writeFileSync(join(terminal.cwd, 'x'), content)
    expect(await terminal.run('id', 'create', '--from', 'x', '--home', 'home')).toBe(exitCode)
    expect(terminal.err.all.length).toBe(1)
    expect((await then(terminal, 'id', 'show')).exitCode).toBe(1)
  })

  test('a home that is a file is not touched', async () => {
    const terminal = new Terminal()
    writeFileSync(join(terminal.cwd, 'home'), 'mine')
    expect(await terminal.run('id', 'create', '--home', 'home')).toBe(5)
    expect(terminal.err.text).toBe(`mimir: ${join(terminal.cwd, 'home')} is not a folder\n`)
    expect(readFileSync(join(terminal.cwd, 'home'), 'utf8')).toBe('mine')
  })

  test('refuses a name that no link can carry', async () => {
    const terminal = new Terminal()
    expect(await terminal.run('id', 'create', '--name', 'a\u0007b')).toBe(2)
    expect(terminal.err.all).toHaveLength(1)
  })
})

describe('mimir id show, link, export', () => {
  test('as JSON', async () => {
    const terminal = await created('--name', 'Alice')
    const shown = JSON.parse((await then(terminal, 'id', 'show', '--json')).out) as Record<string, string>
    expect(shown).toEqual({
      event: 'identity',
      publicKey: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      name: 'Alice',
      link: `mimir://mm/u/${shown['publicKey']}/Alice`,
      home: join(terminal.cwd, 'home'),
    })
    expect((await then(terminal, 'id', 'link')).out).toBe(`${shown['link']}\n`)
    expect((await then(terminal, 'id', 'link', '--name', 'Bob')).out).toBe(`mimir://mm/u/${shown['publicKey']}/Bob\n`)
  })

  test('--qr draws the link', async () => {
    const terminal = await created()
    const { out } = await then(terminal, 'id', 'link', '--qr')
    expect(out.split('\n').length).toBeGreaterThan(15)
    expect(out).toContain('█')
  })

  test('without a key there is nothing to show', async () => {
    for (const command of [['show'], ['link'], ['export', '--reveal-secret']]) {
      const terminal = new Terminal()
      expect(await terminal.run('id', ...command, '--home', 'nowhere')).toBe(1)
      expect(terminal.err.text).toMatch(/^mimir: there is no key in .*nowhere: 'mimir id create' makes one\n$/)
    }
  })

  test('the secret is printed only when asked for by name', async () => {
    const terminal = await created()
    const seed = toHex(readFileSync(join(terminal.cwd, 'home/identity.key')))
    const refused = await then(terminal, 'id', 'export')
    expect(refused).toMatchObject({ exitCode: 2, out: '' })
    expect(refused.err).not.toContain(seed)
    expect(await then(terminal, 'id', 'export', '--reveal-secret')).toEqual({ exitCode: 0, out: `${seed}\n`, err: '' })
    for (const command of [['show'], ['link'], ['show', '--json']])
      expect((await then(terminal, 'id', ...command)).out).not.toContain(seed)
  })

  test('a secret goes to one place', async () => {
    const terminal = await created()
    const both = await then(terminal, 'id', 'export', '--out', 'x.key', '--reveal-secret')
    expect(both).toMatchObject({ exitCode: 2, out: '' })
    expect(both.err).toContain('cannot be used with')
    expect(existsSync(join(terminal.cwd, 'x.key'))).toBe(false)
  })

  test('a key that others can read is reported once, for scripts as JSON', async () => {
    if (process.platform === 'win32') return
    const terminal = await created('--name', 'Alice')
    const path = join(terminal.cwd, 'home/identity.key')
    chmodSync(path, 0o644)
    const says = `other users of this machine can read your key: chmod 600 ${path}`
    for (const command of [['id', 'show'], ['contacts'], ['contacts', '--quiet']])
      expect((await then(terminal, ...command)).err).toBe(`mimir: ${says}\n`)
    const { exitCode, err } = await then(terminal, 'id', 'show', '--json')
    expect([exitCode, JSON.parse(err)]).toEqual([0, { error: 'readable-key', message: says, exitCode: 1 }])
  })

  test('--out writes a new file for its owner alone', async () => {
    const terminal = await created()
    expect(await then(terminal, 'id', 'export', '--out', 'backup/alice.key')).toMatchObject({ exitCode: 0 })
    const path = join(terminal.cwd, 'backup/alice.key')
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readFileSync(path)).toEqual(readFileSync(join(terminal.cwd, 'home/identity.key')))
    expect(await then(terminal, 'id', 'export', '--out', 'backup/alice.key')).toMatchObject({ exitCode: 1, out: '' })
  })
})
