import { randomBytes } from '@mimirjs/crypto'
import { createRandom } from '@mimirjs/transport/testing'

/** What `randomBytes` asks of the runtime. */
type Fill = (target: Uint8Array) => unknown

/** More calls than it takes to empty what was fetched before. */
const MOST_CALLS = 1_000

/**
 * Make everything that asks the system for random bytes follow from a seed: the same seed gives the same run.
 * @returns what puts the system's own chance back
 */
export function seedChance(seed: number): () => void {
  const random = createRandom(seed)
  const source = globalThis.crypto as { getRandomValues?: Fill }
  let calls = 0
  source.getRandomValues = (target) => {
    calls += 1
    target.set(random.bytes(target.length))
    return target
  }
  // Bytes are fetched in advance: use up what is left of those from before.
  for (let left = MOST_CALLS; calls === 0 && left > 0; left--) randomBytes(64)
  if (calls === 0) throw new Error('random bytes do not come from globalThis.crypto any more')
  return () => delete source.getRandomValues
}
