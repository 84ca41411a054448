// How the command line says how people are met, as the messenger takes it.
import type { RendezvousOptions } from '@mimirjs/messenger'
import { expect, test } from 'vitest'
import { ExitCode } from '../src/exit-code.js'
import { meeting } from '../src/messenger.js'
import { Shell } from '../src/shell.js'
import { Terminal } from './support/terminal.js'

const SERVER = ['--rendezvous', 'wss://meet.example']
const STUN = ['--ice-server', 'stun:meet.example:3478']
const TURN = ['--ice-server', 'turn:ann:p%40ss@meet.example']
const [stun, turn] = [
  { urls: 'stun:meet.example:3478' },
  { urls: 'turn:meet.example', username: 'ann', credential: 'p@ss' },
]

async function meet(args: readonly string[], env: Record<string, string> = {}) {
  const terminal = new Terminal({ env })
  const shell = new Shell(terminal)
  let options: RendezvousOptions | undefined
  const command = shell.command('meet', 'for this test').action((_, given) =>
    shell.perform(given, async (context) => {
      options = meeting(context, { strangers: 'ask' }).rendezvous
      return ExitCode.ok
    }),
  )
  const exitCode = await shell.run(shell.command('mimir', '').addCommand(command), ['meet', ...args])
  return { exitCode, options, err: terminal.err.all }
}

test.each<[readonly string[], Record<string, string>, Partial<RendezvousOptions>]>([
  [SERVER, {}, { iceServers: [], relayOnly: false }],
  [[...SERVER, ...STUN, ...TURN], {}, { iceServers: [stun, turn], relayOnly: false }],
  [[...SERVER, ...TURN, '--relay-only'], {}, { iceServers: [turn], relayOnly: true }],
  [
    ['--relay-only'],
    { MIMIR_RENDEZVOUS: 'wss://meet.example', MIMIR_ICE_SERVERS: [STUN[1], TURN[1]].join() },
    { iceServers: [stun, turn], relayOnly: true },
  ],
])('%j %j', async (args, env, expected) => {
  const { exitCode, options } = await meet(args, env)
  expect([exitCode, options]).toEqual([0, { servers: ['wss://meet.example'], strangers: 'ask', ...expected }])
})

test('nobody is met without a server', async () => {
  expect((await meet(TURN)).options).toBeUndefined()
})

test('a relay alone is of no use where nobody is met', async () => {
  const { exitCode, options, err } = await meet([...TURN, '--relay-only'])
  expect([exitCode, options]).toEqual([2, undefined])
  expect(err).toEqual([expect.stringMatching(/--relay-only is about people met through --rendezvous/)])
})

test.each([[SERVER], [[...SERVER, ...STUN]]])('a relay alone needs one: %j', async (args) => {
  const { exitCode, options, err } = await meet([...args, '--relay-only'])
  expect([exitCode, options]).toEqual([2, undefined])
  expect(err).toEqual([expect.stringMatching(/--relay-only needs a TURN server.*turn:<user>/)])
})
