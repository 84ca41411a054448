import { WireError } from '../error.js'
import { checkI64, checkUint, readI32, readU32, write32, write64 } from '../int.js'
import { readUtf8Lenient } from '../utf8.js'
import type { FrameCursor } from './cursor.js'
import { textByteLength, writePrefixedText } from './info.js'
import type { FrameLimits } from './limits.js'
import type { FileRangeFrame, FileRequestFrame } from './types.js'

type Wanted = Omit<FileRequestFrame, 'type'>

const HASH_DIGITS = 64
const TWO_32 = 0x1_0000_0000

/**
 * `guid i64 | length i32 | name | 64 i32 | hash 64`. The hash is text: hex digits, read in either case, written in lower
 * case, which is how the originals compare it. Source: current protocol §4.3.
 */
export function readFileRequest(cursor: FrameCursor): FileRequestFrame | undefined {
  if (!cursor.has(12)) return undefined
  const guid = cursor.i64()
  const file = readFile(cursor, 'fileRequest')
  return file && { type: 'fileRequest', guid, ...file }
}

export function fileRequestByteLength(frame: FileRequestFrame, limits: FrameLimits): number {
  checkI64(frame.guid, 'fileRequest.guid')
  return 8 + fileByteLength(frame, limits, 'fileRequest')
}

export function writeFileRequest(target: Uint8Array, at: number, frame: FileRequestFrame): void {
  write64(target, at, frame.guid)
  writeFile(target, at + 8, frame)
}

/** `guid i64 | offset i64 | maxBytes i64`, then name and hash as in FILE_REQUEST. An extension of this project. */
export function readFileRange(cursor: FrameCursor): FileRangeFrame | undefined {
  if (!cursor.has(28)) return undefined
  const guid = cursor.i64()
  const offset = readSafeInteger(cursor, 'fileRange.offset')
  const maxBytes = readSafeInteger(cursor, 'fileRange.maxBytes')
  const file = readFile(cursor, 'fileRange')
  return file && { type: 'fileRange', guid, offset, maxBytes, ...file }
}

export function fileRangeByteLength(frame: FileRangeFrame, limits: FrameLimits): number {
  checkI64(frame.guid, 'fileRange.guid')
  checkUint(frame.offset, Number.MAX_SAFE_INTEGER, 'fileRange.offset')
  checkUint(frame.maxBytes, Number.MAX_SAFE_INTEGER, 'fileRange.maxBytes')
  return 24 + fileByteLength(frame, limits, 'fileRange')
}

export function writeFileRange(target: Uint8Array, at: number, frame: FileRangeFrame): void {
  write64(target, at, frame.guid)
  writeSafeInteger(target, at + 8, frame.offset)
  writeSafeInteger(target, at + 16, frame.maxBytes)
  writeFile(target, at + 24, frame)
}

/** Name and hash; the length of the name is there. */
function readFile(cursor: FrameCursor, frame: string): Pick<Wanted, 'name' | 'hash'> | undefined {
  const nameBytes = cursor.length(0, cursor.limits.fileNameBytes, `${frame}.name`)
  if (!cursor.has(nameBytes + 4)) return undefined
  const name = readUtf8Lenient(cursor.view(nameBytes))
  cursor.length(HASH_DIGITS, HASH_DIGITS, `${frame}.hash`)
  if (!cursor.has(HASH_DIGITS)) return undefined
  return { name, hash: checkHash(readUtf8Lenient(cursor.view(HASH_DIGITS)), frame) }
}

function fileByteLength({ name, hash }: Wanted, limits: FrameLimits, frame: string): number {
  checkHash(hash, frame)
  return 8 + textByteLength(name, limits.fileNameBytes, `${frame}.name`) + HASH_DIGITS
}

function writeFile(target: Uint8Array, at: number, { name, hash }: Wanted): void {
  const hashAt = writePrefixedText(target, at, name)
  writePrefixedText(target, hashAt, hash.toLowerCase())
}

/** An i64 that counts bytes of a file: from 0 to what a number holds exactly. */
function readSafeInteger(cursor: FrameCursor, field: string): number {
  const value = readI32(cursor.bytes, cursor.at) * TWO_32 + readU32(cursor.bytes, cursor.at + 4)
  cursor.at += 8
  return checkUint(value, Number.MAX_SAFE_INTEGER, field)
}

function writeSafeInteger(target: Uint8Array, at: number, value: number): void {
  write32(target, at, Math.floor(value / TWO_32))
  write32(target, at + 4, value)
}

/** A hash in lower case, `undefined` when it is none. */
export function hashOf(text: string): string | undefined {
  return /^[0-9a-f]{64}$/i.test(text) ? text.toLowerCase() : undefined
}

function checkHash(text: string, frame: string): string {
  const hash = hashOf(text)
  if (hash !== undefined) return hash
  const field = `${frame}.hash`
  throw new WireError('out-of-range', `${field}: expected ${HASH_DIGITS} hex digits`, { field })
}
