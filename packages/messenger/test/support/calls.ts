import { Transports } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { createClock, createFaultyProxy, type FaultyProxy, type ManualClock } from '@mimirjs/transport/testing'
import type { Generation } from '@mimirjs/wire'
import { onTestFinished } from 'vitest'
import type { Call, Messenger, MessengerOptions } from '../../src/index.js'
import { createWorld } from './world.js'

/** Those that know calls. */
export const CALL_GENERATIONS: readonly Generation[] = ['overlay', 'current']

export interface CallWorld {
  readonly clock: ManualClock
  readonly transports: Transports
  person(options?: MessengerOptions): Promise<Callable>
  /** A way to this person that can be cut, under an address of its own. */
  proxyTo(person: Callable): Promise<FaultyProxy>
  /** Let so much time pass, in steps that leave room for questions and answers. */
  pass(ms: number): Promise<void>
}

export interface Callable {
  readonly messenger: Messenger
  readonly key: string
  readonly address: string
  /** Calls that came in, oldest first. */
  readonly incoming: Call[]
  /** Listen to calls no more. */
  ignoreCalls(): void
}

export async function createCallWorld(
  generation: Generation = 'overlay',
  network = createMemoryNetwork(),
): Promise<CallWorld> {
  const clock = createClock(1_700_000_000_000)
  const transports = new Transports([network.streams])
  const world = createWorld()
  let proxies = 0
  return {
    clock,
    transports,
    async person(options = {}) {
      const { messenger, address } = await world.person({ clock, generation, transports, ...options })
      const incoming: Call[] = []
      const onCall = (call: Call): unknown => incoming.push(call)
      messenger.on('call', onCall)
      return {
        messenger,
        key: messenger.publicKey,
        address: await messenger.listen(address),
        incoming,
        ignoreCalls: () => void messenger.off('call', onCall),
      }
    },
    async proxyTo({ address }) {
      const listen = `memory://proxy-${++proxies}`
      const proxy = await createFaultyProxy({ listen, target: address, transport: network.streams, clock })
      onTestFinished(() => proxy.close())
      return proxy
    },
    async pass(ms) {
      await turns()
      for (let leftMs = ms; leftMs > 0; leftMs -= STEP_MS) {
        clock.advance(Math.min(STEP_MS, leftMs))
        await turns()
      }
    },
  }
}

const STEP_MS = 100
/** From a frame written to its answer handled, through a proxy: each hop takes a turn of the event loop. */
const TURNS = 12

async function turns(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Until this is true of what happens by itself; no time passes. */
export async function until(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000; turn++) {
    if (isTrue()) return
    await new Promise((resolve) => setImmediate(resolve))
  }
  throw new Error(`never: ${isTrue.toString()}`)
}

/** Whether the promise has settled, without waiting for it. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending')
  return (await Promise.race([promise, Promise.resolve(pending)])) === pending
}

/** Ann has called Ben, who has not answered. */
export async function ringing(world: CallWorld, { through = false }: { through?: boolean } = {}) {
  const [ann, ben] = [await world.person(), await world.person()]
  const proxy = through ? await world.proxyTo(ben) : undefined
  ann.messenger.addAddress(ben.key, proxy?.address ?? ben.address)
  const outgoing = await ann.messenger.call(ben.key)
  await until(() => ben.incoming.length === 1)
  const [incoming] = ben.incoming
  if (incoming === undefined) throw new Error('no call came')
  return { ann, ben, proxy, outgoing, incoming }
}

/** The same, and they talk. */
export async function talking(world: CallWorld, options: { through?: boolean } = {}) {
  const call = await ringing(world, options)
  call.incoming.accept()
  await call.outgoing.answered
  return call
}

/** The next packet that comes in. */
export async function nextPacket(call: Call): Promise<Uint8Array | undefined> {
  const { value } = await call.packets().next()
  return value ?? undefined
}

/** Sound passes in both directions. */
export async function exchange(one: Call, other: Call): Promise<boolean> {
  const packet = Uint8Array.of(1, 2, 3)
  if (!one.send(packet) || !other.send(packet)) return false
  const got = await Promise.all([nextPacket(other), nextPacket(one)])
  return got.every((bytes) => bytes?.join() === '1,2,3')
}
