import type { Party } from './party.js'

export const START_MS = 1_750_000_000_000

/** Time, and what is on its way. Nothing happens by itself: a test lets it. */
export class World {
  nowMs: number = START_MS
  readonly #events: (() => void)[] = []
  readonly parties: Party[] = []
  /** Peer connections by the user name of their ICE. */
  readonly connections: Map<string, Connection> = new Map()

  /** Something happens, after all that is on its way. */
  later(event: () => void): void {
    this.#events.push(event)
  }

  /** Let everything happen that is on its way, and what comes of it. */
  settle(): void {
    for (let count = 0; ; count++) {
      const event = this.#events.shift()
      if (event === undefined) return
      if (count > 100_000) throw new Error('they never stop')
      event()
    }
  }

  /** Let time pass, waking whoever wants to be. */
  wait(forMs: number): void {
    this.settle()
    const endMs = this.nowMs + forMs
    for (let nextMs = this.#nextMs(); nextMs <= endMs; nextMs = this.#nextMs()) {
      this.nowMs = Math.max(this.nowMs, nextMs)
      for (const { machine } of this.parties) {
        if (machine.nextDeadlineMs > this.nowMs) continue
        machine.tick(this.nowMs)
        if (machine.nextDeadlineMs <= this.nowMs) throw new Error('a machine wants to be woken in the past')
      }
      this.settle()
    }
    this.nowMs = endMs
  }

  #nextMs(): number {
    return Math.min(...this.parties.map(({ machine }) => machine.nextDeadlineMs))
  }
}

/** One end of a WebRTC connection. */
export interface Connection {
  readonly party: Party
  readonly number: number
  /** Of its certificate. */
  readonly fp: string
  ufrag: string
  /** What the applied description of the other side says. */
  remoteUfrag: string | undefined
  remoteFp: string | undefined
  isOpen: boolean
  isClosed: boolean
}
