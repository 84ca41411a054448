// What the tests of encrypted files share: plaintexts, and a naive twin that has the whole file at once.
import { concatBytes } from '../src/bytes.js'
import type { ExpectedFile, FinishedFile } from '../src/portable.js'
import type { Suite } from './helpers.js'

/** Plaintext of one chunk, and the same chunk stored. */
export const CHUNK = 1_048_576
export const STORED = CHUNK + 16

export const FILE_KEY: Uint8Array = new Uint8Array(32).fill(7)

/** Sizes around the borders of chunks. */
export const FILE_SIZES: readonly number[] = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 5]

/** Byte i is (7 i + floor(i / 256)) mod 256, as in the vectors. */
export function patternFile(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at++) bytes[at] = 7 * at + (at >> 8)
  return bytes
}

/** The stored form by the letter of the specification. */
export function storedForm(crypto: Suite, key: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const chunks: Uint8Array[] = []
  for (let index = 0; index * CHUNK < plaintext.length; index++) {
    const nonce = new Uint8Array(12)
    new DataView(nonce.buffer).setBigUint64(0, BigInt(index), true)
    chunks.push(
      crypto.chacha20Poly1305Seal(
        key,
        nonce,
        plaintext.subarray(index * CHUNK, (index + 1) * CHUNK),
        new Uint8Array(0),
      ),
    )
  }
  return concatBytes(...chunks)
}

export interface Converted extends FinishedFile {
  readonly bytes: Uint8Array
}

/** Push `bytes` in pieces that end at `cuts`; each piece is overwritten as soon as it was taken. */
function convert(
  stream: { push(piece: Uint8Array): Uint8Array[] },
  finish: () => FinishedFile,
  bytes: Uint8Array,
  cuts: readonly number[],
): Converted {
  const chunks: Uint8Array[] = []
  let offset = 0
  for (const end of [...cuts].sort((a, b) => a - b).concat(bytes.length)) {
    const piece = bytes.slice(offset, end)
    chunks.push(...stream.push(piece))
    piece.fill(0)
    offset = end
  }
  const file = finish()
  return { ...file, bytes: concatBytes(...chunks, ...(file.lastChunk === undefined ? [] : [file.lastChunk])) }
}

export function encryptFile(
  crypto: Suite,
  plaintext: Uint8Array,
  cuts: readonly number[] = [],
  key: Uint8Array = FILE_KEY,
): Converted {
  const encryptor = crypto.createFileEncryptor(key)
  return convert(encryptor, () => encryptor.finish(), plaintext, cuts)
}

export function decryptFile(
  crypto: Suite,
  stored: Uint8Array,
  cuts: readonly number[] = [],
  expected?: ExpectedFile,
  key: Uint8Array = FILE_KEY,
): Converted {
  const decryptor = crypto.createFileDecryptor(key)
  return convert(decryptor, () => decryptor.finish(expected), stored, cuts)
}
