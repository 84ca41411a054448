import { requireBytes } from '../bytes.js'
import { CIPHER_KEY_BYTES } from '../lengths.js'
import { boxEngine } from './load.js'
import type { CounterBox } from './types.js'

/**
 * A box for many packets under one key: see {@link CounterBox}. What has to be derived from the key is derived here, and
 * kept.
 * @param sharedKey - 32 bytes, from `boxSharedKey`; they are copied
 * @throws {CryptoError} `argument`
 */
export function createCounterBox(sharedKey: Uint8Array): CounterBox {
  requireBytes(sharedKey, CIPHER_KEY_BYTES, 'sharedKey')
  return boxEngine().counterBox(sharedKey)
}
