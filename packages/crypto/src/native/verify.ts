import { verify as nativeVerify } from 'node:crypto'
import { bytesFromHex } from '../bytes.js'
import type * as portable from '../portable/verify.js'
import { hasVerifiableShape, verify as portableVerify } from '../portable/verify.js'
import { startsWithSmallOrder } from '../small-order.js'
import { publicJwk } from './keys.js'
import { PeerKeys } from './peer-keys.js'

const peerKeys = new PeerKeys('Ed25519')

/**
 * OpenSSL in Node 20 and 22, and BoringSSL in Bun, decide every input as the portable build does. Node from 24 on
 * refuses points of small order, which those accept; Deno stumbles over some encodings. So what is not an ordinary key
 * with an ordinary R is decided natively only where a probe shows that the answers are the same.
 */
export const verify: typeof portable.verify = (signature, message, publicKey) => {
  if (!hasVerifiableShape(signature, message, publicKey)) return false
  const unusual = startsWithSmallOrder(signature) || startsWithSmallOrder(publicKey) || isOverlong(publicKey)
  if (unusual && !decidesUnusual()) return portableVerify(signature, message, publicKey)
  return decide(signature, message, publicKey)
}

function decide(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    // For a stranger's key as JWK no KeyObject is made, which would cost as much again as the import.
    const key = peerKeys.find(publicKey) ?? publicJwk('Ed25519', publicKey)
    return nativeVerify(null, message, key, signature)
  } catch {
    // Deno throws where the key does not decode.
    return false
  }
}

/** Whether y is not below the field prime, 2^255 - 19: one of the last 19 values of 255 bits. */
function isOverlong(publicKey: Uint8Array): boolean {
  if (((publicKey[31] as number) | 0x80) !== 0xff || (publicKey[0] as number) < 0xed) return false
  for (let at = 1; at < 31; at++) if (publicKey[at] !== 0xff) return false
  return true
}

const NEUTRAL = `01${'00'.repeat(31)}`
const ZERO_S = '00'.repeat(32)

/** Valid signatures of the empty message, each of which some runtime refuses: R, s, A. */
const PROBES: readonly (readonly [string, string, string])[] = [
  [NEUTRAL, ZERO_S, NEUTRAL],
  [NEUTRAL, ZERO_S, `01${'00'.repeat(30)}80`],
  [NEUTRAL, ZERO_S, `ee${'ff'.repeat(30)}7f`],
  [NEUTRAL, ZERO_S, `ee${'ff'.repeat(30)}ff`],
  // An ordinary key: that of the seed of 32 ones, signing with the nonce zero.
  [
    NEUTRAL,
    '9519ace32835b6608ac2a35b7b43435afb79b9823334a0a6d79694381741ea00',
    '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c',
  ],
]

let answer: boolean | undefined

/** Asked once, when the first unusual input comes. */
function decidesUnusual(): boolean {
  answer ??= PROBES.every(([r, s, a]) => decide(bytesFromHex(r + s), new Uint8Array(0), bytesFromHex(a)))
  return answer
}
