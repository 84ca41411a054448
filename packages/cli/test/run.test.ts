import { readFileSync } from 'node:fs'
import { Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { ExitCode, run } from '../src/index.js'
import { Terminal } from './support/terminal.js'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

const COMMANDS = [
  ['id'],
  ['id', 'create'],
  ['id', 'show'],
  ['id', 'link'],
  ['id', 'export'],
  ['tracker'],
  ['mediator'],
  ['rendezvous'],
  ['listen'],
  ['send'],
  ['call'],
  ['chat'],
  ['completion'],
  ['node'],
  ['ping'],
  ['resolve'],
  ['history'],
  ['group'],
  ['group', 'list'],
  ['group', 'create'],
  ['group', 'invites'],
  ['group', 'join'],
  ['group', 'decline'],
  ['group', 'members'],
  ['group', 'invite'],
  ['group', 'ban'],
  ['group', 'role'],
  ['group', 'update'],
  ['group', 'send'],
  ['group', 'history'],
  ['group', 'leave'],
  ['group', 'delete'],
  ['group', 'forget'],
  ['group', 'rotate-key'],
  ['contacts'],
  ['contacts', 'list'],
  ['contacts', 'add'],
  ['contacts', 'block'],
]

async function help(...args: string[]): Promise<string> {
  const terminal = new Terminal()
  expect([args, await terminal.run(...args, '--help')]).toEqual([args, 0])
  expect(terminal.err.text).toBe('')
  return terminal.out.text
}

describe('mimir', () => {
  test('--version', async () => {
    const terminal = new Terminal()
    expect(await terminal.run('--version')).toBe(0)
    expect(terminal.out.text).toMatch(/^\d+\.\d+\.\d+\S*\n$/)
  })

  test('--help lists the commands and explains the exit codes', async () => {
    const text = await help()
    for (const [command] of COMMANDS) expect(text).toContain(`\n  ${command} `)
    for (const exitCode of Object.values(ExitCode)) expect(text).toMatch(new RegExp(`\n  ${exitCode}  \\S`))
  })

  test('every option of every command is in the README, and nothing else', async () => {
    const inHelp = new Set<string>()
    for (const command of [[], ...COMMANDS])
      for (const [option] of (await help(...command)).matchAll(/(?<=^ {2}(?:-\w, )?)--[a-z-]+/gm)) inHelp.add(option)
    const reference = readme.slice(readme.indexOf('## Commands'), readme.indexOf('## Exit codes'))
    const inReadme = new Set([...reference.matchAll(/(?<=`(?:-\w, )?)--[a-z-]+/g)].map(([option]) => option))
    expect([...inReadme].sort()).toEqual([...inHelp].sort())
  })

  test('every exit code is in the README', () => {
    const table = readme.slice(readme.indexOf('## Exit codes'))
    for (const exitCode of Object.values(ExitCode)) expect(table).toMatch(new RegExp(`\n\\| ${exitCode} +\\|`))
  })

  test('shared options stand before or behind the command', async () => {
    for (const args of [
      ['--home', 'a', '--json', 'id', 'create'],
      ['id', '--home', 'a', '--json', 'create'],
      ['id', 'create', '--home', 'a', '--json'],
    ]) {
      const terminal = new Terminal()
      expect(await terminal.run(...args)).toBe(0)
      expect(terminal.out.json[0]?.['home']).toBe(`${terminal.cwd}/a`)
    }
  })

  test('the home folder comes from the option, else from the environment', async () => {
    const terminal = new Terminal({ env: { MIMIR_HOME: 'from-env' } })
    await terminal.run('id', 'create', '--json')
    expect(terminal.out.json[0]?.['home']).toBe(`${terminal.cwd}/from-env`)
  })

  test.each([
    [['--nonsense'], "unknown option '--nonsense'"],
    [['nonsense'], "unknown command 'nonsense'"],
    [['id', 'nonsense'], "unknown command 'nonsense'"],
    [['id', 'show', '--nonsense'], "unknown option '--nonsense'"],
    [['listen', '--jso'], 'Did you mean --json?'],
    [['tracker', 'extra'], 'too many arguments'],
    [['send'], "missing required argument 'to'"],
    [['id', 'show', '--home'], 'argument missing'],
    [['id', 'show', '--quiet', '--verbose'], 'cannot be used with'],
    [['tracker', '--tracker', 'nonsense'], 'got "nonsense"'],
    [['resolve', 'x', '--tracker', 'udp://foo:1'], 'foo is a name'],
    [['resolve', 'x', '--tracker', 'udp://127.0.0.1:1,udp://127.0.0.1:2'], 'repeat --tracker'],
    [['tracker', '--home', ''], 'Expected a path'],
    [['tracker', '--db', ''], 'Expected a path'],
  ])('%j is refused in one line', async (args, why) => {
    const terminal = new Terminal()
    expect(await terminal.run(...args)).toBe(2)
    expect(terminal.out.text).toBe('')
    expect(terminal.err.all).toHaveLength(1)
    expect(terminal.err.text).toMatch(/^mimir: /)
    expect(terminal.err.text).toContain(why)
  })

  test('help that cannot be written is a failure like any other; a reader that leaves early is none', async () => {
    for (const [code, exitCode, lines] of [
      ['ENOSPC', 5, 1],
      ['EPIPE', 0, 0],
    ] as const)
      for (const args of [['--help'], ['--version'], ['listen', '--help']]) {
        const terminal = new Terminal()
        const stdout = new Writable({
          write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code, syscall: 'write' })),
        })
        expect([args, await run(args, { ...terminal, stdout })]).toEqual([args, exitCode])
        expect(terminal.err.all).toHaveLength(lines)
        if (lines > 0) expect(terminal.err.text).toMatch(/^mimir: the output cannot be written: .*the disk is full/)
        // The stream's own event comes after the write has failed, perhaps when nobody listens any more.
        stdout.on('error', () => {})
      }
  })

  test('for scripts a mistake is JSON, too', async () => {
    const terminal = new Terminal()
    expect(await terminal.run('--json', 'nonsense')).toBe(2)
    expect(terminal.err.json).toEqual([expect.objectContaining({ error: 'usage', exitCode: 2 })])
  })

  test('without a command it shows what there is', async () => {
    for (const args of [[], ['id']]) {
      const terminal = new Terminal()
      expect(await terminal.run(...args)).toBe(2)
      expect(terminal.err.text).toContain('Usage: mimir')
      expect(terminal.out.text).toBe('')
    }
  })
})
