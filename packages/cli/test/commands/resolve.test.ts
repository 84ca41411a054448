import { generateSeed, publicKeyFromSeed } from '@mimirjs/crypto'
import { toHex } from '@mimirjs/wire'
import { formatContactLink } from '@mimirjs/wire/link'
import { describe, expect, test } from 'vitest'
import { Person, startTracker } from '../support/people.js'
import { Terminal } from '../support/terminal.js'

const nobody = publicKeyFromSeed(generateSeed())

describe('mimir resolve', () => {
  test('prints addresses, for a key and for a link; touches no home folder', async () => {
    const tracker = await startTracker()
    const bob = await new Person().listen('--tracker', tracker)
    await bob.terminal.out.event('announced')
    const link = formatContactLink({ publicKey: Buffer.from(bob.publicKey, 'hex'), name: 'Bob' })
    for (const who of [bob.publicKey, link]) {
      const { exitCode, out } = await new Person().run(['resolve', who], { env: { MIMIR_TRACKERS: ` ${tracker},` } })
      expect(exitCode).toBe(0)
      expect(out.text).toMatch(new RegExp(`^${bob.address}  priority 3  expires in 60 min\n$`))
    }
  })

  test('nobody announced that key', async () => {
    const tracker = await startTracker()
    const { exitCode, out, err } = await new Person().run(['resolve', toHex(nobody), '--tracker', tracker])
    expect([exitCode, out.text]).toEqual([3, ''])
    expect(err.text).toBe(`mimir: no tracker knows an address of ${toHex(nobody)}\n`)
  })

  test.each([
    ['no tracker', ['KEY'], {}, 2, 'no tracker to ask'],
    ['a bad key', ['12345678'], {}, 2, 'names nobody'],
    ['a tracker that is none', ['KEY', '--tracker', 'tcp://127.0.0.1:1'], {}, 2, 'udp://'],
    ['a tracker by name', ['KEY', '--tracker', 'udp://localhost:1'], {}, 2, 'localhost'],
    ['a bad environment', ['KEY'], { MIMIR_TRACKERS: 'udp://127.0.0.1:1,x' }, 2, 'MIMIR_TRACKERS'],
  ])('%s', async (_, args, env, exitCode, why) => {
    const terminal = new Terminal({ env })
    expect(await terminal.run('resolve', ...args.map((arg) => (arg === 'KEY' ? toHex(nobody) : arg)))).toBe(exitCode)
    expect(terminal.out.text).toBe('')
    expect(terminal.err.all).toHaveLength(1)
    expect(terminal.err.text).toContain(why)
  })

  test('a tracker that does not answer can be given up', async () => {
    const terminal = new Terminal()
    const ended = terminal.run('resolve', toHex(nobody), '--tracker', 'udp://127.0.0.1:9')
    terminal.signals.emit('SIGINT')
    expect(await ended).toBe(3)
    expect(terminal.err.all).toEqual(['mimir: stopped before the trackers had answered'])
  })
})
