import { toHex } from '@mimirjs/wire'
import { mutate } from './mutate.js'
import { Random } from './random.js'
import type { FuzzTarget } from './target.js'

/** A case that broke an invariant; `input` and `seed` reproduce it. */
export interface Failure {
  readonly target: string
  readonly seed: number
  readonly input: string
  readonly reason: string
}

/** Nothing here needs a fraction of this for inputs of a few hundred bytes. */
const SLOW_MS = 1_000
/** What buffers may pile up over a batch; garbage of the inputs themselves is far below it. */
const PILE_BYTES = 256 * 1024 * 1024

export interface Hooks {
  readonly nowMs: () => number
  /** Told before each case, so that somebody else can tell what hangs. */
  readonly before?: (target: FuzzTarget, input: Uint8Array) => void
}

/** Run `cases` cases of one target from `seed` on. The same seed gives the same cases. */
export function fuzz(target: FuzzTarget, seed: number, cases: number, hooks: Hooks): Failure | undefined {
  const heldBytes = process.memoryUsage().arrayBuffers
  for (let index = 0; index < cases; index++) {
    const caseSeed = (seed + index) | 0
    const random = new Random(caseSeed)
    const input = mutate(target.seeds, random)
    const reason = feed(target, input, random, hooks)
    if (reason !== undefined) return { target: target.name, seed: caseSeed, input: toHex(input), reason }
  }
  const pileBytes = process.memoryUsage().arrayBuffers - heldBytes
  if (pileBytes <= PILE_BYTES) return undefined
  return { target: target.name, seed, input: '', reason: `${pileBytes} bytes of buffers after ${cases} cases` }
}

function feed(target: FuzzTarget, input: Uint8Array, random: Random, hooks: Hooks): string | undefined {
  hooks.before?.(target, input)
  const startMs = hooks.nowMs()
  try {
    target.feed(input.slice(), random)
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  }
  const tookMs = hooks.nowMs() - startMs
  return tookMs <= SLOW_MS ? undefined : `took ${Math.round(tookMs)} ms`
}
