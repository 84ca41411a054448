import { isSmallOrder, verify } from '@mimirjs/crypto'

/**
 * Whether `signature` over `address` was made with the key of `publicKey` (tracker protocol §3.1). Keys of small order
 * are refused first: for them one signature fits every message. Never throws, whatever the bytes.
 */
export function verifyRecord(signature: Uint8Array, address: Uint8Array, publicKey: Uint8Array): boolean {
  return !isSmallOrder(publicKey) && verify(signature, address, publicKey)
}
