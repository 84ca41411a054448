// The build for Node: OpenSSL does the arithmetic, and nothing else. Names, types, bytes and refusals are those of
// portable.ts; a test holds that. OpenSSL's own padding is not used: current versions refuse to undo that of
// RSAES-PKCS1-v1_5, and where they do they invent a plaintext instead.
import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  privateDecrypt,
  publicEncrypt,
  type RSAKeyPairOptions,
} from 'node:crypto'
import { plain } from '../native/plain.js'
import { writePrivateKey, writePublicInfo } from './encoding.js'
import { toInteger } from './numbers.js'
import type * as portable from './portable.js'
import { createRsa } from './surface.js'
import type { RsaEngine } from './types.js'

export { RSA_MAX_BITS, RSA_MIN_BITS, RSA_NEW_KEY_BITS } from './encoding.js'
export { isWeakRsaKey } from './surface.js'
export type { RsaPrivateKey, RsaPublicKey } from './types.js'

const padding = constants.RSA_NO_PADDING

const engine: RsaEngine = {
  sha1: (message) => plain(createHash('sha1').update(message).digest()),
  publicOperation({ modulus }) {
    const der = Buffer.from(writePublicInfo(modulus))
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
    return (block) => (toInteger(block) < modulus ? plain(publicEncrypt({ key, padding }, block)) : undefined)
  },
  privateOperation(numbers) {
    const der = Buffer.from(writePrivateKey(numbers))
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs1' })
    der.fill(0)
    return (block) => (toInteger(block) < numbers.modulus ? plain(privateDecrypt({ key, padding }, block)) : undefined)
  },
  generate: (bits) =>
    new Promise((resolve, reject) => {
      const encoding: RSAKeyPairOptions<'der', 'der'> = {
        modulusLength: bits,
        publicExponent: 65_537,
        publicKeyEncoding: { type: 'pkcs1', format: 'der' },
        privateKeyEncoding: { type: 'pkcs1', format: 'der' },
      }
      generateKeyPair('rsa', encoding, (error, _, der) => (error === null ? resolve(plain(der)) : reject(error)))
    }),
}

const rsa = createRsa(engine)

export const parseRsaPublicKey: typeof portable.parseRsaPublicKey = rsa.parseRsaPublicKey
export const importRsaPrivateKey: typeof portable.importRsaPrivateKey = rsa.importRsaPrivateKey
export const generateRsaPrivateKey: typeof portable.generateRsaPrivateKey = rsa.generateRsaPrivateKey
export const normaliseRsaPublicPem: typeof portable.normaliseRsaPublicPem = rsa.normaliseRsaPublicPem
