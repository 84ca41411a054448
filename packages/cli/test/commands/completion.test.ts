import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { Pty } from '../chat/support/pty.js'
import { temporaryFolder } from '../support/folder.js'
import { MediatorServer, Member } from '../support/groups.js'
import { MIMIR } from '../support/mimir.js'
import { Person } from '../support/people.js'
import { Terminal } from '../support/terminal.js'

const LONG_MS = 60_000
const KEYS = [
  '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c',
  '8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394',
]

function isThere(shell: string): boolean {
  try {
    execFileSync(shell, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

async function script(shell: string): Promise<string> {
  const terminal = new Terminal()
  expect(await terminal.run('completion', shell)).toBe(0)
  return terminal.out.text
}

/** How each shell is asked what could stand at the end of a line. */
const ASK: Readonly<Record<string, (file: string, line: string) => readonly [string, string[]]>> = {
  bash: (file, line) => {
    const words = line.split(' ')
    const array = words.map((word) => `'${word}'`).join(' ')
    const ask = `source '${file}'; COMP_WORDS=(${array}); COMP_CWORD=${words.length - 1}; _mimir; printf '%s\\n' "\${COMPREPLY[@]}"`
    return ['bash', ['--norc', '-c', ask]]
  },
  zsh: (file, line) => {
    // The words that would be offered are printed instead.
    const ask = `
      autoload -Uz compinit; compinit -D -u; source '${file}'
      compadd() { local -a all; local take; for take in "$@"; do case $take in -a) all=("\${(@P)@[-1]}");; esac; done
        (( $#all )) && print -rl -- $all || print -rl -- "\${@:#-*}"; }
      _describe() { local item; for item in "\${(@P)2}"; do print -r -- "\${item%%:*}"; done; }
      _path_files() { print -rl -- *(/N); }; _files() { print -rl -- *(N); }
      words=(${line
        .split(' ')
        .map((word) => `'${word}'`)
        .join(' ')}); CURRENT=$#words; _mimir`
    return ['zsh', ['-f', '-c', ask]]
  },
  fish: (file, line) => ['fish', ['--no-config', '-c', `source '${file}'; complete -C '${line}'`]],
}

const shells = Object.keys(ASK).filter(isThere)

/** The script in a folder where `mimir` is the command of these sources. */
async function prepared(shell: string, folder: string): Promise<{ file: string; env: Record<string, string> }> {
  const file = join(folder, '.script')
  writeFileSync(file, await script(shell))
  const bin = join(folder, '.bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'mimir'), `#!/bin/sh\nexec ${MIMIR.map((part) => `'${part}'`).join(' ')} "$@"\n`, {
    mode: 0o755,
  })
  return { file, env: { PATH: `${bin}:${process.env['PATH']}`, HOME: folder, LANG: 'C.UTF-8' } }
}

/** A shell that has loaded the script, to be asked what could stand at the end of a line. */
async function loaded(shell: string, folder: string): Promise<(line: string) => Promise<string[]>> {
  const { file, env } = await prepared(shell, folder)
  return async (line) => {
    const [program, args] = ASK[shell]!(file, line)
    const { stdout } = await promisify(execFile)(program, args, { env, cwd: folder })
    const last = line.split(' ').at(-1) ?? ''
    return stdout
      .split('\n')
      .map((word) => word.split('\t')[0] ?? '')
      .filter((word) => word !== '' && word.startsWith(last))
  }
}

// Those that this machine has: their names are in the titles.
describe.each(shells)('%s', (shell) => {
  test(
    'commands, their commands, their options, and all values of an option',
    async () => {
      const offered = await loaded(shell, temporaryFolder())
      expect(await offered('mimir ')).toEqual(
        expect.arrayContaining(['id', 'listen', 'send', 'chat', 'contacts', 'completion']),
      )
      expect(await offered('mimir ')).not.toContain('__complete')
      expect((await offered('mimir l')).sort()).toEqual(['listen'])
      expect((await offered('mimir id ')).sort()).toEqual(['create', 'export', 'link', 'show'])
      expect(await offered('mimir --json id c')).toEqual(['create'])
      expect(await offered('mimir --home x id c')).toEqual(['create'])
      expect(await offered('mimir id create --fr')).toEqual(['--from'])
      expect(await offered('mimir id create --ho')).toEqual(['--home'])
      expect(await offered('mimir send --reply')).toEqual(['--reply-to'])
      expect(await offered('mimir listen --reply')).toEqual(['--reply'])
      expect((await offered('mimir listen --generation ')).sort()).toEqual(['classic', 'current', 'overlay'])
      expect((await offered('mimir completion ')).sort()).toEqual(['bash', 'fish', 'zsh'])
      expect((await offered('mimir group in')).sort()).toEqual(['invite', 'invites'])
      expect((await offered('mimir mediator --moderation ')).sort()).toEqual(['original', 'strict'])
      expect(await offered('mimir group send --me')).toEqual(['--mediator'])
      expect(await offered('mimir listen --listen t')).toEqual([])
      const [first = ''] = Object.keys(networkInterfaces())
      expect(await offered(`mimir listen --multicast ${first.slice(0, 1)}`)).toContain(first)
      // What is behind it is its value, unless that is a flag.
      expect(await offered('mimir --multicast lo id c')).toEqual(['create'])
      expect(await offered('mimir --multicast --json id c')).toEqual(['create'])
      expect(await offered('mimir nearby --time')).toEqual(['--timeout'])
    },
    LONG_MS,
  )

  test(
    'folders, and the names of contacts, of the home that the line says',
    async () => {
      const person = new Person()
      await person.run(['contacts', 'add', KEYS[0]!, '--name', 'Bob Builder'])
      await person.run(['contacts', 'add', KEYS[1]!, '--name', 'carol'])
      const offered = await loaded(shell, person.cwd)
      const names = (await offered(`mimir send --home ${join(person.cwd, 'home')} `)).map((name) =>
        name.replaceAll(/[\\']/g, ''),
      )
      expect(names.sort()).toEqual(['Bob Builder', 'carol'])
      expect(await offered(`mimir history --home ${join(person.cwd, 'home')} ca`)).toEqual(['carol'])
      // Not what is no name, and not twice.
      expect(await offered(`mimir contacts add --home ${join(person.cwd, 'home')} ca`)).toEqual([])
      expect(await offered(`mimir chat --home ${join(person.cwd, 'home')} carol ca`)).toEqual([])
      expect(await offered('mimir send --home none ')).toEqual([])
      expect((await offered('mimir listen --save ho')).map((name) => name.replace(/\/$/, ''))).toEqual(['home'])
    },
    LONG_MS,
  )

  test(
    'the names of groups',
    async () => {
      const alice = await Member.create(await MediatorServer.start(), 'Alice')
      await alice.groupJson('create', 'Hiking')
      const offered = await loaded(shell, alice.person.cwd)
      const home = join(alice.person.cwd, 'home')
      expect(await offered(`mimir group send --home ${home} `)).toEqual(['Hiking'])
      expect(await offered(`mimir group members --home ${home} Hi`)).toEqual(['Hiking'])
      expect(await offered(`mimir send --home ${home} `)).toEqual([])
    },
    LONG_MS,
  )
})

/** How each is started by a person, and loads the script. */
const START: Readonly<Record<string, readonly [readonly [string, ...string[]], (file: string) => string]>> = {
  bash: [['bash', '--norc', '-i'], (file) => `source '${file}'`],
  zsh: [['zsh', '-f', '-i'], (file) => `autoload -Uz compinit; compinit -D -u; source '${file}'`],
  fish: [['fish', '--no-config'], (file) => `source '${file}'`],
}

describe.each(shells)('%s at a terminal', (shell) => {
  test(
    'Tab completes what is typed',
    async () => {
      const person = new Person()
      await person.run(['contacts', 'add', KEYS[0]!, '--name', 'Bob'])
      const { file, env } = await prepared(shell, person.cwd)
      const [command, load] = START[shell]!
      const pty = new Pty(command, { cwd: person.cwd, env: { ...env, MIMIR_HOME: join(person.cwd, 'home') } })
      pty.type(`${load(file)}; echo load''ed\r`)
      await pty.until(/^loaded$/m)
      for (const [typed, completed] of [
        ['mimir resol', 'mimir resolve '],
        ['mimir id ex', 'mimir id export '],
        ['mimir id create --fr', 'mimir id create --from '],
        ['mimir history Bo', 'mimir history Bob '],
      ] as const) {
        pty.type(`${typed}\t`)
        await pty.until((screen) => screen.rows.some((row) => row.endsWith(completed.trimEnd())))
        // Ctrl-U takes the line away again.
        pty.type(`\u0015`)
        await pty.until((screen) => !screen.rows.some((row) => row.endsWith(completed.trimEnd())))
      }
    },
    LONG_MS,
  )
})

describe('the script', () => {
  test.each(['bash', 'zsh', 'fish'])('for %s names every command and every option', async (shell) => {
    const text = await script(shell)
    for (const word of [
      'rotate-key',
      'backup-every',
      'completion',
      'reply-to',
      'exec-timeout',
      'reveal-secret',
      'bell',
      'receive',
      'multicast',
    ])
      expect(text).toContain(word)
    expect(text).toMatch(/__complete (people|"\$1"|\$1|\$argv\[1\])/)
  })

  test('any other shell is refused in one line', async () => {
    const terminal = new Terminal()
    expect(await terminal.run('completion', 'tcsh')).toBe(2)
    expect(terminal.err.all).toEqual([expect.stringMatching(/^mimir: .*bash, zsh, fish/)])
  })
})

describe('what the scripts ask', () => {
  test('makes nothing, and answers nothing where there is nothing', async () => {
    const terminal = new Terminal()
    expect(await terminal.run('__complete', 'people', '--home', 'none')).toBe(0)
    expect([terminal.out.text, terminal.err.text]).toEqual(['', ''])
    const person = new Person()
    const listening = await person.listen()
    expect(await person.run(['__complete', 'people'])).toMatchObject({
      exitCode: 0,
      out: { text: '' },
      err: { text: '' },
    })
    await listening.stop()
  })
})
