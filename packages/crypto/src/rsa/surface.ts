// What both builds export, once: a build adds its engine.
import { isCryptoError } from '../error.js'
import { RSA_NEW_KEY_BITS } from './encoding.js'
import { generate, importPrivate, parsePublic } from './keys.js'
import type { RsaEngine, RsaPrivateKey, RsaPublicKey } from './types.js'

export interface Rsa {
  parseRsaPublicKey(pem: string): RsaPublicKey
  importRsaPrivateKey(pem: string): RsaPrivateKey
  generateRsaPrivateKey(bits?: number): Promise<RsaPrivateKey>
  normaliseRsaPublicPem(text: string): string | undefined
}

export function createRsa(engine: RsaEngine): Rsa {
  return {
    parseRsaPublicKey: (pem) => parsePublic(engine, pem),
    importRsaPrivateKey: (pem) => importPrivate(engine, pem),
    generateRsaPrivateKey: (bits = RSA_NEW_KEY_BITS) => generate(engine, bits),
    normaliseRsaPublicPem(text) {
      try {
        return parsePublic(engine, text).pem
      } catch (error) {
        if (isCryptoError(error) && error.code === 'rsa-key') return undefined
        throw error
      }
    },
  }
}

/** Whether a key is below what new accounts have: such a peer is to be shown as weak. rendezvous protocol A13 */
export function isWeakRsaKey({ bits }: Pick<RsaPublicKey, 'bits'>): boolean {
  return bits < RSA_NEW_KEY_BITS
}
