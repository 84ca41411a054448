import { readUtf8Lenient } from '../utf8.js'
import type { FrameCursor } from './cursor.js'
import { atMost, readAvatar, textByteLength, writeAvatar, writePrefixedText } from './info.js'
import type { FrameLimits } from './limits.js'
import type { ContactRequestFrame } from './types.js'

/** Body without the four variable parts: their lengths. */
const FIXED_BYTES = 16

/**
 * `length i32 | message | length i32 | nickname | length i32 | info | length i32 | avatar`. An avatar too large to be kept
 * but not to be waited for is skipped: the request comes without one. Source: current protocol §4.1 and §4.6.
 */
export function readContactRequest(cursor: FrameCursor): ContactRequestFrame | undefined {
  const { limits } = cursor
  const message = readPart(cursor, limits.contactMessageBytes, 'contactRequest.message')
  if (message === undefined) return undefined
  const nickname = readPart(cursor, limits.contactNicknameBytes, 'contactRequest.nickname')
  if (nickname === undefined) return undefined
  const info = readPart(cursor, limits.contactInfoBytes, 'contactRequest.info')
  if (info === undefined) return undefined
  const avatar = readAvatar(cursor, 'contactRequest.avatar')
  if (avatar === undefined) return undefined
  const text = {
    message: readUtf8Lenient(message),
    nickname: readUtf8Lenient(nickname),
    info: readUtf8Lenient(info),
  }
  if (avatar.length === 0) return { type: 'contactRequest', ...text }
  return { type: 'contactRequest', ...text, avatar }
}

export function contactRequestByteLength(frame: ContactRequestFrame, limits: FrameLimits): number {
  return (
    FIXED_BYTES +
    textByteLength(frame.message, limits.contactMessageBytes, 'contactRequest.message') +
    textByteLength(frame.nickname, limits.contactNicknameBytes, 'contactRequest.nickname') +
    textByteLength(frame.info, limits.contactInfoBytes, 'contactRequest.info') +
    atMost(frame.avatar?.length ?? 0, limits.avatarBytes, 'contactRequest.avatar')
  )
}

export function writeContactRequest(target: Uint8Array, at: number, frame: ContactRequestFrame): void {
  const nicknameAt = writePrefixedText(target, at, frame.message)
  const infoAt = writePrefixedText(target, nicknameAt, frame.nickname)
  const avatarAt = writePrefixedText(target, infoAt, frame.info)
  writeAvatar(target, avatarAt, frame.avatar)
}

/** A length and so many bytes; `undefined` when they are not all there. */
function readPart(cursor: FrameCursor, max: number, field: string): Uint8Array | undefined {
  if (!cursor.has(4)) return undefined
  const sizeBytes = cursor.length(0, max, field)
  return cursor.has(sizeBytes) ? cursor.view(sizeBytes) : undefined
}
