import { WireError } from '../error.js'
import { checkI64, write64 } from '../int.js'
import { readUtf8Lenient } from '../utf8.js'
import type { FrameCursor } from './cursor.js'
import { textByteLength, writePrefixedText } from './info.js'
import type { FrameLimits } from './limits.js'
import type { FileRequestFrame } from './types.js'

const HASH_DIGITS = 64

/**
 * `guid i64 | length i32 | name | 64 i32 | hash 64`. The hash is text: hex digits, read in either case, written in lower
 * case, which is how the originals compare it. Source: current protocol §4.3.
 */
export function readFileRequest(cursor: FrameCursor): FileRequestFrame | undefined {
  if (!cursor.has(12)) return undefined
  const guid = cursor.i64()
  const nameBytes = cursor.length(0, cursor.limits.fileNameBytes, 'fileRequest.name')
  if (!cursor.has(nameBytes + 4)) return undefined
  const name = readUtf8Lenient(cursor.view(nameBytes))
  cursor.length(HASH_DIGITS, HASH_DIGITS, 'fileRequest.hash')
  if (!cursor.has(HASH_DIGITS)) return undefined
  return { type: 'fileRequest', guid, name, hash: checkHash(readUtf8Lenient(cursor.view(HASH_DIGITS))) }
}

export function fileRequestByteLength(frame: FileRequestFrame, limits: FrameLimits): number {
  checkI64(frame.guid, 'fileRequest.guid')
  checkHash(frame.hash)
  return 16 + textByteLength(frame.name, limits.fileNameBytes, 'fileRequest.name') + HASH_DIGITS
}

export function writeFileRequest(target: Uint8Array, at: number, frame: FileRequestFrame): void {
  write64(target, at, frame.guid)
  const hashAt = writePrefixedText(target, at + 8, frame.name)
  writePrefixedText(target, hashAt, frame.hash.toLowerCase())
}

/** A hash in lower case, `undefined` when it is none. */
export function hashOf(text: string): string | undefined {
  return /^[0-9a-f]{64}$/i.test(text) ? text.toLowerCase() : undefined
}

function checkHash(text: string): string {
  const hash = hashOf(text)
  if (hash !== undefined) return hash
  throw new WireError('out-of-range', `fileRequest.hash: expected ${HASH_DIGITS} hex digits`, {
    field: 'fileRequest.hash',
  })
}
