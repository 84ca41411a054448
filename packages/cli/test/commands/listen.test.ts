import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { type Listening, Person, startTracker } from '../support/people.js'
import { Terminal } from '../support/terminal.js'

vi.mock('node:os', async (importOriginal) => {
  const os = await importOriginal<typeof import('node:os')>()
  return { ...os, networkInterfaces: vi.fn(os.networkInterfaces) }
})

/** Alice, who can send to Bob, who listens with these options. */
async function conversation(...args: string[]) {
  const [alice, bob] = [new Person(), new Person()]
  const listening = await bob.listen(...args)
  const say = (to: Listening, text: string, ...more: string[]): Promise<unknown> =>
    alice.run(['send', to.publicKey, text, '--address', to.address, ...more])
  return { alice, bob, listening, say }
}

describe('mimir listen', () => {
  test('prints messages for people, in order, and ends with 0 when it is stopped', async () => {
    const [alice, bob] = [new Person(), new Person()]
    const { terminal, ended } = bob.begin(['listen', '--listen', 'tcp://127.0.0.1:0', '--name', 'Bob'])
    const status = await terminal.err.line((line) => line.startsWith('listening on'))
    const [, address = '', key = ''] = /listening on (\S+) as (\S+)/.exec(status) ?? []
    for (const text of ['one\ntwo', '\u001b[2Jthree'])
      expect(await alice.run(['send', key, text, '--address', address])).toMatchObject({ exitCode: 0 })
    await terminal.out.line((line) => line.includes('three'))
    terminal.signals.emit('SIGINT')
    expect(await ended).toBe(0)
    const sender = (await alice.publicKey()).slice(0, 8)
    expect(terminal.out.text).toMatch(
      new RegExp(`^[\\d:]+  ${sender}: one\n    two\n[\\d:]+  ${sender}: \\\\u001b\\[2Jthree\n$`),
    )
  })

  test('announces at the trackers', async () => {
    const tracker = await startTracker()
    const { terminal, address, publicKey } = await new Person().listen('--tracker', tracker)
    expect(await terminal.out.event('announced')).toEqual({
      event: 'announced',
      address,
      ttlSeconds: expect.any(Number) as number,
    })
    const { exitCode, out } = await new Person().run(['resolve', publicKey, '--tracker', tracker, '--json'])
    expect(exitCode).toBe(0)
    expect(out.json).toEqual([expect.objectContaining({ event: 'record', address })])
  })

  test('--save keeps files under names of our own', async () => {
    const { alice, bob, listening, say } = await conversation('--save', 'received')
    writeFileSync(join(alice.cwd, 'evil.PNG'), 'picture')
    await say(listening, 'look', '--image', 'evil.PNG')
    const { id, from, file } = await listening.terminal.out.event('message')
    const path = join(bob.cwd, 'received', `${String(from).slice(0, 16)}_${String(id)}.png`)
    expect(file).toMatchObject({ name: 'evil.PNG', path })
    expect(readFileSync(path, 'utf8')).toBe('picture')
  })

  test('--exec gets the message as JSON, and no word of it in its command line', async () => {
    const { bob, listening, say } = await conversation(
      '--exec',
      'cat >> got; echo "$MIMIR_ID $MIMIR_FROM $MIMIR_KIND" >> got',
    )
    const text = '$(touch owned); `touch owned`; "; touch owned #'
    await say(listening, text)
    const message = await listening.terminal.out.event('message', (event) => event['text'] === text)
    await listening.stop()
    const [json = '', facts] = readFileSync(join(bob.cwd, 'got'), 'utf8').split('\n')
    expect(JSON.parse(json)).toEqual(message)
    expect(facts).toBe(`${String(message['id'])} ${String(message['from'])} text`)
    expect(readdirSync(bob.cwd)).not.toContain('owned')
  })

  test('with --json the output of a command is not in the JSON lines', async () => {
    const { listening, say } = await conversation('--exec', 'echo "not JSON"')
    await say(listening, 'x')
    expect(await listening.terminal.err.line((line) => line !== '')).toBe('not JSON')
    await listening.stop()
    expect(listening.terminal.out.json.map(({ event }) => event)).toEqual(['ready', 'message'])
  })

  test('an answer that is no text is reported, not sent in pieces', async () => {
    const { alice, listening, say } = await conversation('--exec', "printf 'caf\\351'", '--reply')
    await say(listening, 'x')
    await listening.terminal.err.line((line) => line.includes('not UTF-8'))
    expect(listening.terminal.err.json).toEqual([expect.objectContaining({ error: 'command', exitCode: 1 })])
    await listening.stop()
    const { out } = await alice.run(['history', listening.publicKey, '--json'])
    expect(out.json.map(({ text }) => text)).toEqual(['x'])
  })

  test('a machine without an address to announce is told which options say one', async () => {
    vi.mocked(networkInterfaces).mockReturnValue({})
    const options = ['--tracker', 'udp://127.0.0.1:9', '--listen', 'tcp://0.0.0.0:0']
    const { exitCode, err } = await new Person().run(['listen', ...options])
    expect(exitCode).toBe(2)
    expect(err.text).toMatch(/^mimir: tcp:\/\/0\.0\.0\.0:\d+ is every interface [^\n]*\(--listen, --announce\)\n$/)
  })

  test('a failing command is reported, and its message handled', async () => {
    const { bob, listening, say } = await conversation('--exec', 'echo tried >> tried; exit 3')
    await say(listening, 'x')
    await listening.terminal.err.line((line) => line.includes('exit code 3'))
    expect(listening.terminal.err.json).toEqual([expect.objectContaining({ error: 'command', exitCode: 1 })])
    await listening.stop()
    const again = await bob.listen('--exec', 'echo tried >> tried')
    await say(again, 'y')
    await again.terminal.out.event('message')
    await again.stop()
    expect(readFileSync(join(bob.cwd, 'tried'), 'utf8')).toBe('tried\ntried\n')
  })

  test('a message that cannot be saved stops it, and comes again', async () => {
    const { alice, bob, listening, say } = await conversation('--save', 'received')
    rmSync(join(bob.cwd, 'received'), { recursive: true })
    writeFileSync(join(bob.cwd, 'received'), 'a file where the folder was')
    writeFileSync(join(alice.cwd, 'a.txt'), 'important')
    await say(listening, 'file', '--image', 'a.txt')
    expect(await listening.ended).toBe(5)
    expect(listening.terminal.err.all).toHaveLength(1)
    expect(listening.terminal.err.json).toEqual([expect.objectContaining({ error: 'file', exitCode: 5 })])
    rmSync(join(bob.cwd, 'received'))
    const again = await bob.listen('--save', 'received')
    const { file } = await again.terminal.out.event('message', ({ kind }) => kind === 'image')
    expect(readFileSync(String((file as { path: string }).path), 'utf8')).toBe('important')
  })

  test('waits for a running command when it is stopped', async () => {
    const { bob, listening, say } = await conversation(
      '--exec',
      'until [ -e go ]; do sleep 0.05; done; echo done > done',
    )
    await say(listening, 'x')
    await listening.terminal.out.event('message')
    const ended = listening.stop()
    mkdirSync(join(bob.cwd, 'go'))
    expect(await ended).toBe(0)
    expect(readFileSync(join(bob.cwd, 'done'), 'utf8')).toBe('done\n')
    const again = await bob.listen()
    await say(again, 'y')
    expect(await again.terminal.out.event('message')).toMatchObject({ text: 'y' })
  })

  test('--only-contacts refuses strangers', async () => {
    const [alice, bob] = [new Person(), new Person()]
    const listening = await bob.listen('--only-contacts')
    const to = ['send', listening.publicKey, 'x', '--address', listening.address]
    expect(await alice.run([...to, '--timeout', '500ms'])).toMatchObject({ exitCode: 3 })
    await listening.stop()
    await bob.run(['contacts', 'add', await alice.publicKey()])
    const again = await bob.listen('--only-contacts')
    await alice.run(['send', again.publicKey, 'y', '--address', again.address])
    await again.terminal.out.event('message', ({ text }) => text === 'y')
  })

  test.each([
    [['--reply'], '--reply needs --exec'],
    [['--exec-timeout', '1s'], '--exec-timeout needs --exec'],
    [['--exec', ' '], 'Expected a command line'],
    [['--save', ''], 'Expected a path'],
  ])('%j is a mistake', async (options, why) => {
    const terminal = new Terminal()
    expect(await terminal.run('listen', ...options)).toBe(2)
    expect(terminal.err.all).toEqual([expect.stringContaining(why)])
  })

  test('a second process on the same home, and a second one on the same port', async () => {
    const bob = new Person()
    const { address } = await bob.listen()
    const sameHome = await bob.run(['listen', '--listen', 'tcp://127.0.0.1:0'])
    expect(sameHome.exitCode).toBe(4)
    expect(sameHome.err.text).toMatch(/^mimir: .*in use.*\n$/)
    const samePort = await new Person().run(['listen', '--listen', address])
    expect(samePort.exitCode).toBe(4)
    expect(samePort.err.text).toMatch(/^mimir: cannot listen on tcp:.*another program listens there.*\n$/)
  })
})
