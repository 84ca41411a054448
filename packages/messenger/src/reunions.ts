import type { Clock } from '@mimirjs/transport'
import { isMessengerError } from './error.js'

export interface ReunionsContext {
  readonly clock: Clock
  /** 0 ≤ x < 1. */
  random(this: void): number
  /** Keys of our contacts, 64 hex digits. */
  contacts(this: void): readonly string[]
  /** Whether this is a contact who is not connected. */
  isMissing(this: void, peer: string): boolean
  /** Whether a server carries our words. */
  isOnline(this: void): boolean
  /** Resolves or rejects when it is decided whether they were there. */
  meet(this: void, peer: string): Promise<void>
}

/**
 * Who is there meets without having anything to say. Contacts are looked for whenever a server comes to carry our words.
 * Whoever was there, and is not connected, is looked for again and again, with pauses that grow: the path between us may be
 * gone for longer than an attempt takes. Others are not: they look for us when they come, and whoever does not know us would
 * be asked about us each time.
 */
export class Reunions {
  readonly #context: ReunionsContext
  /** To be looked for next. */
  #waiting = new Set<string>()
  readonly #underWay = new Set<string>()
  /** Those who were there. */
  readonly #lost = new Map<string, Lost>()
  #isOver = false

  constructor(context: ReunionsContext) {
    this.#context = context
  }

  /** One more server carries our words: look for everybody who is not connected, a few at a time. */
  begin(): void {
    const missing = this.#context.contacts().filter((peer) => this.#context.isMissing(peer))
    const sought = [...new Set([...this.#lost.keys(), ...missing])].filter((peer) => !this.#underWay.has(peer))
    this.#waiting = new Set(sought.slice(0, MAX_SOUGHT))
    this.#goOn()
  }

  /** A direct connection with this contact ended. Both sides notice at the same moment: not both should knock at once. */
  lost(peer: string): void {
    if (!this.#lost.has(peer)) this.#lookLater(peer)
  }

  /** There is a connection with them, or they are not wanted any more. */
  settled(peer: string): void {
    this.#lost.get(peer)?.cancel()
    this.#lost.delete(peer)
  }

  close(): void {
    this.#isOver = true
    this.#waiting.clear()
    for (const peer of this.#lost.keys()) this.settled(peer)
  }

  #goOn(): void {
    for (const peer of this.#waiting) {
      if (this.#isOver || this.#underWay.size >= AT_ONCE) return
      this.#waiting.delete(peer)
      if (this.#context.isMissing(peer)) void this.#look(peer)
      else this.settled(peer)
    }
  }

  async #look(peer: string): Promise<void> {
    this.#underWay.add(peer)
    // Whether they were there the program hears from the connection.
    const answered = await this.#context.meet(peer).then(() => false, wasThere)
    this.#underWay.delete(peer)
    if (answered || this.#lost.has(peer)) this.#lookLater(peer)
    this.#goOn()
  }

  #lookLater(peer: string): void {
    const before = this.#lost.get(peer)
    before?.cancel()
    const attempt = (before?.attempt ?? 0) + 1
    if (this.#isOver || (attempt === 1 && this.#lost.size >= MAX_SOUGHT)) return
    const { clock, random, isOnline } = this.#context
    const look = (): void => {
      // Without a server nobody hears us: with the next one everybody is looked for.
      if (!isOnline() || this.#underWay.has(peer)) return
      this.#waiting.add(peer)
      this.#goOn()
    }
    const cancel = clock.schedule(look, Math.min(MAX_PAUSE_MS, 2 ** attempt * 1_000) * random())
    this.#lost.set(peer, { attempt, cancel })
  }
}

/** Somebody who was there, and is not connected. */
interface Lost {
  /** Which attempt is the next, or under way. */
  readonly attempt: number
  /** Ends the pause before it. */
  cancel(): void
}

/** Whether somebody answered, and yet there is no connection. Who said no is left alone. */
function wasThere(failure: unknown): boolean {
  if (isMessengerError(failure)) return false
  return !(failure instanceof Error && 'code' in failure && UNHEARD.has(failure.code))
}

/** Nobody answered, or there was no room to ask them. */
const UNHEARD: ReadonlySet<unknown> = new Set(['no-answer', 'limit'])
/** Contacts that are looked for in a round: as many as a node has links. Source: rendezvous protocol B16. */
const MAX_SOUGHT = 64
/**
 * Half of the attempts a node makes: messages have the others (rendezvous protocol B16). As each says its knock every 5 s,
 * it also keeps us below 2 envelopes a second at each server, which takes 10 (B8).
 */
const AT_ONCE = 8
/** Attempt k comes within min(this, 2^k s). Source: rendezvous protocol B9.3. */
const MAX_PAUSE_MS = 300_000
