import { createSigner, generateSeed } from '@mimirjs/crypto'
import { createMulticastMemory, type MulticastMemory, type MulticastMemoryOptions } from '@mimirjs/multicast/testing'
import { Transports } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { expect, vi } from 'vitest'
import { createMemoryStore, Messenger, type MessengerOptions, type MulticastOptions } from '../../src/index.js'
import { open } from './world.js'

export const WAIT = { timeout: 15_000, interval: 5 }

/** Somebody, and what is left of them when their messenger is closed. */
export interface Neighbour {
  readonly messenger: Messenger
  readonly parts: Pick<MessengerOptions, 'signer' | 'store'>
}

/** A local network in memory; whoever is on it has no other way to anybody, but for a memory network of streams. */
export class Neighbourhood {
  readonly link: MulticastMemory
  readonly far = createMemoryNetwork()

  constructor(options: MulticastMemoryOptions = {}) {
    this.link = createMulticastMemory(options)
  }

  /** Give the same parts again, with a store that stayed open, and it is the same person after a restart. */
  async person(options: MessengerOptions = {}, multicast: MulticastOptions = {}): Promise<Neighbour> {
    const parts = {
      signer: options.signer ?? createSigner(generateSeed()),
      store: options.store ?? createMemoryStore(),
    }
    const messenger = await Messenger.open('unused', {
      retry: { minMs: 50, maxMs: 500 },
      transports: new Transports([this.far.streams]),
      multicast: { network: this.link.network(), ...multicast },
      ...options,
      ...parts,
    })
    open.push(messenger)
    return { messenger, parts }
  }
}

/** Each of them knows that all the others are there. */
export async function meet(...all: readonly Messenger[]): Promise<void> {
  await vi.waitFor(() => {
    for (const one of all) {
      const others = all.filter((other) => other !== one).map(({ publicKey }) => publicKey)
      expect(one.nearby().map(({ peer }) => peer)).toEqual(expect.arrayContaining(others))
    }
  }, WAIT)
}
