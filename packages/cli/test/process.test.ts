import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { openDatabase } from '@mimirjs/store'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from './support/folder.js'
import { isRunning, Mimir, type MimirOptions, mimir } from './support/mimir.js'
import { Person } from './support/people.js'
import { Terminal } from './support/terminal.js'

const PROCESS_MS = 60_000
const KEY = '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c'

/** One line for people, no trace of a stack; nothing on standard output. */
async function expectOneLine(args: readonly string[], options: MimirOptions = {}): Promise<[number | null, string]> {
  const run = new Mimir(args, options)
  const exitCode = await run.ended
  expect([args, run.out.text]).toEqual([args, ''])
  expect(run.err.text).toMatch(/^mimir: [^\n]+\n$/)
  expect(run.err.text).not.toMatch(/ {4}at |\.ts:\d|node:internal/)
  return [exitCode, run.err.text]
}

describe('mimir as a process', () => {
  test(
    'two people, a tracker, and a receiver killed in the middle of a message',
    async () => {
      const folder = temporaryFolder()
      const tracker = mimir(
        'tracker',
        '--json',
        '--listen',
        'udp://127.0.0.1:0',
        '--db',
        join(folder, 'tracker.sqlite'),
      )
      const trackerAddress = String((await tracker.out.event('ready'))['address'])
      const shared = ['--tracker', trackerAddress, '--home', join(folder, 'bob'), '--json']
      const listen = ['listen', ...shared, '--listen', 'tcp://127.0.0.1:0']
      // Handles what says 'ok'; anything else takes longer than this process lives.
      const stuck = mimir(...listen, '--exec', 'grep -q \'"text":"ok' + "' || sleep 20")
      const { publicKey } = await stuck.out.event('ready')
      await stuck.out.event('announced')

      const send = (text: string, ...more: string[]): Mimir =>
        mimir('send', String(publicKey), text, '--tracker', trackerAddress, '--home', join(folder, 'alice'), ...more)
      const sent = send('ok 1')
      expect([await sent.ended, sent.err.text]).toEqual([0, ''])
      expect(await send('stuck 2').ended).toBe(0)
      await stuck.out.event('message', ({ text }) => text === 'stuck 2')
      await stuck.kill('SIGKILL')
      const late = send('ok 3', '--timeout', '300ms', '--json')
      expect(await late.ended).toBe(3)
      expect(late.out.json).toEqual([expect.objectContaining({ event: 'accepted' })])
      expect(late.err.json).toEqual([expect.objectContaining({ error: 'not-delivered', exitCode: 3 })])

      const again = mimir(...listen)
      await again.out.event('announced')
      expect(await send('ok 4').ended).toBe(0)
      await again.out.event('message', ({ text }) => text === 'ok 4')
      expect(await again.kill('SIGTERM')).toBe(0)
      expect(await tracker.kill('SIGINT')).toBe(0)
      const texts = again.out.json.filter(({ event }) => event === 'message').map(({ text }) => text)
      expect(texts).toEqual(['stuck 2', 'ok 3', 'ok 4'])
      const id = (run: Mimir, wanted: string): unknown => run.out.json.find(({ text }) => text === wanted)?.['id']
      expect(id(again, 'stuck 2')).toBe(id(stuck, 'stuck 2'))

      const history = mimir('history', '--home', join(folder, 'bob'), '--json', await onlyContact(join(folder, 'bob')))
      expect(await history.ended).toBe(0)
      expect(history.out.json.map(({ text, state }) => [text, state])).toEqual([
        ['ok 1', 'handled'],
        ['stuck 2', 'handled'],
        ['ok 3', 'handled'],
        ['ok 4', 'handled'],
      ])
    },
    PROCESS_MS,
  )

  test(
    'a reader that leaves early is no failure',
    async () => {
      const person = new Person()
      for (let at = 0; at < 50; at++) await person.run(['send', KEY, 'x'.repeat(10_000), '--no-wait'])
      const history = new Mimir(['history', KEY, '--home', join(person.cwd, 'home')])
      history.process.stdout?.destroy()
      expect([await history.ended, history.err.text]).toEqual([0, ''])
    },
    PROCESS_MS,
  )

  test(
    'a reader that leaves a listener loses no message',
    async () => {
      const listen = ['listen', '--json', '--listen', 'tcp://127.0.0.1:0', '--home', temporaryFolder()]
      const left = mimir(...listen)
      const { address, publicKey } = await left.out.event('ready')
      const alice = new Person()
      await alice.run(['send', String(publicKey), 'printed', '--address', String(address)])
      await left.out.event('message')
      left.process.stdout?.destroy()
      await alice.run(['send', String(publicKey), 'not printed', '--address', String(address)])
      expect(await left.ended).toBe(1)
      expect(left.err.json).toEqual([expect.objectContaining({ error: 'reader-gone' })])
      const again = mimir(...listen)
      expect(await again.out.event('message')).toMatchObject({ text: 'not printed' })
    },
    PROCESS_MS,
  )

  test(
    'a second Ctrl-C does not wait',
    async () => {
      const command = 'echo started $$ >&2; sleep 600'
      const options = ['--listen', 'tcp://127.0.0.1:0', '--home', temporaryFolder()]
      const listening = mimir('listen', ...options, '--exec', command)
      const status = await listening.err.line((line) => line.startsWith('listening on'))
      const [, address = '', publicKey = ''] = /listening on (\S+) as (\S+)/.exec(status) ?? []
      await new Person().run(['send', publicKey, 'x', '--address', address])
      const started = await listening.err.line((line) => line.startsWith('started'))
      listening.process.kill('SIGINT')
      await listening.err.line((line) => line.startsWith('waiting for'))
      listening.process.kill('SIGINT')
      expect(await listening.ended).toBe(130)
      // The command is gone with us, not left behind.
      await expect.poll(() => isRunning(Number(started.split(' ')[1]))).toBe(false)
    },
    PROCESS_MS,
  )
})

describe('what does not end by itself', () => {
  test(
    'a pipe that nobody writes to, a folder that the system does not make',
    async () => {
      const folder = temporaryFolder()
      execFileSync('mkfifo', [join(folder, 'pipe')])
      const home = ['--home', join(folder, 'home')]
      const [exitCode, line] = await expectOneLine(['send', KEY, '--file', 'pipe', ...home], { cwd: folder })
      expect([exitCode, line]).toEqual([5, expect.stringMatching(/pipe is not a regular file\n$/)])
      if (process.platform === 'linux')
        expect(await expectOneLine(['contacts', 'list', '--home', '/proc/x'])).toEqual([
          5,
          'mimir: the system makes no folders in /proc\n',
        ])
    },
    PROCESS_MS,
  )

  test(
    'standard input that stays open ends with the first signal, or with --timeout, and nothing is accepted',
    async () => {
      const alice = new Person()
      const args = ['send', KEY, '-', '--home', join(alice.cwd, 'home')]
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        const sending = new Mimir(args, { stdin: null })
        // More than the system keeps for a reader: when it is written, somebody reads.
        await new Promise((resolve) => sending.process.stdin?.write('x'.repeat(900_000), resolve))
        expect([await sending.kill(signal), sending.out.text]).toEqual([1, ''])
        expect(sending.err.text).toMatch(/^mimir: nothing is accepted[^\n]* did not end: stopped before\n$/)
      }
      const [exitCode, line] = await expectOneLine([...args, '--timeout', '100ms'], { stdin: null })
      expect([exitCode, line]).toEqual([1, expect.stringContaining('did not end: not within 100 ms')])
      expect(await alice.run(['history', KEY])).toMatchObject({ exitCode: 0, out: { text: '' } })
    },
    PROCESS_MS,
  )
})

describe('what can be wrong, each in one line and without a trace', () => {
  test(
    'flags, keys and addresses',
    async () => {
      for (const [args, why] of [
        [['--nonsense'], 'unknown option'],
        [['send', KEY.slice(1), 'x'], 'names nobody'],
        [['resolve', KEY, '--tracker', 'nonsense'], 'udp://'],
        [['listen', '--listen', 'tcp://nonsense'], 'tcp://'],
      ] as const) {
        const [exitCode, line] = await expectOneLine(args)
        expect([args, exitCode]).toEqual([args, 2])
        expect(line).toContain(why)
      }
    },
    PROCESS_MS,
  )

  test(
    'a port in use, a home in use',
    async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await new Promise((resolve) => server.once('listening', resolve))
      const { port } = server.address() as { port: number }
      const folder = temporaryFolder()
      const [inUse] = await expectOneLine([
        ...['listen', '--quiet', '--home', join(folder, 'a')],
        ...['--listen', `tcp://127.0.0.1:${port}`],
      ])
      expect(inUse).toBe(4)
      await new Promise((resolve) => server.close(resolve))
      const bob = new Person()
      await bob.listen()
      const [sameHome, line] = await expectOneLine(['send', KEY, 'x', '--home', join(bob.cwd, 'home')])
      expect(sameHome).toBe(4)
      expect(line).toContain('in use')
    },
    PROCESS_MS,
  )

  test(
    'a home that is no folder, a key that is none, a database that is none or of another program',
    async () => {
      const folder = temporaryFolder()
      const path = (name: string): string => join(folder, name)
      writeFileSync(path('file'), '')
      for (const name of ['bad-key', 'no-database', 'foreign', 'folder'])
        expect(await new Terminal().run('id', 'create', '--home', path(name))).toBe(0)
      writeFileSync(join(path('bad-key'), 'identity.key'), 'too short')
      writeFileSync(join(path('no-database'), 'messenger.sqlite'), 'This is a diary, not a database.\n'.repeat(100))
      openDatabase(join(path('foreign'), 'messenger.sqlite'), {
        applicationId: 0x12345678,
        migrations: ['CREATE TABLE diary (line TEXT)'],
      }).close()
      mkdirSync(join(path('folder'), 'messenger.sqlite'))
      for (const name of ['file', 'bad-key', 'no-database', 'foreign', 'folder']) {
        const [exitCode, line] = await expectOneLine(['send', KEY, 'x', '--home', path(name)])
        expect([name, exitCode]).toEqual([name, 5])
        expect(line).toContain(path(name))
      }
    },
    PROCESS_MS,
  )

  test(
    'a home that we may not read',
    async () => {
      const folder = temporaryFolder()
      const home = join(folder, 'home')
      expect(await new Terminal().run('id', 'create', '--home', home)).toBe(0)
      chmodSync(join(home, 'identity.key'), 0)
      // The rights of files do not bind root: then the command works, which is right, too.
      const isRoot = process.getuid?.() === 0
      if (isRoot) expect(await mimir('id', 'show', '--home', home).ended).toBe(0)
      else expect((await expectOneLine(['id', 'show', '--home', home]))[0]).toBe(5)
    },
    PROCESS_MS,
  )

  test(
    'a disk that is full: nothing is accepted, what was accepted is still there',
    async () => {
      const alice = new Person()
      const home = join(alice.cwd, 'home')
      expect(await alice.run(['send', KEY, 'before', '--no-wait'])).toMatchObject({ exitCode: 0 })
      // No file may grow above 256 KiB: the same refusal to write as that of a full disk, without the rights of root.
      const options = { stdin: 'x'.repeat(900_000), shell: 'ulimit -f 512;' }
      const [exitCode] = await expectOneLine(['send', KEY, '-', '--no-wait', '--home', home], options)
      expect(exitCode).toBe(5)
      const { out } = await alice.run(['history', KEY, '--json'])
      expect(out.json.map(({ text }) => text)).toEqual(['before'])
      expect(await alice.run(['send', KEY, 'after', '--no-wait'])).toMatchObject({ exitCode: 0 })
    },
    PROCESS_MS,
  )

  test(
    'a disk that is full while we listen is reported once, with the reason, and only its message waits',
    async () => {
      const options = ['--verbose', '--listen', 'tcp://127.0.0.1:0', '--home', temporaryFolder()]
      const bob = new Mimir(['listen', ...options], { shell: 'ulimit -f 512;' })
      const status = await bob.err.line((line) => line.startsWith('listening on'))
      const [, address = '', publicKey = ''] = /listening on (\S+) as (\S+)/.exec(status) ?? []
      const alice = new Person()
      const sending = alice.begin(['send', publicKey, 'x'.repeat(900_000), '--address', address, '--timeout', '1m'])
      const failures = (): number => bob.err.all.filter((line) => /^warn .*could not be stored/.test(line)).length
      await expect.poll(failures, { timeout: PROCESS_MS }).toBeGreaterThan(2)
      expect(await new Person().run(['send', publicKey, 'small', '--address', address])).toMatchObject({ exitCode: 0 })
      sending.terminal.signals.emit('SIGINT')
      expect(await sending.ended).toBe(3)
      expect(await bob.kill('SIGTERM')).toBe(0)
      expect(bob.err.all.filter((line) => line.startsWith('mimir:'))).toEqual([
        expect.stringMatching(/could not be stored: .*messenger\.sqlite.* disk/),
      ])
    },
    PROCESS_MS,
  )

  test(
    'standard output on a full disk',
    async () => {
      const alice = new Person()
      await alice.run(['send', KEY, 'x', '--no-wait'])
      const home = ['--home', join(alice.cwd, 'home')]
      for (const [args, says] of [
        [['history', KEY, ...home], 'the output'],
        [['--help'], 'the output'],
        [['--version'], 'the output'],
        [['listen', '--help'], 'the output'],
        [['send', KEY, 'y', '--no-wait', ...home], 'is accepted and need not be sent again, but the output'],
        [['id', 'create', '--home', join(alice.cwd, 'new')], 'the key is made and is in'],
      ] as const) {
        const full = new Mimir(args, { shell: 'exec >/dev/full;' })
        const missing = process.platform !== 'linux'
        expect([args, await full.ended, full.err.all.length]).toEqual([args, missing ? 2 : 5, 1])
        if (!missing) expect(full.err.text).toContain(says)
      }
      const { out } = await alice.run(['history', KEY, '--json'])
      if (process.platform === 'linux') expect(out.json.map(({ text }) => text)).toEqual(['x', 'y'])
    },
    PROCESS_MS,
  )
})

/** The key of the only person that this home knows. */
async function onlyContact(home: string): Promise<string> {
  const contacts = mimir('contacts', '--home', home, '--json')
  await contacts.ended
  return String(contacts.out.json[0]?.['peer'])
}
