import { sha256 } from '@noble/hashes/sha2.js'
import { type Sha256, Sha256Stream } from '../sha256-stream.js'

/** SHA-256 of what comes in pieces: a file, a download. {@link sha256} is for what is there as a whole. */
export function createSha256(): Sha256 {
  return new Sha256Stream(sha256.create())
}
