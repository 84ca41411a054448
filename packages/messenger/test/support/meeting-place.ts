// People who meet through real rendezvous servers on loopback, over real WebRTC.
import { createSigner, generateSeed } from '@mimirjs/crypto'
import { RendezvousServer } from '@mimirjs/rendezvous/server'
import { Transports } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { expect, onTestFinished, vi } from 'vitest'
import { createMemoryStore, Messenger, type MessengerOptions, type RendezvousOptions } from '../../src/index.js'
import { open } from './world.js'

export const WAIT = { timeout: 20_000, interval: 10 }

/** Somebody, and what is left of them when their messenger is closed. */
export interface Guest {
  readonly messenger: Messenger
  readonly parts: Pick<MessengerOptions, 'signer' | 'store'>
}

/** Servers, and people who have no other way to anybody, but for a memory network of streams. */
export class MeetingPlace {
  readonly servers: RendezvousServer[] = []
  readonly far = createMemoryNetwork()

  static async open(count = 1): Promise<MeetingPlace> {
    const place = new MeetingPlace()
    for (let at = 0; at < count; at++) await place.serve()
    return place
  }

  get urls(): string[] {
    return this.servers.map(({ address }) => address)
  }

  async serve(listen = 'ws://127.0.0.1:0'): Promise<RendezvousServer> {
    const server = await RendezvousServer.open({ listen })
    onTestFinished(() => server.close({ graceMs: 0 }))
    this.servers.push(server)
    return server
  }

  /** Give the same parts again, with a store that stayed open, and it is the same person after a restart. */
  async person(options: MessengerOptions = {}, rendezvous: Partial<RendezvousOptions> = {}): Promise<Guest> {
    const parts = {
      signer: options.signer ?? createSigner(generateSeed()),
      store: options.store ?? createMemoryStore(),
    }
    const messenger = await Messenger.open('unused', {
      retry: { minMs: 50, maxMs: 500 },
      transports: new Transports([this.far.streams]),
      ...options,
      ...parts,
      rendezvous: { servers: this.urls, ...rendezvous },
    })
    open.push(messenger)
    return { messenger, parts }
  }
}

/** Each of them is logged in somewhere. */
export async function present(...all: readonly Messenger[]): Promise<void> {
  await vi.waitFor(async () => {
    for (const one of all) {
      const { rendezvous } = await one.health()
      expect(rendezvous?.servers.some(({ state }) => state === 'ready')).toBe(true)
    }
  }, WAIT)
}

/** By which addresses connections were made. */
export function waysOf(messenger: Messenger): string[] {
  const ways: string[] = []
  messenger.on('state', (state) => state.state === 'up' && ways.push(state.address))
  return ways
}
