import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateSeed, publicKeyFromSeed } from '@mimirjs/crypto'
import { toHex } from '@mimirjs/wire'
import { describe, expect, test, vi } from 'vitest'
import { Person } from '../support/people.js'
import { Terminal } from '../support/terminal.js'

const LONG_MS = 60_000
const nobody = toHex(publicKeyFromSeed(generateSeed()))

interface Running {
  readonly terminal: Terminal
  readonly ready: Record<string, unknown>
}

/** A command that runs until the test ends, on the overlay if it is given a peer. */
async function start(command: string, ...args: string[]): Promise<Running> {
  const terminal = new Terminal()
  void terminal.start(command, '--json', '--home', 'home', ...args)
  return { terminal, ready: await terminal.out.event('ready') }
}

/** A node that others connect to. */
async function startMiddle(): Promise<Running & { uri: string; key: string }> {
  const middle = await start('node', '--listen', 'tcp://127.0.0.1:0')
  const [uri = ''] = middle.ready['listen'] as string[]
  return { ...middle, uri, key: String(middle.ready['publicKey']) }
}

/** `mimir listen` at the overlay address of its node. */
async function listen(
  person: Person,
  ...args: string[]
): Promise<{ terminal: Terminal; address: string; key: string }> {
  const terminal = new Terminal({ cwd: person.cwd })
  void terminal.start('listen', '--json', '--home', 'home', ...args)
  const ready = await terminal.out.event('ready')
  return { terminal, address: String(ready['address']), key: String(ready['publicKey']) }
}

describe('mimir node', () => {
  test('prints key and address, and what becomes of peers and tree', async () => {
    const middle = await startMiddle()
    expect(middle.ready).toMatchObject({ address: expect.stringMatching(/^2[0-9a-f]{2}:/) as string })
    const leaf = await start('node', '--peer', middle.uri)
    expect(await leaf.terminal.out.event('peerUp')).toMatchObject({ publicKey: middle.key, incoming: false })
    expect(await middle.terminal.out.event('peerUp')).toMatchObject({
      publicKey: leaf.ready['publicKey'],
      incoming: true,
    })
    const [root = ''] = [middle.key, String(leaf.ready['publicKey'])].sort()
    for (const { terminal } of [middle, leaf]) await terminal.out.event('tree', (tree) => tree['root'] === root)
    middle.terminal.signals.emit('SIGUSR2')
    expect(await middle.terminal.out.event('peer')).toMatchObject({
      publicKey: leaf.ready['publicKey'],
      state: 'up',
      incoming: true,
    })
    leaf.terminal.signals.emit('SIGTERM')
    expect(await middle.terminal.out.event('peerDown')).toMatchObject({ publicKey: leaf.ready['publicKey'] })
  })

  test('has the same key at the next start', async () => {
    const person = new Person()
    const keys: unknown[] = []
    for (let i = 0; i < 2; i++) {
      const terminal = new Terminal({ cwd: person.cwd })
      const ended = terminal.start('node', '--json', '--home', 'home', '--listen', 'tcp://127.0.0.1:0')
      keys.push((await terminal.out.event('ready'))['publicKey'])
      terminal.signals.emit('SIGTERM')
      expect(await ended).toBe(0)
    }
    expect(keys[1]).toBe(keys[0])
  })

  test('a peer that is not there is told in one line, and tried again', async () => {
    const { terminal } = await start('node', '--peer', 'tcp://127.0.0.1:1')
    expect(await terminal.out.event('peerRetry')).toMatchObject({
      uri: 'tcp://127.0.0.1:1',
      failures: 1,
      reason: expect.stringMatching(/./) as string,
    })
    expect(terminal.err.all.length).toBeGreaterThan(0)
    expect(terminal.err.text).toContain('127.0.0.1:1')
    expect(terminal.err.json[0]?.['message']).toMatch(/; we go on trying$/)
  })

  test.each(['tracker', 'mediator', 'node', 'listen'])(
    '%s says when a peer is lost, and when it is back',
    async (command) => {
      const middle = new Person()
      const first = new Terminal({ cwd: middle.cwd })
      const ended = first.start('node', '--json', '--home', 'home', '--listen', 'tcp://127.0.0.1:0')
      const [uri = ''] = (await first.out.event('ready'))['listen'] as string[]
      const person = new Person()
      await person.run(['id', 'create'])
      const leaf = new Terminal({ cwd: person.cwd })
      void leaf.start(command, '--home', 'home', '--peer', uri)
      await first.out.event('peerUp')
      // Before that nobody watches the peers yet.
      await Promise.race([leaf.out.line(() => true), leaf.err.line((line) => line.startsWith('listening on'))])
      first.signals.emit('SIGTERM')
      await ended
      await leaf.err.line(
        (line) => line.startsWith('mimir: ') && line.includes(uri) && line.endsWith('; we go on trying'),
      )
      const second = new Terminal({ cwd: middle.cwd })
      void second.start('node', '--json', '--home', 'home', '--listen', uri)
      await leaf.err.line((line) => line === `connected again to ${uri}`)
    },
  )

  test('a port that is taken is told in one line', async () => {
    const middle = await startMiddle()
    const terminal = new Terminal()
    expect(await terminal.run('node', '--home', 'home', '--listen', middle.uri)).toBe(4)
    expect(terminal.err.all).toHaveLength(1)
    expect(terminal.out.text).toBe('')
  })

  test.each([
    ['nothing to do', ['node'], 'give --peer'],
    ['a peer that is no URI', ['node', '--peer', 'example.org'], 'scheme://host:port'],
    ['a peer of a strange scheme', ['ping', nobody, '--peer', 'ftp://example.org:1'], 'ftp'],
    ['a short pinned key', ['node', '--peer', 'tcp://127.0.0.1:1?key=12'], 'key'],
    ['a ping without a network', ['ping', nobody], '--peer'],
    ['a tracker on the overlay without a network', ['resolve', nobody, '--tracker', `ygg://${nobody}:69`], '--peer'],
    ['a mediator on the overlay without a network', ['listen', '--mediator', nobody], '--peer'],
    ['an address on the overlay without a network', ['send', nobody, 'x', '--address', `ygg://${nobody}:42`], '--peer'],
    ['the same for a chat', ['chat', nobody, '--address', `ygg://${nobody}:42`], 'on the overlay: give --peer as well'],
    ['the same for a call', ['call', nobody, '--send', 'x.wav', '--address', `ygg://${nobody}:42`], '--peer as well'],
    ['a ping of nothing', ['ping', 'alice', '--peer', 'tcp://127.0.0.1:1'], '64 hex digits, or its address, as 200:…'],
    ['a tracker on the overlay by a name', ['resolve', nobody, '--tracker', 'ygg://example.org:69'], '64 hex digits'],
    [
      'a tracker for both networks',
      ['tracker', '--listen', 'udp://127.0.0.1:0', '--peer', 'tcp://127.0.0.1:1'],
      '--listen',
    ],
    ['a key of no node', ['tracker', '--key', 'x', '--listen', 'udp://127.0.0.1:0'], '--peer'],
  ])('%s', async (_, args, why) => {
    const terminal = new Terminal()
    expect(await terminal.run(...args, '--home', 'home')).toBe(2)
    expect(terminal.out.text).toBe('')
    expect(terminal.err.all).toHaveLength(1)
    expect(terminal.err.text).toContain(why)
  })
})

describe('mimir ping', () => {
  test('by key and by address, through a node in the middle', async () => {
    const middle = await startMiddle()
    const other = await start('node', '--peer', middle.uri)
    const key = String(other.ready['publicKey'])
    const address = String(other.ready['address'])
    for (const target of [key, address, `[${address}]`, `ygg://${key}:42`]) {
      const terminal = new Terminal()
      expect(await terminal.run('ping', target, '--peer', middle.uri, '--count', '1', '--json')).toBe(0)
      expect(terminal.out.json).toEqual([{ event: 'pong', publicKey: key, rttMs: expect.any(Number) as number }])
    }
  })

  test('nobody answers', async () => {
    const middle = await startMiddle()
    const terminal = new Terminal({ env: { MIMIR_PEERS: middle.uri } })
    expect(await terminal.run('ping', nobody, '--timeout', '1500ms')).toBe(3)
    expect(terminal.err.all).toEqual([`mimir: ${nobody} does not answer: the network does not know it`])
  })

  test('Ctrl-C stops it, and resolve as well', async () => {
    const middle = await startMiddle()
    for (const args of [
      ['ping', nobody],
      ['resolve', nobody, '--tracker', `ygg://${nobody}:69`],
    ]) {
      const up = middle.terminal.out.json.filter(({ event }) => event === 'peerUp').length
      const terminal = new Terminal()
      const ended = terminal.start(...args, '--peer', middle.uri)
      await vi.waitFor(() =>
        expect(middle.terminal.out.json.filter(({ event }) => event === 'peerUp').length).toBeGreaterThan(up),
      )
      const peer = middle.terminal.out.json.filter(({ event }) => event === 'peerUp').at(-1)
      expect(String(peer?.['publicKey'])).toMatch(/^[89a-f]/)
      terminal.signals.emit('SIGINT')
      expect(await ended).toBe(3)
      expect(terminal.err.all).toEqual([expect.stringMatching(/^mimir: stopped/)])
    }
  })

  test('there is no network', async () => {
    const terminal = new Terminal()
    expect(await terminal.run('ping', nobody, '--peer', 'tcp://127.0.0.1:1', '--timeout', '1s')).toBe(3)
    expect(terminal.err.all.at(-1)).toMatch(/does not answer: no peer is reached \(dial tcp:\/\/127\.0\.0\.1:1: /)
  })
})

describe('--peer', () => {
  test(
    'two people find each other through a tracker and talk, all of it on the overlay',
    async () => {
      const middle = await startMiddle()
      const tracker = await start('tracker', '--peer', middle.uri)
      const network = ['--peer', middle.uri, '--tracker', String(tracker.ready['address'])]
      const bob = new Person()
      await bob.run(['id', 'create', '--name', 'Bob'])
      const listening = await listen(bob, ...network)
      expect(listening.address).toMatch(/^ygg:\/\/[0-9a-f]{64}:42$/)
      await listening.terminal.out.event('announced')

      const alice = new Person()
      await alice.run(['id', 'create', '--name', 'Alice'])
      const sent = await alice.run(['send', listening.key, 'Hello over the overlay', ...network])
      expect([sent.exitCode, sent.err.text]).toEqual([0, ''])
      const message = await listening.terminal.out.event('message')
      expect(message).toMatchObject({ text: 'Hello over the overlay', from: await alice.publicKey() })

      const resolved = await new Person().run(['resolve', listening.key, ...network])
      expect(resolved.out.text).toMatch(new RegExp(`^${listening.address} {2}priority \\d+ {2}expires in \\d+ min\\n$`))
    },
    LONG_MS,
  )

  test(
    'a file goes on a stream of its own',
    async () => {
      const middle = await startMiddle()
      const bob = new Person()
      await bob.run(['id', 'create'])
      const listening = await listen(bob, '--peer', middle.uri, '--save', 'received')
      const alice = new Person()
      await alice.run(['id', 'create'])
      const bytes = new Uint8Array(700_000).map((_, i) => (i * 31) >>> 3)
      writeFileSync(join(alice.cwd, 'big.bin'), bytes)
      const args = ['send', listening.key, '--file', 'big.bin', '--address', listening.address, '--peer', middle.uri]
      const sent = await alice.run(args)
      expect([sent.exitCode, sent.err.text]).toEqual([0, ''])
      const message = await listening.terminal.out.event('message')
      const { path } = message['file'] as { path: string }
      // The matchers would go through it byte by byte.
      expect(readFileSync(path).equals(bytes)).toBe(true)
    },
    LONG_MS,
  )

  test(
    'a mediator is named by its key alone',
    async () => {
      const middle = await startMiddle()
      const mediator = await start('mediator', '--peer', middle.uri)
      const key = String(mediator.ready['publicKey'])
      expect(mediator.ready['mediator']).toBe(`${key}@ygg://${key}:42`)
      const network = ['--peer', middle.uri, '--mediator', key]
      const [alice, bob] = [new Person(), new Person()]
      await alice.run(['id', 'create', '--name', 'Alice'])
      const bobKey = await bob.publicKey()
      expect((await alice.run(['group', 'create', 'Hiking', ...network])).exitCode).toBe(0)
      expect((await alice.run(['group', 'invite', 'hiking', bobKey, ...network])).exitCode).toBe(0)
      expect((await bob.run(['group', 'join', 'hiking', ...network])).exitCode).toBe(0)
      expect((await alice.run(['group', 'send', 'hiking', 'eight?', ...network])).exitCode).toBe(0)
      await vi.waitFor(
        async () => {
          const { out } = await bob.run(['group', 'history', 'hiking', '--json', ...network])
          expect(out.json).toContainEqual(expect.objectContaining({ text: 'eight?' }))
        },
        { timeout: 20_000 },
      )
      // Who only looks at what is here is not told that there is no network.
      const env = { MIMIR_PEERS: middle.uri, MIMIR_MEDIATORS: key }
      for (const command of [['history', bobKey], ['contacts'], ['id', 'show']]) {
        const { exitCode, err } = await alice.run(command, { env })
        expect([command, exitCode, err.text]).toEqual([command, 0, ''])
      }
    },
    LONG_MS,
  )

  test('a look at what is here needs no network', async () => {
    const person = new Person()
    await person.run(['id', 'create'])
    for (const command of [['history', nobody], ['contacts'], ['id', 'show']]) {
      const MIMIR_MEDIATORS = await new Person().publicKey()
      const env = { MIMIR_PEERS: 'tcp://127.0.0.1:1', MIMIR_TRACKERS: `ygg://${MIMIR_MEDIATORS}:69`, MIMIR_MEDIATORS }
      const { exitCode, err } = await person.run(command, { env })
      expect([command, exitCode, err.text]).toEqual([command, 0, ''])
    }
  })

  test('no peer is reached: it is said once, and the message waits', async () => {
    const person = new Person()
    await person.run(['id', 'create'])
    const args = ['send', nobody, 'hello', '--peer', 'tcp://127.0.0.1:1', '--timeout', '2s']
    const { exitCode, out, err } = await person.run(args)
    expect([exitCode, out.all.length]).toEqual([3, 1])
    expect(err.all).toEqual([
      expect.stringMatching(/^mimir: .*tcp:\/\/127\.0\.0\.1:1.*; we go on trying$/),
      expect.stringMatching(
        /stays in the outbox.*not within 2 s \(no peer of the overlay is reached: .*127\.0\.0\.1:1/,
      ),
    ])
  })

  test('what is not delivered says why', async () => {
    const middle = await startMiddle()
    const person = new Person()
    await person.run(['id', 'create'])
    for (const [args, why] of [
      [[], 'neither --tracker nor --address says where they are'],
      [['--tracker', 'udp://127.0.0.1:9'], 'the trackers are of another network than --peer'],
      [['--tracker', `ygg://${nobody}:69`], 'no tracker'],
      [['--address', `ygg://${nobody}:42`], `${nobody}:42`],
    ] as const) {
      const sent = await person.run([
        'send',
        nobody,
        'x',
        '--json',
        '--peer',
        middle.uri,
        '--timeout',
        '700ms',
        ...args,
      ])
      expect(sent.exitCode).toBe(3)
      expect(sent.err.json).toEqual([
        { error: 'not-delivered', message: expect.stringContaining(why) as string, exitCode: 3 },
      ])
    }
  })
})
