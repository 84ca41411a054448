import type { Random } from './random.js'

/** `bytes` in pieces of chance length, mostly of a few bytes: how a stream may come. */
export function* cut(bytes: Uint8Array, random: Random): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + random.below(random.below(4) === 0 ? 200 : 8)
    yield bytes.subarray(at, end)
    at = end
  }
}
