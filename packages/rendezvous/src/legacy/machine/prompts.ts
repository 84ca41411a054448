import type { LegacyLimits } from '../limits.js'
import type { LegacyOwnSignal, LegacyPerson, LegacyPrompt } from '../types.js'

const HOUR_MS = 3_600_000

export interface Prompt extends LegacyPrompt {
  /** Their newest offer, which is answered if the user agrees in time. */
  signal: LegacyOwnSignal
  signalAtMs: number
}

/** People who are not known and want to connect, until the user has said something. rendezvous protocol B9.2 */
export class Prompts {
  readonly #limits: LegacyLimits
  readonly #open = new Map<string, Prompt>()
  /** When people were asked about; the oldest person first. */
  readonly #asked = new Map<string, readonly number[]>()

  constructor(limits: LegacyLimits) {
    this.#limits = limits
  }

  get all(): readonly Prompt[] {
    return [...this.#open.values()]
  }

  get nextDeadlineMs(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.all.map(({ expiresMs }) => expiresMs))
  }

  find(pem: string): Prompt | undefined {
    return this.#open.get(pem)
  }

  /** @returns the question, when it is a new one to be asked; `undefined` where it is not to be asked */
  ask(person: LegacyPerson, signal: LegacyOwnSignal, nowMs: number): 'asked before' | Prompt | undefined {
    const open = this.#open.get(person.pem)
    if (open !== undefined) {
      open.signal = signal
      open.signalAtMs = nowMs
      return 'asked before'
    }
    const asked = (this.#asked.get(person.pem) ?? []).filter((atMs) => nowMs - atMs < HOUR_MS)
    const isTooSoon = asked.some((atMs) => nowMs - atMs < this.#limits.promptPauseMs)
    if (isTooSoon || asked.length >= this.#limits.promptsPerHour || this.#open.size >= this.#limits.prompts)
      return undefined
    this.#remember(person.pem, [...asked, nowMs])
    const prompt: Prompt = { person, expiresMs: nowMs + this.#limits.promptMs, signal, signalAtMs: nowMs }
    this.#open.set(person.pem, prompt)
    return prompt
  }

  /** Takes it away. */
  take(pem: string): Prompt | undefined {
    const prompt = this.#open.get(pem)
    this.#open.delete(pem)
    return prompt
  }

  /** Takes away those that nobody answered. */
  takeExpired(nowMs: number): readonly Prompt[] {
    const expired = this.all.filter(({ expiresMs }) => expiresMs <= nowMs)
    for (const { person } of expired) this.#open.delete(person.pem)
    return expired
  }

  #remember(pem: string, atMs: readonly number[]): void {
    this.#asked.delete(pem)
    this.#asked.set(pem, atMs)
    for (const oldest of this.#asked.keys()) {
      if (this.#asked.size <= this.#limits.promptedPeople) break
      this.#asked.delete(oldest)
    }
  }
}
