import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../support/folder.js'
import { Mimir } from '../support/mimir.js'
import { Alice, Friend } from './support/people.js'
import { ctrl, KEYS, type Pty } from './support/pty.js'

const LONG_MS = 60_000
/** Prints lines, runs the program, and says how the terminal was left. */
const AROUND =
  'seq 1 60; "$0" "$@"; echo "ended $?"; stty -a | grep -o -- "-\\?icanon\\|-\\?echo " | tr "\\n" " "; echo done'

function draftOf(alice: Alice, peer: string): string {
  const path = join(alice.home, 'drafts', `${peer}.json`)
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

describe('what is typed', () => {
  test(
    'survives SIGKILL',
    async () => {
      const bob = await Friend.start('Bob')
      const alice = new Alice()
      await alice.knows(bob)
      const killed = alice.chat([bob])
      await killed.until('nothing was said')
      killed.type(`half a sentence, 你好${KEYS.newline}and a second line${KEYS.left}${KEYS.left}`)
      await expect.poll(() => draftOf(alice, bob.key)).toContain('"cursor":35')
      killed.process.kill('SIGKILL')
      await killed.ended
      const again = alice.chat([bob])
      await again.until(/> half a sentence, 你好\n {2}and a second line\n/)
      expect(again.cursor).toEqual({ row: 22, column: 2 + 'and a second li'.length })
      again.type('X')
      await again.until('and a second liXne')
    },
    LONG_MS,
  )

  test.each(['SIGTERM', 'SIGHUP'] as const)(
    'is on disk at once when %s comes',
    async (signal) => {
      const bob = await Friend.start('Bob')
      const alice = new Alice()
      await alice.knows(bob)
      const pty = alice.chat([bob])
      await pty.until('nothing was said')
      pty.type('the last word')
      await pty.until('> the last word')
      pty.process.kill(signal)
      expect(await pty.ended).toMatchObject({ exitCode: 0 })
      expect(draftOf(alice, bob.key)).toContain('the last word')
    },
    LONG_MS,
  )

  test(
    'is on disk when the window is closed, and the program ends in order',
    async () => {
      const bob = await Friend.start('Bob')
      const alice = new Alice()
      await alice.knows(bob)
      const pty = alice.chat([bob], { shell: 'trap : HUP; "$0" "$@"; echo "ended $?" >ended' })
      await pty.until('nothing was said')
      pty.type('before the window closed')
      await pty.until('> before the window closed')
      pty.close()
      // Not by the signal that a terminal which cannot be put back would end in.
      const ended = join(alice.cwd, 'ended')
      await expect.poll(() => existsSync(ended) && readFileSync(ended, 'utf8'), { timeout: 10_000 }).toBe('ended 0\n')
      expect(draftOf(alice, bob.key)).toContain('before the window closed')
    },
    LONG_MS,
  )

  test(
    'is put back when it was not accepted, and nothing is lost in between',
    async () => {
      const bob = await Friend.start('Bob')
      const alice = new Alice()
      await alice.knows(bob)
      const pty = alice.chat([bob])
      await pty.until('nothing was said')
      // Longer than the protocol carries: a paste, because nobody types that.
      const text = `start ${'x'.repeat(1_100_000)} end`
      pty.type(`\u001b[200~${text}\u001b[201~`)
      await pty.until(/x end$/m)
      pty.type(KEYS.enter)
      await pty.until(/! text has 1100010 bytes/)
      await pty.until(/x end$/m)
      await expect.poll(() => draftOf(alice, bob.key).length).toBeGreaterThan(1_100_000)
      expect(await bob.texts(alice.key)).toEqual([])
    },
    LONG_MS,
  )

  test(
    'can be pasted: lines stay lines, nothing is sent, nothing is taken for a key',
    async () => {
      const bob = await Friend.start('Bob')
      const alice = new Alice()
      await alice.knows(bob)
      const pty = alice.chat([bob])
      await pty.until('nothing was said')
      bob.messenger.addAddress(alice.key, Alice.addressIn(pty))
      pty.type('\u001b[200~first\r\nsecond\n\u001b[A\u0003third\u001b[201~')
      await pty.until(/> first\n {2}second\n {2}\[Athird\n/)
      expect(pty.isOver).toBe(false)
      pty.type(KEYS.enter)
      await pty.until(/\+ you: first/)
      expect(await bob.texts(alice.key)).toEqual(['first\nsecond\n[Athird'])
    },
    LONG_MS,
  )

  test(
    'is not disturbed by what comes, wherever the cursor is',
    async () => {
      const bob = await Friend.start('Bob')
      const alice = new Alice()
      await alice.knows(bob)
      const pty = alice.chat([bob])
      await pty.until('nothing was said')
      bob.messenger.addAddress(alice.key, Alice.addressIn(pty))
      pty.type(`one three${KEYS.left.repeat(5)}`)
      await pty.until((screen) => screen.cursor.column === 6)
      for (let at = 1; at <= 30; at++) await bob.messenger.send(alice.key, `message ${at}`)
      await pty.until('message 30')
      expect(pty.cursor).toEqual({ row: 22, column: 6 })
      pty.type('two ')
      await pty.until('> one two three')
    },
    LONG_MS,
  )
})

describe('the terminal', () => {
  const isRestored = (pty: Pty): boolean => pty.terminal.buffer.active.type === 'normal'

  test(
    'is as it was before, with all that had been scrolled out of it',
    async () => {
      const pty = new Alice().chat([], { shell: AROUND })
      await pty.until('Nobody here yet')
      pty.resize(60, 15)
      await pty.until((screen) => screen.rows[0]?.length === 60)
      pty.type(ctrl('c'))
      await pty.until('done')
      expect(isRestored(pty)).toBe(true)
      expect(pty.scrollback.filter((row) => /^\d+$/.test(row))).toHaveLength(60)
      expect(pty.rows.join('\n')).toMatch(/60\nended 0\nicanon echo +done/)
      expect(pty.terminal.modes.bracketedPasteMode).toBe(false)
      expect(pty.terminal.modes.wraparoundMode).toBe(true)
    },
    LONG_MS,
  )

  test(
    'is given back when something breaks, and one line says what',
    async () => {
      const bob = await Friend.start('Bob')
      const alice = new Alice()
      await alice.knows(bob)
      const pty = alice.chat([bob], {
        shell: AROUND.replace('"$0"', () => 'sh -c \'echo $$ >pid; exec "$0" "$@"\' "$0"'),
      })
      await pty.until('nothing was said')
      pty.type('before it broke')
      await pty.until('> before it broke')
      process.kill(Number(readFileSync(join(alice.cwd, 'pid'), 'utf8')), 'SIGUSR1')
      await pty.until('done')
      expect(isRestored(pty)).toBe(true)
      expect(pty.rows.join('\n')).toMatch(/60\nmimir: internal error: broken on purpose\nended 1\nicanon echo +done/)
      expect(draftOf(alice, bob.key)).toContain('before it broke')
    },
    LONG_MS,
  )

  test(
    'goes to the shell with Ctrl-Z and comes back with fg',
    async () => {
      const alice = new Alice()
      const pty = alice.chat([], {
        env: { PS1: 'shell$ ' },
        shell: 'set -m; "$0" "$@"; echo "stopped $?"; read line; fg >/dev/null; echo "ended $?"',
      })
      await pty.until('Nobody here yet')
      pty.type(ctrl('z'))
      await pty.until(/stopped 1\d\d/)
      expect(isRestored(pty)).toBe(true)
      pty.type('\n')
      await pty.until('Nobody here yet')
      pty.type(ctrl('c'))
      await pty.until('ended 0')
    },
    LONG_MS,
  )

  test(
    'without colours, and without anything beyond ASCII, if it says so',
    async () => {
      const pty = new Alice().chat([], { env: { NO_COLOR: '1', LANG: 'C' } })
      await pty.until('Nobody here yet')
      pty.type(KEYS.f1)
      await pty.until('Writing')
      for (const row of pty.rows) expect(row).toMatch(/^[\x20-\x7e]*$/)
      // Bold and inverse are no colours.
      const styles = pty.output.split('\u001b[').map((piece) => /^([0-9;]*)m/.exec(piece)?.[1] ?? '')
      expect(styles.filter((style) => style.split(';').some((code) => Number(code) >= 30))).toEqual([])
      expect(styles).toContain('0;1')
    },
    LONG_MS,
  )
})

describe('where there is no terminal', () => {
  test.each([
    [[], {}, 'chat needs a terminal'],
    [['--json'], {}, 'has no --json'],
    [['--address', 'tcp://127.0.0.1:1'], {}, 'chat needs a terminal'],
  ] as const)(
    'chat %j: one clear line, and 2',
    async (args, env, why) => {
      const run = new Mimir(['chat', '--home', join(temporaryFolder(), 'home'), ...args], { env })
      expect([await run.ended, run.out.text]).toEqual([2, ''])
      expect(run.err.all).toHaveLength(1)
      expect(run.err.text).toContain(why)
      expect(run.err.text).not.toMatch(/ {4}at /)
    },
    LONG_MS,
  )

  test(
    'or a terminal that cannot do it, or would be written over',
    async () => {
      for (const [options, why] of [
        [{ env: { TERM: 'dumb' } }, 'cannot move its cursor'],
        [{ args: ['--verbose'] }, 'send it to a file'],
        [{ args: ['--address', 'tcp://127.0.0.1:1'] }, 'name the person'],
      ] as const) {
        const pty = new Alice().chat([], options)
        expect(await pty.ended).toMatchObject({ exitCode: 2 })
        expect(pty.rows.join('\n')).toMatch(/^mimir: /)
        expect(pty.rows.join(' ')).toContain(why)
      }
    },
    LONG_MS,
  )

  test(
    'a home in use: one clear line, and 4',
    async () => {
      const alice = new Alice()
      const first = alice.chat()
      await first.until('Nobody here yet')
      const second = alice.chat()
      expect(await second.ended).toMatchObject({ exitCode: 4 })
      expect(second.rows.join(' ')).toMatch(/^mimir: .*in use/)
    },
    LONG_MS,
  )
})
