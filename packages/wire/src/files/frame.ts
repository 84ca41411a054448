import { WireError } from '../error.js'
import { checkUint, readU16, readU32, write32, writeU16 } from '../int.js'
import { newPiece } from '../slab.js'
import type { TlvCodec, TlvTable, TlvValue } from '../tlv/index.js'
import { FilesStatus, MAX_FILES_PAYLOAD_BYTES } from './codes.js'

/** Bytes in front of a payload. */
export const FILES_HEADER_BYTES = 7

export interface FilesRequest {
  /** See `FilesCommand`; a server answers others with an error. */
  readonly command: number
  /** 0 to 65,535, chosen by the client and repeated in every answer. */
  readonly requestId: number
  readonly payload: Uint8Array
}

export interface FilesResponse {
  /** See `FilesStatus`. */
  readonly status: number
  /** Id of the request that is answered. */
  readonly requestId: number
  readonly payload: Uint8Array
}

/**
 * `command u8 | requestId u16 | length u32 | payload`. Source: current protocol §15.1.
 * @throws {WireError} `out-of-range` or `frame-too-large`.
 */
export function encodeFilesRequest({ command, requestId, payload }: FilesRequest): Uint8Array {
  return encodePayload(checkUint(command, 0xff, 'command'), requestId, payload)
}

/**
 * `status u8 | requestId u16 | length u32 | payload`. Source: current protocol §15.1.
 * @throws {WireError} `unexpected-type` for a status that is none, `out-of-range` or `frame-too-large`.
 */
export function encodeFilesResponse({ status, requestId, payload }: FilesResponse): Uint8Array {
  return encodePayload(checkStatus(status), requestId, payload)
}

/**
 * A whole frame with a message in it, written once: chunks of a file are not copied twice.
 * @param code - a command, or a status. @throws {WireError} as the codec, and as the encoders of frames.
 * @example
 * encodeFilesMessage(FilesCommand.upload, requestId, uploadRequest, { fileHash, guid, offsetBytes, totalBytes, chunk })
 */
export function encodeFilesMessage<T extends TlvTable>(
  code: number,
  requestId: number,
  codec: TlvCodec<T>,
  message: TlvValue<T>,
): Uint8Array {
  return withHeader(code, requestId, codec.encodeBehind(message, FILES_HEADER_BYTES))
}

/**
 * Decode bytes that are exactly one request; `payload` is a view into them.
 * @throws {WireError} `truncated` or `trailing` when it is less or more than one frame; `frame-too-large`.
 */
export function decodeFilesRequest(bytes: Uint8Array): FilesRequest {
  checkWhole(bytes)
  return { command: bytes[0]!, requestId: readU16(bytes, 1), payload: bytes.subarray(FILES_HEADER_BYTES) }
}

/**
 * Decode bytes that are exactly one response; `payload` is a view into them.
 * @throws {WireError} as {@link decodeFilesRequest}; `unexpected-type` for a status that is none.
 */
export function decodeFilesResponse(bytes: Uint8Array): FilesResponse {
  checkWhole(bytes)
  return { status: checkStatus(bytes[0]!), requestId: readU16(bytes, 1), payload: bytes.subarray(FILES_HEADER_BYTES) }
}

/** @throws {WireError} `unexpected-type` */
function checkStatus(status: number): number {
  if (status === FilesStatus.ok || status === FilesStatus.error) return status
  throw new WireError('unexpected-type', `status: expected 0 or 1, got ${status}`, { field: 'status' })
}

/** @throws {WireError} `frame-too-large` */
export function checkPayloadBytes(payloadBytes: number, max: number): number {
  if (payloadBytes <= max) return payloadBytes
  throw new WireError('frame-too-large', `payload: expected at most ${max} bytes, got ${payloadBytes}`)
}

function encodePayload(code: number, requestId: number, payload: Uint8Array): Uint8Array {
  const frame = newPiece(FILES_HEADER_BYTES + checkPayloadBytes(payload.length, MAX_FILES_PAYLOAD_BYTES))
  frame.set(payload, FILES_HEADER_BYTES)
  return withHeader(code, requestId, frame)
}

/** Fill in the header of a whole frame. */
function withHeader(code: number, requestId: number, frame: Uint8Array): Uint8Array {
  const payloadBytes = checkPayloadBytes(frame.length - FILES_HEADER_BYTES, MAX_FILES_PAYLOAD_BYTES)
  frame[0] = checkUint(code, 0xff, 'code')
  writeU16(frame, 1, checkUint(requestId, 0xffff, 'requestId'))
  write32(frame, 3, payloadBytes)
  return frame
}

function checkWhole(bytes: Uint8Array): void {
  if (bytes.length < FILES_HEADER_BYTES) throw truncated(FILES_HEADER_BYTES, bytes.length)
  const frameBytes = FILES_HEADER_BYTES + checkPayloadBytes(readU32(bytes, 3), MAX_FILES_PAYLOAD_BYTES)
  if (frameBytes > bytes.length) throw truncated(frameBytes, bytes.length)
  if (frameBytes === bytes.length) return
  throw new WireError('trailing', `frame of ${frameBytes} bytes: ${bytes.length - frameBytes} are left over`)
}

function truncated(expectedBytes: number, gotBytes: number): WireError {
  return new WireError('truncated', `frame: expected at least ${expectedBytes} bytes, got ${gotBytes}`)
}
