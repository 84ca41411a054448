import type { RsaPrivateKey } from '@mimirjs/crypto/rsa'

/**
 * An account of pim: its key, which may be far away. `generateRsaPrivateKey()` and `importRsaPrivateKey(pem)` of
 * `@mimirjs/crypto/rsa` make one. It is separate from every identity of Mimir, and has to stay so.
 */
export interface LegacyAccount {
  readonly publicKey: Pick<RsaPrivateKey['publicKey'], 'pem' | 'bits'>
  /** RSASSA-PKCS1-v1_5 with SHA-1. */
  signSha1(message: Uint8Array): Uint8Array | Promise<Uint8Array>
  /** RSAES-PKCS1-v1_5; `undefined` for whatever is wrong. */
  decrypt(ciphertext: Uint8Array): Uint8Array | undefined | Promise<Uint8Array | undefined>
}
