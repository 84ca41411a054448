import { bytesFromHex } from '../bytes.js'
import { CryptoError } from '../error.js'
import { DerReader, Tag, writeDer, writeInteger } from './der.js'
import { bitLength, inverse } from './numbers.js'
import { readPem, writePem } from './pem.js'
import type { RsaPrivateNumbers, RsaPublicNumbers } from './types.js'

/** Every account of the original has it. Another one is refused: small ones make weak checks forgeable. */
export const RSA_PUBLIC_EXPONENT = 65_537n
/** The least that is taken from others. rendezvous protocol A13 */
export const RSA_MIN_BITS = 1024
/** The most that is taken from others: more costs too much to check. rendezvous protocol A13 */
export const RSA_MAX_BITS = 8192
/** The least for new accounts, and what is not called weak. rendezvous protocol A13 */
export const RSA_NEW_KEY_BITS = 2048

/** AlgorithmIdentifier: rsaEncryption, no parameters. RFC 8017 A.1 */
const ALGORITHM: Uint8Array = bytesFromHex('300d06092a864886f70d0101010500')
const ALGORITHM_CONTENT: Uint8Array = ALGORITHM.subarray(2)

/** @throws {CryptoError} `rsa-key` */
export function readPublicPem(text: string): RsaPublicNumbers {
  const { label, bytes } = readPem(text)
  if (label === 'RSA PUBLIC KEY') return readPublicKey(bytes)
  if (label !== 'PUBLIC KEY') throw new CryptoError('rsa-key', 'expected a PEM text "PUBLIC KEY", got another kind')
  const outer = new DerReader(bytes)
  const info = outer.sequence()
  outer.end()
  requireRsa(info.take(Tag.sequence))
  const [unusedBits, ...content] = info.take(Tag.bitString)
  info.end()
  if (unusedBits !== 0) throw new CryptoError('rsa-key', 'expected whole bytes around a public key')
  return readPublicKey(Uint8Array.from(content))
}

export function writePublicPem({ modulus }: RsaPublicNumbers): string {
  return writePem('PUBLIC KEY', writePublicInfo(modulus))
}

/** SubjectPublicKeyInfo. */
export function writePublicInfo(modulus: bigint): Uint8Array {
  const key = writeDer(Tag.sequence, writeInteger(modulus), writeInteger(RSA_PUBLIC_EXPONENT))
  return writeDer(Tag.sequence, ALGORITHM, writeDer(Tag.bitString, Uint8Array.of(0), key))
}

/** @throws {CryptoError} `rsa-key` */
export function readPrivatePem(text: string): RsaPrivateNumbers {
  const { label, bytes } = readPem(text)
  if (label !== 'RSA PRIVATE KEY' && label !== 'PRIVATE KEY')
    throw new CryptoError('rsa-key', 'expected a PEM text "RSA PRIVATE KEY", got another kind')
  return readPrivateKey(bytes)
}

/** PKCS #1, or the same inside PKCS #8. @throws {CryptoError} `rsa-key` */
export function readPrivateKey(bytes: Uint8Array): RsaPrivateNumbers {
  const key = readVersioned(bytes)
  if (key.nextTag !== Tag.sequence) return readPrivateNumbers(key)
  requireRsa(key.take(Tag.sequence))
  return readPrivateNumbers(readVersioned(key.take(Tag.octetString)))
}

/** A sequence that begins with version 0. */
function readVersioned(bytes: Uint8Array): DerReader {
  const outer = new DerReader(bytes)
  const key = outer.sequence()
  outer.end()
  if (key.integer() !== 0n) throw new CryptoError('rsa-key', 'expected a private key of two primes')
  return key
}

function readPrivateNumbers(key: DerReader): RsaPrivateNumbers {
  const publicNumbers = requireModulus(key.integer(), key.integer())
  const [privateExponent, prime1, prime2] = [key.integer(), key.integer(), key.integer()]
  for (let part = 0; part < 3; part++) key.integer()
  key.end()
  const isProduct = prime1 > 1n && prime2 > 1n && prime1 * prime2 === publicNumbers.modulus
  const isInverse = (prime: bigint) => (privateExponent * RSA_PUBLIC_EXPONENT) % (prime - 1n) === 1n
  if (!isProduct || inverse(prime2, prime1) === undefined || !isInverse(prime1) || !isInverse(prime2))
    throw new CryptoError('rsa-key', 'expected a private key whose parts fit together')
  return { ...publicNumbers, privateExponent, prime1, prime2 }
}

/** PKCS #1, whole. */
export function writePrivateKey({ modulus, privateExponent, prime1, prime2 }: RsaPrivateNumbers): Uint8Array {
  const numbers = [
    0n,
    modulus,
    RSA_PUBLIC_EXPONENT,
    privateExponent,
    prime1,
    prime2,
    privateExponent % (prime1 - 1n),
    privateExponent % (prime2 - 1n),
    inverse(prime2, prime1) as bigint,
  ]
  return writeDer(Tag.sequence, ...numbers.map(writeInteger))
}

export function writePrivatePem(numbers: RsaPrivateNumbers): string {
  return writePem('RSA PRIVATE KEY', writePrivateKey(numbers))
}

function readPublicKey(bytes: Uint8Array): RsaPublicNumbers {
  const outer = new DerReader(bytes)
  const key = outer.sequence()
  outer.end()
  const numbers = requireModulus(key.integer(), key.integer())
  key.end()
  return numbers
}

function requireRsa(algorithm: Uint8Array): void {
  const isRsa =
    algorithm.length === ALGORITHM_CONTENT.length && ALGORITHM_CONTENT.every((byte, at) => byte === algorithm[at])
  if (!isRsa) throw new CryptoError('rsa-key', 'expected a key of RSA, got one of another algorithm')
}

function requireModulus(modulus: bigint, exponent: bigint): RsaPublicNumbers {
  const bits = bitLength(modulus)
  if (bits < RSA_MIN_BITS || bits > RSA_MAX_BITS)
    throw new CryptoError('rsa-key', `expected an RSA key of ${RSA_MIN_BITS} to ${RSA_MAX_BITS} bits, got ${bits}`)
  if (modulus % 2n === 0n || exponent !== RSA_PUBLIC_EXPONENT)
    throw new CryptoError('rsa-key', 'expected an RSA key with an odd modulus and the exponent 65537')
  return { modulus, bits, sizeBytes: Math.ceil(bits / 8) }
}
