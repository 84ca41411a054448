import type { Remote } from './remote.js'

/** Nodes by how many connections came from each: who has most is known at any time, without looking for it. */
export class Ranking {
  /** At `n`: those that have `n`. */
  readonly #ranks: Set<Remote>[] = []

  /** The one with most, `undefined` when nobody has any. */
  get first(): Remote | undefined {
    return this.#ranks.at(-1)?.values().next().value
  }

  /** One more, or one less, came from there. */
  change(remote: Remote, by: 1 | -1): void {
    this.#ranks[remote.incoming]?.delete(remote)
    remote.incoming += by
    if (remote.incoming > 0) {
      const rank = (this.#ranks[remote.incoming] ??= new Set())
      rank.add(remote)
    } else {
      this.#ranks[0] ??= new Set()
    }
    while (this.#ranks.length > 0 && this.#ranks.at(-1)?.size === 0) this.#ranks.pop()
  }
}
