import { median } from './median.js'

/** Medians by contender name. */
export type Medians<Name extends string> = Readonly<Record<Name, number>>

/**
 * Measure every contender once per round, in an order that starts one place later each round, so that no contender
 * always follows the same other one and slow drifts of the machine hit all of them alike.
 */
export async function interleave<Name extends string, Sample>(
  contenders: readonly Name[],
  rounds: number,
  measure: (name: Name, round: number) => Sample | Promise<Sample>,
): Promise<Record<Name, Sample[]>> {
  const samples = Object.fromEntries(contenders.map((name) => [name, [] as Sample[]])) as Record<Name, Sample[]>
  for (let round = 0; round < rounds; round++) {
    for (let place = 0; place < contenders.length; place++) {
      const name = contenders[(place + round) % contenders.length]!
      samples[name].push(await measure(name, round))
    }
  }
  return samples
}

/** {@link interleave} for one number per contender. */
export async function interleaveMedians<Name extends string>(
  contenders: readonly Name[],
  rounds: number,
  measure: (name: Name, round: number) => number | Promise<number>,
): Promise<Medians<Name>> {
  return mediansOf(await interleave(contenders, rounds, measure), (sample) => sample)
}

export function mediansOf<Name extends string, Sample>(
  samples: Record<Name, Sample[]>,
  pick: (sample: Sample) => number,
): Medians<Name> {
  const names = Object.keys(samples) as Name[]
  return Object.fromEntries(names.map((name) => [name, median(samples[name].map(pick))])) as Record<Name, number>
}
