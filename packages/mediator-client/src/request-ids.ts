import { RESERVED_REQUEST_IDS } from '@mimirjs/wire/mediator'

const RESERVED: ReadonlySet<number> = new Set(RESERVED_REQUEST_IDS)
const ALL_IDS = 0x1_0000

/**
 * Ids for requests, counted up. Never one that stands for something else, or that is still taken: a late answer must not
 * pass for that of another request. Source: mediator protocol §3.3.
 */
export class RequestIds {
  readonly #taken = new Set<number>()
  #last = 0

  /** `undefined` when all are taken. */
  take(): number | undefined {
    if (this.#taken.size + RESERVED.size >= ALL_IDS) return undefined
    do this.#last = (this.#last + 1) % ALL_IDS
    while (RESERVED.has(this.#last) || this.#taken.has(this.#last))
    this.#taken.add(this.#last)
    return this.#last
  }

  release(id: number): void {
    this.#taken.delete(id)
  }
}
