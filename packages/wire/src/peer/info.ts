import { WireError } from '../error.js'
import { checkI64, write32, write64 } from '../int.js'
import { readUtf8Lenient, utf8ByteLength, writeUtf8 } from '../utf8.js'
import { writePrefixed } from './challenge.js'
import type { FrameCursor } from './cursor.js'
import type { FrameLimits } from './limits.js'
import type { InfoResponseFrame } from './types.js'

/** Body without the three variable parts: time and three lengths. */
const FIXED_BYTES = 20

/**
 * `time i64 | length i32 | nickname | length i32 | info | length i32 | avatar`. An avatar too large to be kept but not
 * to be waited for is skipped: the frame comes without one. Source: peer protocol sections 5.6 and 11.
 */
export function readInfoResponse(cursor: FrameCursor): InfoResponseFrame | undefined {
  const { limits } = cursor
  if (!cursor.has(12)) return undefined
  const timeSeconds = cursor.i64()
  const nicknameBytes = cursor.length(0, limits.nicknameBytes, 'infoResponse.nickname')
  if (!cursor.has(nicknameBytes + 4)) return undefined
  const nickname = cursor.view(nicknameBytes)
  const infoBytes = cursor.length(0, limits.infoBytes, 'infoResponse.info')
  if (!cursor.has(infoBytes + 4)) return undefined
  const info = cursor.view(infoBytes)
  const longest = Math.max(limits.avatarBytes, limits.avatarSkipBytes)
  const avatarBytes = cursor.length(0, longest, 'infoResponse.avatar')
  const kept = avatarBytes > 0 && avatarBytes <= limits.avatarBytes
  if (kept && !cursor.has(avatarBytes)) return undefined
  if (!kept) cursor.skipBytes = avatarBytes
  const text = { nickname: readUtf8Lenient(nickname), info: readUtf8Lenient(info) }
  if (!kept) return { type: 'infoResponse', timeSeconds, ...text }
  return { type: 'infoResponse', timeSeconds, ...text, avatar: cursor.view(avatarBytes) }
}

export function infoResponseByteLength(frame: InfoResponseFrame, limits: FrameLimits): number {
  checkI64(frame.timeSeconds, 'infoResponse.timeSeconds')
  return (
    FIXED_BYTES +
    textByteLength(frame.nickname, limits.nicknameBytes, 'infoResponse.nickname') +
    textByteLength(frame.info, limits.infoBytes, 'infoResponse.info') +
    atMost(frame.avatar?.length ?? 0, limits.avatarBytes, 'infoResponse.avatar')
  )
}

export function writeInfoResponse(target: Uint8Array, at: number, frame: InfoResponseFrame): void {
  write64(target, at, frame.timeSeconds)
  const infoAt = writePrefixedText(target, at + 8, frame.nickname)
  const avatarAt = writePrefixedText(target, infoAt, frame.info)
  if (frame.avatar === undefined) write32(target, avatarAt, 0)
  else writePrefixed(target, avatarAt, frame.avatar)
}

/** Bytes of `text` in UTF-8. @throws {WireError} `length` above `max`. */
export function textByteLength(text: string, max: number, field: string): number {
  return atMost(utf8ByteLength(text), max, field)
}

/** A length and the text; returns the offset behind it. */
export function writePrefixedText(target: Uint8Array, at: number, text: string): number {
  const bytes = utf8ByteLength(text)
  write32(target, at, bytes)
  return writeUtf8(target, at + 4, text, bytes)
}

/** @throws {WireError} `length` above `max`. */
export function atMost(sizeBytes: number, max: number, field: string): number {
  if (sizeBytes <= max) return sizeBytes
  throw new WireError('length', `${field}: expected at most ${max} bytes, got ${sizeBytes}`, { field })
}
