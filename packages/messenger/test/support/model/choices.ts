import { createRandom, type Random } from '@mimirjs/transport/testing'

/** The choices of a run. */
export class Choices {
  readonly random: Random

  constructor(seed: number) {
    this.random = createRandom(seed)
  }

  chance(probability: number): boolean {
    return this.random.chance(probability)
  }

  /** From `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.random.integer(high - low + 1)
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.random.integer(items.length)]
    if (item === undefined) throw new RangeError('nothing to choose from')
    return item
  }

  /** One of the names, each as likely as its weight. */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const entries = Object.entries(weights) as [Name, number][]
    let left = this.random.next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [name, weight] of entries) {
      left -= weight
      if (left < 0) return name
    }
    return entries[0]![0]
  }
}
