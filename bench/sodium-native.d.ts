declare module 'sodium-native' {
  /** The part of libsodium's native binding that is measured here. */
  const sodium: {
    /** Seal into `out`, which is 16 bytes longer than `message`. */
    crypto_secretbox_easy(out: Buffer, message: Buffer, nonce: Buffer, key: Buffer): void
    /** Open into `out`. @returns whether it is authentic */
    crypto_secretbox_open_easy(out: Buffer, sealed: Buffer, nonce: Buffer, key: Buffer): boolean
  }
  export default sodium
}
