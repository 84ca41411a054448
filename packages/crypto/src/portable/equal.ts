import { requireUint8Array } from '../bytes.js'

/**
 * Compare two secrets, or a secret with a guess, in a time that depends on their length only. Different lengths are
 * unequal, and are told apart at once: lengths are not secret.
 * @throws {CryptoError} `argument`
 */
export function equalConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  requireUint8Array(a, 'equalConstantTime')
  requireUint8Array(b, 'equalConstantTime')
  if (a.length !== b.length) return false
  let difference = 0
  for (let at = 0; at < a.length; at++) difference |= (a[at] as number) ^ (b[at] as number)
  return difference === 0
}
