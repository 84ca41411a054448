import { createSigner, type SeedSigner } from '@mimirjs/crypto'

/** Somebody with a key. @param seed - the byte that fills the seed */
export function someone(seed: number): SeedSigner {
  return createSigner(new Uint8Array(32).fill(seed))
}

/** As many as are wanted. */
export function oneOfMany(number: number): SeedSigner {
  const seed = new Uint8Array(32)
  new DataView(seed.buffer).setUint32(0, number + 1)
  return createSigner(seed)
}

/** The parties of the vectors: b has the smallest key, then a, then c. */
export const a: SeedSigner = someone(1)
export const b: SeedSigner = someone(2)
export const c: SeedSigner = someone(3)
