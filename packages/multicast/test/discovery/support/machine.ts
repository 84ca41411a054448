import { createSigner } from '@mimirjs/crypto'
import { createRandom } from '@mimirjs/transport/testing'
import { toHex } from '@mimirjs/wire'
import type { DiscoveryLimits } from '../../../src/discovery/limits.js'
import { DiscoveryMachine } from '../../../src/discovery/machine.js'
import type { Person } from '../../../src/discovery/types.js'

export const own = createSigner(new Uint8Array(32).fill(7))

export interface MachineSetUp {
  readonly limits?: Partial<DiscoveryLimits>
  readonly family?: 4 | 6
  /** Public keys, 64 hex digits. */
  readonly preferred?: ReadonlySet<string>
  readonly seed?: number
}

/** A machine, what it did and when; time goes from deadline to deadline. */
export function setUp({ limits, family = 4, preferred = new Set(), seed = 1 }: MachineSetUp = {}) {
  const random = createRandom(seed)
  const saidMs: number[] = []
  const events: [name: 'found' | 'changed' | 'lost', peer: string, address: string][] = []
  const time = { nowMs: 0 }
  const note =
    (name: 'found' | 'changed' | 'lost') =>
    ({ publicKey, address }: Person): void =>
      void events.push([name, toHex(publicKey), address])
  const machine = new DiscoveryMachine(
    {
      announce: () => void saidMs.push(time.nowMs),
      random: () => random.next(),
      isPreferred: (peer) => preferred.has(peer),
      found: note('found'),
      changed: note('changed'),
      lost: note('lost'),
    },
    { publicKey: own.publicKey, family, limits },
  )
  return {
    machine,
    saidMs,
    events,
    get nowMs() {
      return time.nowMs
    },
    hear: (bytes: Uint8Array, source = '127.0.0.9') => machine.receive(bytes, source, time.nowMs),
    announce: () => machine.announce(time.nowMs),
    /** Let time pass, each deadline at its time. */
    pass(ms: number): void {
      const untilMs = time.nowMs + ms
      for (let dueMs = machine.deadlineMs; dueMs <= untilMs; dueMs = machine.deadlineMs) {
        time.nowMs = Math.max(time.nowMs, dueMs)
        machine.advance(time.nowMs)
      }
      time.nowMs = untilMs
    },
    /** The machine sleeps: nothing happens meanwhile. */
    sleep(ms: number): void {
      time.nowMs += ms
      machine.advance(time.nowMs)
    },
  }
}
