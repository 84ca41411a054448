import type { Clock } from '@mimirjs/transport'

export interface ReunionsContext {
  readonly clock: Clock
  /** 0 ≤ x < 1. */
  random(this: void): number
  /** Keys of our contacts, 64 hex digits. */
  contacts(this: void): readonly string[]
  isConnected(this: void, peer: string): boolean
  /** Resolves or rejects when it is decided whether they were there. */
  meet(this: void, peer: string): Promise<void>
}

/**
 * Who is there meets without having anything to say: contacts are looked for when we have come, or come back, and whoever was
 * lost is looked for once more. Absent ones are not asked again and again: they look for us when they come.
 */
export class Reunions {
  readonly #context: ReunionsContext
  #waiting: string[] = []
  #underWay = 0
  /** Those who were lost: ends the wait before they are looked for. */
  readonly #lost = new Map<string, () => void>()
  #isOver = false

  constructor(context: ReunionsContext) {
    this.#context = context
  }

  /** Servers carry our words now: look for everybody who is not connected, a few at a time. */
  begin(): void {
    const { contacts, isConnected } = this.#context
    this.#waiting = contacts()
      .filter((peer) => !isConnected(peer))
      .slice(0, MAX_SOUGHT)
    this.#goOn()
  }

  /** A direct connection with this contact ended. Both sides notice at the same moment: not both should knock at once. */
  lost(peer: string): void {
    if (this.#isOver || this.#lost.has(peer) || this.#lost.size >= MAX_SOUGHT) return
    const { clock, random } = this.#context
    const look = (): void => {
      this.#lost.delete(peer)
      if (!this.#waiting.includes(peer)) this.#waiting.push(peer)
      this.#goOn()
    }
    this.#lost.set(peer, clock.schedule(look, SPREAD_MS * random()))
  }

  close(): void {
    this.#isOver = true
    this.#waiting = []
    for (const cancel of this.#lost.values()) cancel()
    this.#lost.clear()
  }

  #goOn(): void {
    while (!this.#isOver && this.#underWay < AT_ONCE) {
      const peer = this.#waiting.shift()
      if (peer === undefined) return
      if (!this.#context.isConnected(peer)) void this.#look(peer)
    }
  }

  async #look(peer: string): Promise<void> {
    this.#underWay += 1
    // Whether they were there the program hears from the connection.
    await this.#context.meet(peer).catch(() => {})
    this.#underWay -= 1
    this.#goOn()
  }
}

/** Contacts that are looked for in a round: as many as a node has links. Source: rendezvous protocol B16. */
const MAX_SOUGHT = 64
/** Half of the attempts a node makes: messages have the others. Source: rendezvous protocol B16. */
const AT_ONCE = 8
/** The first attempt of an automatic reconnect comes within this time. Source: rendezvous protocol B9.3. */
const SPREAD_MS = 2_000
