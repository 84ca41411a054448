import { type Bus, createLocalBus } from '../../src/bus.js'

/** How often, from 0 to 1, a bus loses, doubles and delays what it carries; it hands over its own to itself, too. */
export interface Faults {
  readonly lose: number
  readonly double: number
  readonly delay: number
}

/** One end of a bus for each process; chance comes from `random`, delays last until {@link FaultyBus.deliver}. */
export class FaultyBus {
  readonly #bus = createLocalBus()
  readonly #random: () => number
  readonly #faults: Faults
  #delayed: (() => void)[] = []
  lost = 0

  constructor(random: () => number, faults: Faults) {
    this.#random = random
    this.#faults = faults
  }

  end(): Bus {
    const bus = this.#bus
    return {
      local: false,
      publish: (subject, bytes) => this.#publish(subject, bytes),
      subscribe: (subject, handler) => bus.subscribe(subject, handler),
      close: async () => {},
    }
  }

  /** Let go of what was delayed, the last first. */
  deliver(): void {
    const delayed = this.#delayed.reverse()
    this.#delayed = []
    for (const send of delayed) send()
  }

  /** Hand over as it is, whatever the faults. */
  carry(subject: string, bytes: Uint8Array): void {
    this.#bus.publish(subject, bytes)
  }

  #publish(subject: string, bytes: Uint8Array): void {
    const { lose, double, delay } = this.#faults
    if (this.#random() < lose) {
      this.lost++
      return
    }
    const copies = this.#random() < double ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      const send = (): void => this.#bus.publish(subject, bytes)
      if (this.#random() < delay) this.#delayed.push(send)
      else send()
    }
  }
}
