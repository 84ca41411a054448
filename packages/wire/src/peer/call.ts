import { checkI32, write32 } from '../int.js'
import { readUtf8Lenient } from '../utf8.js'
import type { FrameCursor } from './cursor.js'
import { textByteLength, writePrefixedText } from './info.js'
import type { FrameLimits } from './limits.js'
import type { CallAnswerFrame, CallOfferFrame, CallPacketFrame } from './types.js'

/** `length i32 | mimeType | sampleRate i32 | channelCount i32`. Source: peer protocol section 5.8. */
export function readCallOffer(cursor: FrameCursor): CallOfferFrame | undefined {
  if (!cursor.has(4)) return undefined
  const mimeTypeBytes = cursor.length(0, cursor.limits.mimeTypeBytes, 'callOffer.mimeType')
  if (!cursor.has(mimeTypeBytes + 8)) return undefined
  const mimeType = readUtf8Lenient(cursor.view(mimeTypeBytes))
  return { type: 'callOffer', mimeType, sampleRate: cursor.i32(), channelCount: cursor.i32() }
}

export function callOfferByteLength(frame: CallOfferFrame, limits: FrameLimits): number {
  checkI32(frame.sampleRate, 'callOffer.sampleRate')
  checkI32(frame.channelCount, 'callOffer.channelCount')
  return 12 + textByteLength(frame.mimeType, limits.mimeTypeBytes, 'callOffer.mimeType')
}

export function writeCallOffer(target: Uint8Array, at: number, frame: CallOfferFrame): void {
  const position = writePrefixedText(target, at, frame.mimeType)
  write32(target, position, frame.sampleRate)
  write32(target, position + 4, frame.channelCount)
}

/** `accepted u8 | length i32 | error`; any byte but 0 accepts. Source: peer protocol section 5.9. */
export function readCallAnswer(cursor: FrameCursor): CallAnswerFrame | undefined {
  if (!cursor.has(5)) return undefined
  const accepted = cursor.u8() !== 0
  const errorBytes = cursor.length(0, cursor.limits.callErrorBytes, 'callAnswer.error')
  if (!cursor.has(errorBytes)) return undefined
  return { type: 'callAnswer', accepted, error: readUtf8Lenient(cursor.view(errorBytes)) }
}

export function callAnswerByteLength(frame: CallAnswerFrame, limits: FrameLimits): number {
  return 5 + textByteLength(frame.error, limits.callErrorBytes, 'callAnswer.error')
}

export function writeCallAnswer(target: Uint8Array, at: number, frame: CallAnswerFrame): void {
  target[at] = frame.accepted ? 1 : 0
  writePrefixedText(target, at + 1, frame.error)
}

/** `length i32 | data`. Source: peer protocol section 5.10. */
export function readCallPacket(cursor: FrameCursor): CallPacketFrame | undefined {
  if (!cursor.has(4)) return undefined
  const dataBytes = cursor.length(0, cursor.limits.callPacketBytes, 'callPacket.data')
  return cursor.has(dataBytes) ? { type: 'callPacket', data: cursor.view(dataBytes) } : undefined
}
