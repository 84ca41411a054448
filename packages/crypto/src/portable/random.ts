import { requireInteger } from '../bytes.js'
import { CryptoError } from '../error.js'

/** The one thing asked of the runtime; declared here because not every runtime has the types of a browser. */
interface RandomSource {
  getRandomValues(target: Uint8Array): unknown
}

/** The most that `getRandomValues` gives at once. */
const CHUNK_BYTES = 65_536

/**
 * Unpredictable bytes from the system.
 * @param lengthBytes - 0 to 2^31 - 1
 * @throws {CryptoError} `argument` | `random-source`
 */
export function randomBytes(lengthBytes: number): Uint8Array {
  requireInteger(lengthBytes, 0, 0x7fffffff, 'randomBytes')
  const source = (globalThis as { crypto?: RandomSource }).crypto
  if (typeof source?.getRandomValues !== 'function')
    throw new CryptoError('random-source', 'expected globalThis.crypto.getRandomValues; this runtime has none')
  const bytes = new Uint8Array(lengthBytes)
  for (let offset = 0; offset < lengthBytes; offset += CHUNK_BYTES)
    source.getRandomValues(bytes.subarray(offset, offset + CHUNK_BYTES))
  return bytes
}
