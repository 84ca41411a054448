import { randomBytes } from '@mimirjs/crypto'

/** 0 ≤ x < 1. */
export function random(): number {
  return new DataView(randomBytes(4).buffer).getUint32(0) / 2 ** 32
}
