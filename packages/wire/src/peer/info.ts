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
  const avatar = readAvatar(cursor, 'infoResponse.avatar')
  if (avatar === undefined) return undefined
  const text = { nickname: readUtf8Lenient(nickname), info: readUtf8Lenient(info) }
  if (avatar.length === 0) return { type: 'infoResponse', timeSeconds, ...text }
  return { type: 'infoResponse', timeSeconds, ...text, avatar }
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
  writeAvatar(target, avatarAt, frame.avatar)
}

/**
 * `length i32 | avatar`, the end of a frame; `undefined` when it is not whole. Empty when there is none, or when it is too
 * large to be kept: then `cursor.skipBytes` says how much is to be dropped.
 */
export function readAvatar(cursor: FrameCursor, field: string): Uint8Array | undefined {
  const { avatarBytes, avatarSkipBytes } = cursor.limits
  if (!cursor.has(4)) return undefined
  const sizeBytes = cursor.length(0, Math.max(avatarBytes, avatarSkipBytes), field)
  if (sizeBytes > avatarBytes) {
    cursor.skipBytes = sizeBytes
    return cursor.view(0)
  }
  return cursor.has(sizeBytes) ? cursor.view(sizeBytes) : undefined
}

export function writeAvatar(target: Uint8Array, at: number, avatar: Uint8Array | undefined): void {
  if (avatar === undefined) write32(target, at, 0)
  else writePrefixed(target, at, avatar)
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
