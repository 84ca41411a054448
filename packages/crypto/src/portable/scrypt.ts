import { scryptAsync } from '@noble/hashes/scrypt.js'

/** What guessing costs: see RFC 7914 §2. */
export interface ScryptCost {
  /** Power of two. Memory is 128 · N · r bytes. */
  readonly N: number
  readonly r: number
  readonly p: number
}

/** Turns of the event loop are given away every so many ms. */
const TICK_MS = 10

/** scrypt (RFC 7914), in steps, so that a page stays alive meanwhile. */
export function scrypt(
  password: Uint8Array,
  salt: Uint8Array,
  { N, r, p }: ScryptCost,
  lengthBytes: number,
): Promise<Uint8Array> {
  return scryptAsync(password, salt, { N, r, p, dkLen: lengthBytes, asyncTick: TICK_MS })
}
