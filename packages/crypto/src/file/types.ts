/** What is known of a file when its last byte has passed. */
export interface FinishedFile {
  /** What the last chunk became, where it is shorter than the others: the file ended on no border of chunks. */
  readonly lastChunk: Uint8Array | undefined
  /** SHA-256 of the stored, that is encrypted, form: 32 bytes. The name of the file on a server. */
  readonly sha256: Uint8Array
  /** Length of the plaintext. */
  readonly plainBytes: number
  /** Length of the stored form. */
  readonly encryptedBytes: number
}

/** What an authentic message said of a file. */
export interface ExpectedFile {
  /** SHA-256 of the stored form, 32 bytes. */
  readonly sha256?: Uint8Array | undefined
  /** Length of the plaintext. */
  readonly plainBytes?: number | undefined
}

/**
 * Plaintext in, in pieces of any size; chunks of the stored form out, in order. It holds less than one chunk, and no
 * view of a piece; what it returns belongs to the caller. Once it has finished or failed, it takes no more.
 */
export interface FileEncryptor {
  /**
   * The chunks that this piece completes, often none: together as long as the piece, and one chunk at most.
   * @throws {CryptoError} `argument` | `finished`
   */
  push(piece: Uint8Array): Uint8Array[]
  /**
   * The plaintext is complete. This ends it, and wipes its copy of the key.
   * @throws {CryptoError} `finished`
   */
  finish(): FinishedFile
}

/**
 * The stored form in, in pieces of any size; plaintext out, chunk by chunk. Each chunk is authentic, and in its place;
 * that none is missing at the end is known only after {@link FileDecryptor.finish} with what was expected. It holds
 * less than one chunk, and no view of a piece; what it returns belongs to the caller. Once it has finished or failed,
 * it takes no more.
 */
export interface FileDecryptor {
  /**
   * The plaintext of the chunks that this piece completes, often none. If one of them does not open, none is returned.
   * @throws {CryptoError} `argument` | `authentication` | `finished`
   */
  push(piece: Uint8Array): Uint8Array[]
  /**
   * The stored form is complete. This ends it, and wipes its copy of the key.
   * @param expected - what the message with the key said: without it, a file cut between two chunks passes
   * @throws {CryptoError} `argument` | `authentication`, also when the file is not the one expected | `finished`
   */
  finish(expected?: ExpectedFile): FinishedFile
}
