import { WireError } from '../error.js'
import { readCallAnswer, readCallOffer, readCallPacket } from './call.js'
import { readChallenge, readChallengeAnswer } from './challenge.js'
import { FrameType, HEADER_BYTES } from './codes.js'
import { readContactRequest } from './contact.js'
import { FrameCursor } from './cursor.js'
import { readFileRange, readFileRequest } from './file-request.js'
import { readSize, readTypeCode } from './header.js'
import { readHello } from './hello.js'
import { readInfoResponse } from './info.js'
import { type FrameLimits, frameLimits } from './limits.js'
import { readText } from './text.js'
import type { PeerFrame, UnknownFrame } from './types.js'

/**
 * Read the frame at the cursor, or return `undefined` and set `cursor.neededBytes`. A frame that comes with
 * `cursor.skipBytes` is whole only once so many bytes behind `cursor.at` have been dropped.
 * @throws {WireError} at the first field that is wrong, whether or not the rest has arrived.
 */
export function readFrame(cursor: FrameCursor): PeerFrame | undefined {
  if (!cursor.has(HEADER_BYTES)) return undefined
  const typeCode = readTypeCode(cursor.bytes, cursor.at)
  const size = readSize(cursor.bytes, cursor.at)
  cursor.at += HEADER_BYTES
  switch (typeCode) {
    case FrameType.text:
      return readText(cursor)
    case FrameType.ok:
      return cursor.has(8) ? { type: 'ok', id: cursor.i64() } : undefined
    case FrameType.ping:
      return { type: 'ping' }
    case FrameType.pong:
      return { type: 'pong' }
    case FrameType.callPacket:
      return readCallPacket(cursor)
    case FrameType.hello:
      return readHello(cursor, size)
    case FrameType.challenge:
      return readChallenge(cursor, 'challenge')
    case FrameType.challengeAnswer:
      return readChallengeAnswer(cursor, 'challengeAnswer')
    case FrameType.challenge2:
      return readChallenge(cursor, 'challenge2')
    case FrameType.challengeAnswer2:
      return readChallengeAnswer(cursor, 'challengeAnswer2')
    case FrameType.infoRequest:
      return cursor.has(8) ? { type: 'infoRequest', timeSeconds: cursor.i64() } : undefined
    case FrameType.infoResponse:
      return readInfoResponse(cursor)
    case FrameType.callOffer:
      return readCallOffer(cursor)
    case FrameType.callAnswer:
      return readCallAnswer(cursor)
    case FrameType.callHang:
      return { type: 'callHang' }
    case FrameType.contactRequest:
    case FrameType.contactResponse:
    case FrameType.fileRequest:
    case FrameType.fileRange:
    case FrameType.streamWanted:
      return cursor.requestFrames ? readRequestFrame(cursor, typeCode) : readUnknown(cursor, typeCode, size)
    default:
      return readUnknown(cursor, typeCode, size)
  }
}

function readRequestFrame(cursor: FrameCursor, typeCode: number): PeerFrame | undefined {
  switch (typeCode) {
    case FrameType.contactRequest:
      return readContactRequest(cursor)
    case FrameType.fileRequest:
      return readFileRequest(cursor)
    case FrameType.fileRange:
      return readFileRange(cursor)
    case FrameType.streamWanted:
      return { type: 'streamWanted' }
    default:
      return cursor.has(1) ? { type: 'contactResponse', accepted: cursor.u8() !== 0 } : undefined
  }
}

function readUnknown(cursor: FrameCursor, code: number, size: number): UnknownFrame {
  const ceiling = cursor.limits.unknownBytes
  if (size > ceiling) {
    throw new WireError('header-size', `frame of unknown type ${code}: expected at most ${ceiling} bytes, got ${size}`)
  }
  cursor.skipBytes = size
  return { type: 'unknown', code, size }
}

/**
 * Decode bytes that are exactly one frame. Byte fields of the result are views into `bytes`.
 * @throws {WireError} `truncated` or `trailing` when it is less or more than one frame; else as {@link FrameReader}.
 */
export function decodeFrame(bytes: Uint8Array, limits?: Partial<FrameLimits>): PeerFrame {
  const cursor = new FrameCursor(frameLimits(limits))
  cursor.reset(bytes, 0, bytes.length)
  const frame = readFrame(cursor)
  const end = cursor.at + cursor.skipBytes
  if (frame === undefined || end > bytes.length) {
    const needed = frame === undefined ? cursor.neededBytes : end
    throw new WireError('truncated', `frame: expected at least ${needed} bytes, got ${bytes.length}`)
  }
  if (end < bytes.length) throw new WireError('trailing', `frame of ${end} bytes: ${bytes.length - end} are left over`)
  return frame
}
