import { isWireError, type WireError } from '@mimirjs/wire'
import { PeerError, type PeerErrorCode } from './error.js'

/** Codes of the wire that are ours under the same name; what is left is `malformed`. */
const SHARED_CODES: ReadonlySet<string> = new Set<PeerErrorCode & WireError['code']>([
  'truncated',
  'header-size',
  'length',
  'unexpected-type',
  'json',
  'json-field',
])

/** What reading the bytes of the other side threw, in our terms. Anything but a refusal is a bug, and goes on. */
export function toPeerError(error: unknown): PeerError {
  if (error instanceof PeerError) return error
  if (!isWireError(error)) throw error
  const code = SHARED_CODES.has(error.code) ? (error.code as PeerErrorCode) : 'malformed'
  return new PeerError(code, error.message, { cause: error })
}
