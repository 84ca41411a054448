/**
 * An RSA public key of a pim account. Weak by today's measure: SHA-1, one key for signing and decrypting, 1024 bits in
 * old accounts. Nothing but `pim-legacy` may use it. Source: rendezvous protocol A2.
 */
export interface RsaPublicKey {
  /** The normal form: "PUBLIC KEY", 64 base64 characters a line, CRLF after every line including the last. */
  readonly pem: string
  /** Size of the modulus, 1024 to 8192. Below 2048 is {@link isWeakRsaKey weak} even among these. */
  readonly bits: number
  /** Length of signatures and of encrypted blocks in bytes. */
  readonly sizeBytes: number
  /**
   * RSASSA-PKCS1-v1_5 with SHA-1, strict: the whole block is compared, the algorithm id with it. Whatever is not such a
   * signature is `false`, wrong lengths included.
   * @throws {CryptoError} `argument` for anything but bytes
   */
  verifySha1(signature: Uint8Array, message: Uint8Array): boolean
  /**
   * RSAES-PKCS1-v1_5, with fresh random padding.
   * @param plaintext - at most `sizeBytes - 11` bytes
   * @throws {CryptoError} `argument`
   */
  encrypt(plaintext: Uint8Array): Uint8Array
}

/** An RSA private key of a pim account: it can be used, and seen only by {@link RsaPrivateKey.exportPem}. */
export interface RsaPrivateKey {
  readonly publicKey: RsaPublicKey
  /** RSASSA-PKCS1-v1_5 with SHA-1 over `message`. @throws {CryptoError} `argument` | `self-check` */
  signSha1(message: Uint8Array): Uint8Array
  /**
   * Undo RSAES-PKCS1-v1_5. `undefined` for every wrong input alike: length, value, padding. Whoever answers strangers
   * must let none of them tell these cases apart, nor from a plaintext that is not wanted. rendezvous protocol A12, 2–3
   * @throws {CryptoError} `argument` for anything but bytes | `self-check`
   */
  decrypt(ciphertext: Uint8Array): Uint8Array | undefined
  /** The key itself as text, "RSA PRIVATE KEY" in the normal form, unencrypted. Only when the user asks for it. */
  exportPem(): string
}

/** The numbers of a public key. */
export interface RsaPublicNumbers {
  readonly modulus: bigint
  readonly bits: number
  readonly sizeBytes: number
}

/** The numbers of a private key, of which everything else follows. Secret. */
export interface RsaPrivateNumbers extends RsaPublicNumbers {
  readonly privateExponent: bigint
  readonly prime1: bigint
  readonly prime2: bigint
}

/** Raw RSA: a block of `sizeBytes` in, one out; what is not below the modulus gives `undefined`. */
export type RsaOperation = (block: Uint8Array) => Uint8Array | undefined

/** What the two builds do differently. Everything else is one code, and so are the results. */
export interface RsaEngine {
  publicOperation(numbers: RsaPublicNumbers): RsaOperation
  privateOperation(numbers: RsaPrivateNumbers): RsaOperation
  sha1(message: Uint8Array): Uint8Array
  /** A fresh key as DER of PKCS #1 or PKCS #8, with the exponent 65537. */
  generate(bits: number): Promise<Uint8Array>
}
