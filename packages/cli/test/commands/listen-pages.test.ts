import { join } from 'node:path'
import { Messenger } from '@mimirjs/messenger'
import { Transports } from '@mimirjs/transport'
import { ws } from '@mimirjs/transport/ws'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../support/folder.js'
import { Person, startTracker } from '../support/people.js'
import { Terminal } from '../support/terminal.js'

/** Somebody who speaks what pages speak, and can dial WebSockets only. */
async function openPage(): Promise<Messenger> {
  const page = await Messenger.open(join(temporaryFolder(), 'page'), {
    generation: 'current',
    transports: new Transports([ws()]),
  })
  onTestFinished(() => page.close())
  return page
}

test('listen --ws: who dials WebSockets only is heard, and answered over the same connection', async () => {
  const bob = new Person()
  const listening = await bob.listen('--ws', 'ws://127.0.0.1:0', '--exec', 'cat', '--reply')
  const ready = await listening.terminal.out.event('ready')
  expect(ready['ws']).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/)
  expect(listening.address).toMatch(/^tcp:/)
  const page = await openPage()
  const answer = new Promise<string>((resolve) => {
    page.on('message', async ({ from, text }) => {
      if (from === listening.publicKey) resolve(text ?? '')
    })
  })
  page.addAddress(listening.publicKey, String(ready['ws']))
  await page.whenDelivered(await page.send(listening.publicKey, 'from a page'))
  expect(await listening.terminal.out.event('message')).toMatchObject({ from: page.publicKey, text: 'from a page' })
  expect(JSON.parse(await answer)).toMatchObject({ text: 'from a page' })
  expect(await listening.stop()).toBe(0)
})

test('listen --ws: trackers are told of the other address only', async () => {
  const tracker = await startTracker()
  const bob = new Person()
  const listening = await bob.listen('--ws', 'ws://127.0.0.1:0', '--tracker', tracker)
  expect(await listening.terminal.out.event('announced')).toMatchObject({ address: listening.address })
  const found = await new Person().run(['resolve', listening.publicKey, '--tracker', tracker])
  expect(found.out.text).toContain(listening.address)
  expect(found.out.text).not.toContain('ws:')
})

test.each([
  ['another scheme', 'tcp://127.0.0.1:0', 2],
  ['no address', 'here', 2],
])('listen --ws: %s is refused', async (_name, address, exitCode) => {
  const terminal = new Terminal()
  expect(await terminal.run('listen', '--home', 'home', '--ws', address)).toBe(exitCode)
  expect(terminal.err.all).toHaveLength(1)
})

test.each([
  ['classic', ['--generation', 'classic'], {}],
  ['overlay', ['--generation', 'overlay'], {}],
  ['classic', [], { MIMIR_GENERATION: 'classic' }],
])('listen --ws: generation %s of %j and %j reaches no page, and is refused', async (generation, args, env) => {
  const { exitCode, err } = await new Person().run(['listen', '--listen', 'tcp://127.0.0.1:0', '--ws', ...args], {
    env,
  })
  expect(exitCode).toBe(2)
  expect(err.text).toBe(`mimir: --ws is for pages, which speak generation current: ${generation} reaches none\n`)
})

test('listen --ws: a port that is taken ends it, and says so', async () => {
  const first = await new Person().listen('--ws', 'ws://127.0.0.1:0')
  const { ws: taken } = await first.terminal.out.event('ready')
  const second = await new Person().run(['listen', '--listen', 'tcp://127.0.0.1:0', '--ws', String(taken)])
  expect(second.exitCode).toBe(4)
  expect(second.err.text).toContain('another program listens there')
})
