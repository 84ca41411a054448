import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RendezvousServerStats } from '../../src/server.js'
import type { Command } from './load/clients.js'

const CLIENTS = 5_000
const MEBIBYTE = 1024 * 1024
/** Standard input is a pipe to talk through, and each client needs a descriptor. */
const DESCRIPTORS = CLIENTS + 500

interface Measured {
  readonly heapBytes: number
  readonly rssBytes: number
  readonly stats: RendezvousServerStats
}

let server: ChildProcess
let clients: ChildProcess

function start(program: string, ...flags: string[]): ChildProcess {
  const path = fileURLToPath(new URL(`load/${program}`, import.meta.url))
  const tsx = import.meta.resolve('tsx')
  const args = [...flags, '--conditions=mimir:source', '--import', tsx, path]
  const stdio: ['ignore', 'inherit', 'inherit', 'ipc'] = ['ignore', 'inherit', 'inherit', 'ipc']
  if (process.platform === 'win32') return spawn(process.execPath, args, { stdio })
  // A shell may raise the soft limit as far as the hard one goes.
  return spawn('sh', ['-c', `ulimit -n ${DESCRIPTORS}; exec "$0" "$@"`, process.execPath, ...args], { stdio })
}

async function answer(child: ChildProcess): Promise<unknown> {
  const ended = once(child, 'exit').then(() => {
    throw new Error('the process ended')
  })
  const [message] = (await Promise.race([once(child, 'message'), ended])) as unknown[]
  return message
}

async function measure(): Promise<Measured> {
  server.send('measure')
  return (await answer(server)) as Measured
}

/** What is left when what was under way is through: frames in the air are no memory that it keeps. */
async function settled(isQuiet: (stats: RendezvousServerStats) => boolean): Promise<Measured> {
  let least = await measure()
  for (let stable = 0; stable < 5; ) {
    const next = await measure()
    const isLess = !isQuiet(next.stats) || next.heapBytes < 0.99 * least.heapBytes
    stable = isLess ? 0 : stable + 1
    least = isLess ? next : least
  }
  return least
}

async function command(what: Command): Promise<void> {
  clients.send(what)
  expect(await answer(clients)).toBe('done')
}

beforeAll(async () => {
  server = start('server.ts', '--expose-gc')
  clients = start('clients.ts')
})
afterAll(() => {
  server.kill('SIGKILL')
  clients.kill('SIGKILL')
})

test(`${CLIENTS} clients on one server: memory is flat`, { timeout: 180_000 }, async () => {
  const { address } = (await answer(server)) as { address: string }
  const empty = await settled(() => true)
  const isFull = ({ authenticated }: RendezvousServerStats): boolean => authenticated === CLIENTS
  await command({ do: 'connect', address, clients: CLIENTS })
  await command({ do: 'round', ctr: 0 })
  const full = await settled(isFull)
  expect(full.stats).toMatchObject({ connections: CLIENTS, authenticated: CLIENTS, envelopes: { relayed: CLIENTS } })
  // A connection of node:http and ws is most of it.
  expect(full.heapBytes - empty.heapBytes).toBeLessThan(CLIENTS * 16 * 1024)
  for (let ctr = 1; ctr <= 3; ctr++) await command({ do: 'round', ctr })
  await command({ do: 'churn', clients: 500 })
  await command({ do: 'round', ctr: 4 })
  const later = await settled(isFull)
  expect(later.stats).toMatchObject({ connections: CLIENTS, envelopes: { relayed: 5 * CLIENTS } })
  expect(later.heapBytes).toBeLessThan(full.heapBytes + 4 * MEBIBYTE)
  expect(later.rssBytes).toBeLessThan(full.rssBytes + 64 * MEBIBYTE)
  await command({ do: 'leave' })
  const left = await settled(({ connections }) => connections === 0)
  expect(left.heapBytes).toBeLessThan(empty.heapBytes + 8 * MEBIBYTE)
})
