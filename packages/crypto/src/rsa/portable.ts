// The build for every runtime: big integers of JavaScript, and WebCrypto to make keys. Its types and texts are those of
// both builds.
import { sha1 } from '@noble/hashes/legacy.js'
import { CryptoError } from '../error.js'
import { randomBytes } from '../portable/random.js'
import { RSA_PUBLIC_EXPONENT } from './encoding.js'
import { fromInteger, inverse, power, toInteger } from './numbers.js'
import { createRsa } from './surface.js'
import type { RsaEngine, RsaPrivateKey, RsaPrivateNumbers, RsaPublicKey } from './types.js'

export { RSA_MAX_BITS, RSA_MIN_BITS, RSA_NEW_KEY_BITS } from './encoding.js'
export { isWeakRsaKey } from './surface.js'
export type { RsaPrivateKey, RsaPublicKey } from './types.js'

/** Bits of chance that an exponent is hidden behind. */
const EXPONENT_BLINDING_BYTES = 8

const engine: RsaEngine = {
  sha1,
  publicOperation:
    ({ modulus, sizeBytes }) =>
    (block) => {
      const value = toInteger(block)
      return value < modulus ? fromInteger(power(value, RSA_PUBLIC_EXPONENT, modulus), sizeBytes) : undefined
    },
  privateOperation: (numbers) => {
    const { modulus, sizeBytes } = numbers
    return (block) => {
      const value = toInteger(block)
      return value < modulus ? fromInteger(blindedPower(numbers, value), sizeBytes) : undefined
    }
  },
  generate: generatePkcs8,
}

/**
 * Arithmetic here takes a time that depends on the numbers, so neither base nor exponents are ever those of the caller
 * and the key: all are hidden behind fresh random ones. A wrong result of one half would give the key away, and is
 * never let out.
 */
function blindedPower(
  { modulus, privateExponent, prime1, prime2, sizeBytes }: RsaPrivateNumbers,
  value: bigint,
): bigint {
  const [mask, unmask] = blinding(modulus, sizeBytes)
  const masked = (value * power(mask, RSA_PUBLIC_EXPONENT, modulus)) % modulus
  const half = (prime: bigint) =>
    power(masked % prime, privateExponent + (prime - 1n) * toInteger(randomBytes(EXPONENT_BLINDING_BYTES)), prime)
  const [first, second] = [half(prime1), half(prime2)]
  const difference = ((((first - second) * (inverse(prime2, prime1) as bigint)) % prime1) + prime1) % prime1
  const result = ((second + difference * prime2) * unmask) % modulus
  if (power(result, RSA_PUBLIC_EXPONENT, modulus) !== value)
    throw new CryptoError('self-check', 'a result of RSA did not verify: the hardware erred; try again')
  return result
}

function blinding(modulus: bigint, sizeBytes: number): readonly [bigint, bigint] {
  for (;;) {
    const mask = toInteger(randomBytes(sizeBytes)) % modulus
    const unmask = inverse(mask, modulus)
    if (unmask !== undefined) return [mask, unmask]
  }
}

async function generatePkcs8(bits: number): Promise<Uint8Array> {
  const subtle = globalThis.crypto?.subtle
  if (subtle === undefined)
    throw new CryptoError('key-capability', 'this runtime makes no RSA keys: open the page over https, or import a key')
  const algorithm = {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-1',
    modulusLength: bits,
    publicExponent: Uint8Array.of(1, 0, 1),
  }
  const { privateKey } = await subtle.generateKey(algorithm, true, ['sign'])
  return new Uint8Array(await subtle.exportKey('pkcs8', privateKey))
}

const rsa = createRsa(engine)

/**
 * A public key of a pim account in any spelling that the original takes: LF, no line ends at all, text around it,
 * "RSA PUBLIC KEY". rendezvous protocol A2
 * @throws {CryptoError} `rsa-key` for anything else, for less than 1024 or more than 8192 bits, for another exponent
 * than 65537 | `argument`
 */
export const parseRsaPublicKey: (pem: string) => RsaPublicKey = rsa.parseRsaPublicKey

/**
 * The private key of a pim account: "RSA PRIVATE KEY" or "PRIVATE KEY", whose parts must fit together. 1024 bits are
 * taken; {@link isWeakRsaKey} says when to warn.
 * @throws {CryptoError} `rsa-key` | `argument`
 */
export const importRsaPrivateKey: (pem: string) => RsaPrivateKey = rsa.importRsaPrivateKey

/**
 * A key for a new account. Takes up to some seconds.
 * @param bits - 2048 to 8192, by default 2048
 * @throws {CryptoError} `argument` | `key-capability` where the runtime makes none: a page over plain http
 */
export const generateRsaPrivateKey: (bits?: number) => Promise<RsaPrivateKey> = rsa.generateRsaPrivateKey

/** The normal form of a public key's text; `undefined` when it is none. rendezvous protocol A2 */
export const normaliseRsaPublicPem: (text: string) => string | undefined = rsa.normaliseRsaPublicPem
