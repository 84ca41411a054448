import { requireInteger } from '../bytes.js'
import { CryptoError } from '../error.js'

/** The one thing asked of the runtime; declared here because not every runtime has the types of a browser. */
interface RandomSource {
  getRandomValues(target: Uint8Array): unknown
}

/** The most that `getRandomValues` gives at once. */
const CHUNK_BYTES = 65_536
/** One call costs 4 µs however little it gives; a pool this large pays that once for a hundred ids or challenges. */
const POOL_BYTES = 4_096
/** What is asked for more rarely, and is larger, comes from the system directly. */
const LARGEST_FROM_POOL_BYTES = 64

const pool = new Uint8Array(POOL_BYTES)
let used = POOL_BYTES

/**
 * Unpredictable bytes from the system. Small requests are served from bytes fetched together; each is erased there when
 * it is given out, so nothing that was given out can be found in memory again.
 * @param lengthBytes - 0 to 2^31 - 1
 * @throws {CryptoError} `argument` | `random-source`
 */
export function randomBytes(lengthBytes: number): Uint8Array {
  requireInteger(lengthBytes, 0, 0x7fffffff, 'randomBytes')
  const source = (globalThis as { crypto?: RandomSource }).crypto
  if (typeof source?.getRandomValues !== 'function')
    throw new CryptoError('random-source', 'expected globalThis.crypto.getRandomValues; this runtime has none')
  if (lengthBytes <= LARGEST_FROM_POOL_BYTES) return fromPool(source, lengthBytes)
  const bytes = new Uint8Array(lengthBytes)
  for (let offset = 0; offset < lengthBytes; offset += CHUNK_BYTES)
    source.getRandomValues(bytes.subarray(offset, offset + CHUNK_BYTES))
  return bytes
}

function fromPool(source: RandomSource, lengthBytes: number): Uint8Array {
  if (used + lengthBytes > POOL_BYTES) {
    source.getRandomValues(pool)
    used = 0
  }
  const start = used
  used += lengthBytes
  const bytes = pool.slice(start, used)
  pool.fill(0, start, used)
  return bytes
}
