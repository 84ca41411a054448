import { WireError } from '../error.js'
import type { Generation } from '../generation.js'
import { checkI32, checkI64, write64 } from '../int.js'
import { newPiece } from '../slab.js'
import { callAnswerByteLength, callOfferByteLength, writeCallAnswer, writeCallOffer } from './call.js'
import { challengeContent, writePrefixed } from './challenge.js'
import { FrameType, HEADER_BYTES } from './codes.js'
import { contactRequestByteLength, writeContactRequest } from './contact.js'
import { fileRangeByteLength, fileRequestByteLength, writeFileRange, writeFileRequest } from './file-request.js'
import { writeHeader } from './header.js'
import { helloByteLength, writeHello } from './hello.js'
import { atMost, infoResponseByteLength, writeInfoResponse } from './info.js'
import { type FrameLimits, frameLimits } from './limits.js'
import { ENCODING_RULES } from './rules.js'
import { checkText, MAX_TEXT_HEAD_BYTES, textHeadByteLength, writeTextHead } from './text.js'
import type { PeerFrame, TextFrame, UnknownFrame } from './types.js'

const KNOWN_CODES: ReadonlySet<number> = new Set(Object.values(FrameType))

/**
 * Bytes of the whole frame, header included.
 * @throws {WireError} `out-of-range`, `length` or `unexpected-type` for a frame that cannot be encoded.
 */
export function frameByteLength(frame: PeerFrame, generation: Generation, limits?: Partial<FrameLimits>): number {
  return HEADER_BYTES + bodyByteLength(frame, generation, frameLimits(limits))
}

/**
 * Encode one frame. Small results share an `ArrayBuffer`, as Node's Buffers do: do not transfer `result.buffer`, and copy
 * what you keep for long.
 * @param limits - raise them together with those of the reader on the other side: what it refuses is refused here.
 * @throws {WireError} `out-of-range`, `length` or `unexpected-type`.
 */
export function encodeFrame(frame: PeerFrame, generation: Generation, limits?: Partial<FrameLimits>): Uint8Array {
  const bodyBytes = bodyByteLength(frame, generation, frameLimits(limits))
  const target = newPiece(HEADER_BYTES + bodyBytes)
  writeFrame(frame, generation, target, 0, bodyBytes)
  return target
}

/**
 * Encode one frame into `target` from `offset` on; return the offset behind it. Nothing is written when it throws.
 * @throws {WireError} `out-of-range`, also when the room does not suffice; `length` or `unexpected-type`.
 */
export function encodeFrameInto(
  frame: PeerFrame,
  generation: Generation,
  target: Uint8Array,
  offset: number,
  limits?: Partial<FrameLimits>,
): number {
  if (frame.type === 'text') {
    const most = offset + HEADER_BYTES + MAX_TEXT_HEAD_BYTES + frame.payload.length
    if (most <= target.length) {
      checkText(frame, frameLimits(limits))
      return writeText(frame, generation, target, offset)
    }
  }
  const bodyBytes = bodyByteLength(frame, generation, frameLimits(limits))
  const end = offset + HEADER_BYTES + bodyBytes
  if (end > target.length) {
    throw new WireError('out-of-range', `target of ${target.length} bytes: ${end} needed for the frame`)
  }
  writeFrame(frame, generation, target, offset, bodyBytes)
  return end
}

/**
 * Encode header and envelope of a text frame; its payload, unchanged, belongs right behind them, so that a large file
 * goes to the socket by reference.
 * @throws {WireError} `out-of-range` or `length`.
 */
export function encodeTextHead(frame: TextFrame, generation: Generation, limits?: Partial<FrameLimits>): Uint8Array {
  checkText(frame, frameLimits(limits))
  const target = newPiece(HEADER_BYTES + textHeadByteLength(frame))
  writeTextHead(target, 0, frame, ENCODING_RULES[generation])
  return target
}

function bodyByteLength(frame: PeerFrame, generation: Generation, limits: FrameLimits): number {
  switch (frame.type) {
    case 'text':
      checkText(frame, limits)
      return textHeadByteLength(frame) + frame.payload.length
    case 'ok':
      checkI64(frame.id, 'ok.id')
      return 8
    case 'ping':
    case 'pong':
    case 'callHang':
      return 0
    case 'hello':
      return helloByteLength(frame)
    case 'challenge':
    case 'challenge2':
    case 'challengeAnswer':
    case 'challengeAnswer2':
      return 4 + challengeContent(frame).length
    case 'infoRequest':
      checkI64(frame.timeSeconds, 'infoRequest.timeSeconds')
      return 8
    case 'infoResponse':
      return infoResponseByteLength(frame, limits)
    case 'callOffer':
      return callOfferByteLength(frame, limits)
    case 'callAnswer':
      return callAnswerByteLength(frame, limits)
    case 'callPacket':
      return 4 + atMost(frame.data.length, limits.callPacketBytes, 'callPacket.data')
    case 'contactRequest':
      checkRequest(frame, generation)
      return contactRequestByteLength(frame, limits)
    case 'contactResponse':
      checkRequest(frame, generation)
      return 1
    case 'fileRequest':
      checkRequest(frame, generation)
      return fileRequestByteLength(frame, limits)
    case 'fileRange':
      checkRequest(frame, generation)
      return fileRangeByteLength(frame, limits)
    case 'streamWanted':
      checkRequest(frame, generation)
      return 0
    case 'unknown':
      return unknownBodyByteLength(frame)
    default:
      // Only callers without types come here.
      throw new WireError('unexpected-type', `type: expected the name of a frame type, got ${nameOf(frame)}`)
  }
}

function checkRequest({ type }: PeerFrame, generation: Generation): void {
  if (ENCODING_RULES[generation].requestFrames) return
  throw new WireError('unexpected-type', `${type}: the ${generation} generation has no such frame`)
}

function nameOf(frame: unknown): string {
  return JSON.stringify((frame as { type?: unknown } | undefined)?.type) ?? 'none'
}

/** Only a header can be written for a frame whose body nobody knows. */
function unknownBodyByteLength({ code, size }: UnknownFrame): 0 {
  checkI32(code, 'unknown.code')
  if (size === 0 && !KNOWN_CODES.has(code)) return 0
  throw new WireError('unexpected-type', `frame of unknown type ${code}: expected a code not known here and size 0`)
}

function writeFrame(
  frame: PeerFrame,
  generation: Generation,
  target: Uint8Array,
  offset: number,
  bodyBytes: number,
): void {
  if (frame.type === 'text') {
    writeText(frame, generation, target, offset)
    return
  }
  const typeCode = frame.type === 'unknown' ? frame.code : FrameType[frame.type]
  const excessBytes = frame.type === 'infoResponse' ? ENCODING_RULES[generation].infoSizeExcessBytes : 0
  const at = writeHeader(target, offset, typeCode, bodyBytes + excessBytes)
  switch (frame.type) {
    case 'ok':
      write64(target, at, frame.id)
      break
    case 'hello':
      writeHello(target, at, frame)
      break
    case 'challenge':
    case 'challenge2':
    case 'challengeAnswer':
    case 'challengeAnswer2':
      writePrefixed(target, at, challengeContent(frame))
      break
    case 'infoRequest':
      write64(target, at, frame.timeSeconds)
      break
    case 'infoResponse':
      writeInfoResponse(target, at, frame)
      break
    case 'callOffer':
      writeCallOffer(target, at, frame)
      break
    case 'callAnswer':
      writeCallAnswer(target, at, frame)
      break
    case 'callPacket':
      writePrefixed(target, at, frame.data)
      break
    case 'contactRequest':
      writeContactRequest(target, at, frame)
      break
    case 'contactResponse':
      target[at] = frame.accepted ? 1 : 0
      break
    case 'fileRequest':
      writeFileRequest(target, at, frame)
      break
    case 'fileRange':
      writeFileRange(target, at, frame)
      break
    case 'ping':
    case 'pong':
    case 'callHang':
    case 'streamWanted':
    case 'unknown':
      break
  }
}

function writeText(frame: TextFrame, generation: Generation, target: Uint8Array, offset: number): number {
  const payloadAt = writeTextHead(target, offset, frame, ENCODING_RULES[generation])
  target.set(frame.payload, payloadAt)
  return payloadAt + frame.payload.length
}
