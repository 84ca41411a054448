import type { Self } from './model/state.js'

/** What the line about ourselves says: how others reach us, or, as long as our clock is wrong, that. */
export class ReachLine {
  readonly #say: (reach: Self['reach']) => void
  #reach: Self['reach']
  #wrongClock: Self['reach'] | undefined

  /** @param reach - what it says already */
  constructor(reach: Self['reach'], say: (reach: Self['reach']) => void) {
    this.#reach = reach
    this.#say = say
  }

  reached(reach: Self['reach']): void {
    this.#reach = reach
    this.#say(this.#wrongClock ?? reach)
  }

  /** @param problem - with our clock; `undefined` when it is right again */
  clock(problem: string | undefined): void {
    this.#wrongClock = problem === undefined ? undefined : { ok: false, text: problem }
    this.#say(this.#wrongClock ?? this.#reach)
  }
}
