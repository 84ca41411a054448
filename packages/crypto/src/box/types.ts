/**
 * XSalsa20-Poly1305 under one key, with nonces that count: 16 zero bytes, then the counter as a u64, big-endian. Made for
 * many packets under many keys; NaCl's `crypto_box_afternm` byte for byte. Source: Yggdrasil protocol §8.2.
 */
export interface CounterBox {
  /**
   * Seal `head ‖ body` and write the tag (16 bytes), then the ciphertext, to `out` at `offset`.
   * @param counter - 0 to 2^64 - 1, never used twice under one key by either side
   * @param head - what stands in front of the body, so that nobody has to join the two; may be empty
   * @returns how many bytes were written: 16 + head.length + body.length
   * @throws {CryptoError} `argument`, also when `out` is too short or the plaintext longer than `COUNTER_BOX_MAX_BYTES`; then
   *   nothing is written | `finished` after {@link wipe}
   */
  sealInto(out: Uint8Array, offset: number, counter: bigint, head: Uint8Array, body: Uint8Array): number
  /**
   * The plaintext of `sealed` (tag, then ciphertext), or `undefined` when it is not authentic, whatever it is.
   * @returns a view that is valid until the next call of anything of this package that seals or opens a box
   * @throws {CryptoError} `argument` when `counter` or `sealed` is of the wrong type or range | `finished` after {@link wipe}:
   *   mistakes of the caller, never of who sent it
   */
  open(counter: bigint, sealed: Uint8Array): Uint8Array | undefined
  /** Forget the key, and what was opened last. Does nothing the second time. */
  wipe(): void
}
