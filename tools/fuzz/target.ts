import type { Random } from './random.js'

/** Something that eats bytes of strangers. Whoever adds a decoder or a machine adds a row to `targets.ts`. */
export interface FuzzTarget {
  readonly name: string
  /** Well-formed inputs to start from. */
  readonly seeds: readonly Uint8Array[]
  /**
   * Feed one input. Returns when all is well, which includes that the input was refused the way it should be; throws
   * anything when an invariant is broken. It must not depend on anything but its arguments.
   * @param random - for choices that are part of the case, such as where a stream is cut
   */
  readonly feed: (input: Uint8Array, random: Random) => void
}

/** An invariant that does not hold. */
export class Broken extends Error {
  override readonly name = 'Broken'
}
