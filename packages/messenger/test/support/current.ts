import { Transports } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { createClock } from '@mimirjs/transport/testing'
import { expect, vi } from 'vitest'
import type { HistoryEntry, Messenger, MessengerEvents, MessengerOptions } from '../../src/index.js'
import { createWorld } from './world.js'

/** People of the current generation on a network in memory, and a clock that is turned by hand. */
export function createCurrentWorld() {
  const clock = createClock(1_700_000_000_000)
  const network = createMemoryNetwork()
  const world = createWorld()
  return {
    clock,
    /** Opened, and listening. */
    async person(options: MessengerOptions = {}) {
      const transports = new Transports([network.streams])
      const { messenger, address, parts } = await world.person({ clock, generation: 'current', transports, ...options })
      await messenger.listen(address)
      return { messenger, address, parts, key: messenger.publicKey }
    },
    /** Let so much time pass, in steps that leave room for questions and answers. */
    async pass(ms: number): Promise<void> {
      const untilMs = clock.nowMs() + ms
      while (clock.nowMs() < untilMs) {
        await settle()
        clock.advance(Math.min(1_000, untilMs - clock.nowMs()))
      }
      await settle()
    },
  }
}

/** A few turns of the event loop: what is under way in memory gets through. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

export type CurrentPerson = Awaited<ReturnType<ReturnType<typeof createCurrentWorld>['person']>>

/** What this person was told by an event so far. */
export function listenTo<Name extends keyof MessengerEvents>(
  messenger: Messenger,
  name: Name,
): MessengerEvents[Name][] {
  const told: MessengerEvents[Name][] = []
  messenger.on(name, (event: MessengerEvents[Name]) => void told.push(event))
  return told
}

/** Let the first know where the second is. */
export function introduce(one: CurrentPerson, other: CurrentPerson): void {
  one.messenger.addAddress(other.key, other.address)
}

/** The history between the two as `one` has it, oldest first, once it is so long. */
export async function historyOf(one: CurrentPerson, other: CurrentPerson, length: number): Promise<HistoryEntry[]> {
  return vi.waitFor(async () => {
    const entries = await one.messenger.history(other.key)
    expect(entries).toHaveLength(length)
    return entries.reverse()
  })
}
