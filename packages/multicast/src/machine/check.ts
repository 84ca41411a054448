import type { Verdict } from '../counters.js'
import type { Core } from './core.js'

/** One question to a packet: the verdict that ends it, or `undefined` to go on. */
export type Check<P> = (core: Core, packet: P) => Verdict | undefined

/** The verdict of the first check that has one. */
export function firstVerdict<P>(checks: readonly Check<P>[], core: Core, packet: P): Verdict | undefined {
  for (const check of checks) {
    const verdict = check(core, packet)
    if (verdict !== undefined) return verdict
  }
  return undefined
}
