import { bytesFromHex } from '../bytes.js'
import { publicKeyFromSeed } from '../native/ed25519.js'
import { equalConstantTime } from '../native/equal.js'

/** How a file holds its seed. Source: tracker protocol §9. */
export type KeyFileFormat =
  | 'raw' // the 32 bytes of the seed; what this package writes
  | 'pair' // 64 bytes: the seed, then its public key
  | 'hex' // 64 hex digits, white space anywhere

/** No known format needs more, white space included. */
export const KEY_FILE_MAX_BYTES = 1_024

/**
 * Find the seed in the content of a key file.
 * @returns `undefined` when it is in none of the formats
 */
export function parseKeyFile(content: Uint8Array): { seed: Uint8Array; format: KeyFileFormat } | undefined {
  if (content.length === 32) return { seed: content.slice(), format: 'raw' }
  const text = String.fromCharCode(...content).replace(/[\t\n\v\f\r ]+/g, '')
  if (/^[0-9a-fA-F]{64}$/.test(text)) return { seed: bytesFromHex(text), format: 'hex' }
  if (content.length !== 64) return undefined
  const seed = content.slice(0, 32)
  return equalConstantTime(publicKeyFromSeed(seed), content.subarray(32)) ? { seed, format: 'pair' } : undefined
}
