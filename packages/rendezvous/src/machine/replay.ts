import type { Verdict } from '../counters.js'
import type { MachineLimits } from '../limits.js'
import type { RendezvousState } from './types.js'

/** How far behind the highest counter something may be and still be told from a replay (rendezvous protocol B7). */
const WINDOW = 128
const ALL_SEEN: bigint = (1n << BigInt(WINDOW)) - 1n

/** What was had from one sender: his epoch, his highest counter, and which of the 128 up to it. */
export class ReplayWindow {
  epoch: number
  highest: number
  /** Bit n: `highest - n` was had. */
  #seen: bigint

  /** @param isRestored - whether all up to `highest` counts as seen, because it is not known */
  constructor(epoch: number, highest: number, isRestored: boolean) {
    this.epoch = epoch
    this.highest = highest
    this.#seen = isRestored ? ALL_SEEN : 1n
  }

  /** Check 13 of rendezvous protocol B7. */
  check(epoch: number, ctr: number): Verdict | undefined {
    if (epoch !== this.epoch) return epoch < this.epoch ? 'stale-epoch' : undefined
    if (ctr > this.highest) return undefined
    const behind = this.highest - ctr
    if (behind >= WINDOW) return 'old'
    return (this.#seen >> BigInt(behind)) & 1n ? 'replay' : undefined
  }

  /** Step 15, for what {@link check} let pass. */
  mark(epoch: number, ctr: number): void {
    if (epoch > this.epoch) {
      this.epoch = epoch
      this.highest = ctr
      this.#seen = 1n
    } else if (ctr > this.highest) {
      const ahead = ctr - this.highest
      this.#seen = ahead >= WINDOW ? 1n : ((this.#seen << BigInt(ahead)) & ALL_SEEN) | 1n
      this.highest = ctr
    } else {
      this.#seen |= 1n << BigInt(this.highest - ctr)
    }
  }

  /** Count what was marked as not had after all: its repeat is taken. */
  unmark(epoch: number, ctr: number): void {
    const behind = this.highest - ctr
    if (epoch === this.epoch && behind >= 0 && behind < WINDOW) this.#seen &= ~(1n << BigInt(behind))
  }
}

/**
 * The windows of all senders. Those of contacts survive a restart; the others are as many as the limit says, and whoever
 * was heard longest ago goes first.
 */
export class ReplayTable {
  readonly #limits: MachineLimits
  readonly #isInUse: (name: string) => boolean
  /** Who was heard last stands last, in both. */
  readonly #contacts = new Map<string, ReplayWindow>()
  readonly #others = new Map<string, ReplayWindow>()

  /** @param isInUse - somebody with whom there is an attempt or a link is not forgotten */
  constructor(limits: MachineLimits, isInUse: (name: string) => boolean, stored: RendezvousState['contacts'] = []) {
    this.#limits = limits
    this.#isInUse = isInUse
    for (const [name, epoch, ctr] of stored.slice(-limits.contacts))
      this.#contacts.set(name, new ReplayWindow(epoch, ctr, true))
  }

  get size(): number {
    return this.#contacts.size + this.#others.size
  }

  check(name: string, epoch: number, ctr: number): Verdict | undefined {
    return (this.#contacts.get(name) ?? this.#others.get(name))?.check(epoch, ctr)
  }

  /** @returns whether something changed that has to survive */
  mark(name: string, epoch: number, ctr: number, isContact: boolean): boolean {
    const known = this.#contacts.get(name) ?? this.#others.get(name)
    const [epochBefore, highestBefore] = [known?.epoch, known?.highest]
    known?.mark(epoch, ctr)
    const window = known ?? new ReplayWindow(epoch, ctr, false)
    const wasContact = this.#contacts.delete(name)
    this.#others.delete(name)
    if (isContact) makeRoom(this.#contacts, this.#limits.contacts, this.#isInUse)
    else makeRoom(this.#others, this.#limits.senders, this.#isInUse)
    const table = isContact ? this.#contacts : this.#others
    table.set(name, window)
    return wasContact !== isContact || (isContact && (window.epoch !== epochBefore || window.highest !== highestBefore))
  }

  unmark(name: string, epoch: number, ctr: number): void {
    ;(this.#contacts.get(name) ?? this.#others.get(name))?.unmark(epoch, ctr)
  }

  contacts(): RendezvousState['contacts'] {
    return [...this.#contacts].map(([name, { epoch, highest }]) => [name, epoch, highest] as const)
  }
}

/** Those in use are few: attempts and links have limits of their own. */
function makeRoom(table: Map<string, unknown>, size: number, isInUse: (name: string) => boolean): void {
  if (table.size < size) return
  for (const name of table.keys()) {
    if (isInUse(name)) continue
    table.delete(name)
    return
  }
}
