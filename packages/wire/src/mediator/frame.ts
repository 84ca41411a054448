import { WireError } from '../error.js'
import { decodeFilesError, encodeFilesError } from '../files/error-payload.js'
import { checkUint, readU16, readU32, write32, writeU16 } from '../int.js'
import { newPiece } from '../slab.js'
import {
  MAX_MEDIATOR_REQUEST_BYTES,
  MAX_MEDIATOR_RESPONSE_BYTES,
  MediatorCommand,
  type MediatorCommandName,
  type MediatorDialect,
  MediatorPush,
  type MediatorPushName,
  MediatorStatus,
} from './codes.js'
import { layoutOf } from './payload.js'
import type { MediatorPushes, MediatorRequests, MediatorResponses } from './types.js'

/** Bytes in front of the payload of an answer or a push, in every dialect. */
export const MEDIATOR_RESPONSE_HEADER_BYTES = 7
/** First byte of every request in `binary`. */
export const BINARY_FRAME_VERSION = 0x01

export interface MediatorRequestFrame {
  /** See `MediatorCommand`; servers answer others with an error. */
  readonly command: number
  /** 0 to 65,535, chosen by the client and repeated in the answer. */
  readonly requestId: number
  readonly payload: Uint8Array
}

export interface MediatorResponseFrame {
  /** See `MediatorStatus`. */
  readonly status: number
  /** The id of the request that is answered, or the code of a push. */
  readonly id: number
  readonly payload: Uint8Array
}

/** Bytes in front of the payload of a request: `binary` has a version byte more. */
export function requestHeaderBytes(dialect: MediatorDialect): number {
  return dialect === 'binary' ? 8 : 7
}

/** The status byte of pushes, and the reason for two TLV dialects. */
export function pushStatus(dialect: MediatorDialect): number {
  return dialect === 'tlv-push' ? MediatorStatus.push : MediatorStatus.ok
}

/**
 * The payload of an error, in every dialect: `length u16 | text`. Source: mediator protocol §3.1.
 * @throws {WireError} `length` for a text of more than 65,535 bytes.
 */
export function encodeMediatorError(text: string): Uint8Array {
  return encodeFilesError(text)
}

/** The text of an error; one that is shorter than it says has none. Throws nothing. */
export function decodeMediatorError(payload: Uint8Array): string {
  return decodeFilesError(payload)
}

/**
 * `command u8 | requestId u16 | length u32 | payload`, in `binary` behind a version byte 01; written once.
 * @throws {WireError} as `encodeRequestPayload`; `out-of-range` for an id that is no u16; `frame-too-large`.
 */
export function encodeRequestFrame<K extends MediatorCommandName>(
  dialect: MediatorDialect,
  requestId: number,
  command: K,
  value: MediatorRequests[K],
): Uint8Array {
  const headerBytes = requestHeaderBytes(dialect)
  const frame = layoutOf('request', dialect, command).encodeBehind(value, headerBytes)
  const payloadBytes = checkPayloadBytes(frame.length - headerBytes, MAX_MEDIATOR_REQUEST_BYTES[dialect])
  writeRequestHeader(frame, headerBytes, MediatorCommand[command], requestId, payloadBytes)
  return frame
}

/** `00 | requestId u16 | length u32 | payload`. @throws {WireError} as {@link encodeRequestFrame} */
export function encodeResponseFrame<K extends MediatorCommandName>(
  dialect: MediatorDialect,
  requestId: number,
  command: K,
  value: MediatorResponses[K],
): Uint8Array {
  const frame = layoutOf('response', dialect, command).encodeBehind(value, MEDIATOR_RESPONSE_HEADER_BYTES)
  return writeResponseHeader(frame, MediatorStatus.ok, requestId)
}

/** `status | code u16 | length u32 | payload`, the status being 02 in `tlv-push` and 00 elsewhere. @throws {WireError} */
export function encodePushFrame<K extends MediatorPushName>(
  dialect: MediatorDialect,
  push: K,
  value: MediatorPushes[K],
): Uint8Array {
  const frame = layoutOf('push', dialect, push).encodeBehind(value, MEDIATOR_RESPONSE_HEADER_BYTES)
  return writeResponseHeader(frame, pushStatus(dialect), MediatorPush[push])
}

/** `01 | requestId u16 | length u32 | length u16 | text`. @throws {WireError} as {@link encodeMediatorError} */
export function encodeErrorFrame(requestId: number, text: string): Uint8Array {
  return encodeMediatorResponse({ status: MediatorStatus.error, id: requestId, payload: encodeMediatorError(text) })
}

/**
 * The 7 bytes in front of an answer whose payload, of `payloadBytes` bytes, follows in pieces of its own.
 * @throws {WireError} `out-of-range` or `frame-too-large`
 */
export function encodeResponseHeader(requestId: number, payloadBytes: number): Uint8Array {
  checkPayloadBytes(payloadBytes, MAX_MEDIATOR_RESPONSE_BYTES)
  const header = newPiece(MEDIATOR_RESPONSE_HEADER_BYTES)
  writeHeader(header, 0, MediatorStatus.ok, requestId, payloadBytes)
  return header
}

/** A request of any command. @throws {WireError} `out-of-range` or `frame-too-large` */
export function encodeMediatorRequest(
  dialect: MediatorDialect,
  { command, requestId, payload }: MediatorRequestFrame,
): Uint8Array {
  const headerBytes = requestHeaderBytes(dialect)
  const frame = newPiece(headerBytes + checkPayloadBytes(payload.length, MAX_MEDIATOR_REQUEST_BYTES[dialect]))
  writeRequestHeader(frame, headerBytes, checkUint(command, 0xff, 'command'), requestId, payload.length)
  frame.set(payload, headerBytes)
  return frame
}

/** An answer or push of any kind. @throws {WireError} `unexpected-type` for a status that is none, `out-of-range`, `frame-too-large` */
export function encodeMediatorResponse({ status, id, payload }: MediatorResponseFrame): Uint8Array {
  checkStatus(status)
  const frame = newPiece(
    MEDIATOR_RESPONSE_HEADER_BYTES + checkPayloadBytes(payload.length, MAX_MEDIATOR_RESPONSE_BYTES),
  )
  frame.set(payload, MEDIATOR_RESPONSE_HEADER_BYTES)
  return writeResponseHeader(frame, status, id)
}

/**
 * Decode bytes that are exactly one request; `payload` is a view into them.
 * @throws {WireError} `truncated` or `trailing` when it is less or more than one frame; `frame-too-large`; `unexpected-type`
 * for another version than 01 in `binary`.
 */
export function decodeMediatorRequest(dialect: MediatorDialect, bytes: Uint8Array): MediatorRequestFrame {
  const headerBytes = requestHeaderBytes(dialect)
  if (dialect === 'binary' && bytes.length > 0) checkVersion(bytes[0]!)
  const payload = onlyPayload(bytes, headerBytes, MAX_MEDIATOR_REQUEST_BYTES[dialect])
  return { command: bytes[headerBytes - 7]!, requestId: readU16(bytes, headerBytes - 6), payload }
}

/**
 * Decode bytes that are exactly one answer or push; `payload` is a view into them.
 * @throws {WireError} `truncated`, `trailing`, `frame-too-large`, or `unexpected-type` for a status that is none.
 */
export function decodeMediatorResponse(bytes: Uint8Array): MediatorResponseFrame {
  if (bytes.length > 0) checkStatus(bytes[0]!)
  const payload = onlyPayload(bytes, MEDIATOR_RESPONSE_HEADER_BYTES, MAX_MEDIATOR_RESPONSE_BYTES)
  return { status: bytes[0]!, id: readU16(bytes, 1), payload }
}

/** @throws {WireError} `unexpected-type` */
export function checkVersion(version: number): void {
  if (version === BINARY_FRAME_VERSION) return
  throw new WireError('unexpected-type', `version: expected ${BINARY_FRAME_VERSION}, got ${version}`, {
    field: 'version',
  })
}

/** @throws {WireError} `unexpected-type` */
export function checkStatus(status: number): number {
  if (status === MediatorStatus.ok || status === MediatorStatus.error || status === MediatorStatus.push) return status
  throw new WireError('unexpected-type', `status: expected 0, 1 or 2, got ${status}`, { field: 'status' })
}

/** @throws {WireError} `frame-too-large` */
export function checkPayloadBytes(payloadBytes: number, max: number): number {
  if (payloadBytes <= max) return payloadBytes
  throw new WireError('frame-too-large', `payload: expected at most ${max} bytes, got ${payloadBytes}`)
}

/** Fill in the header of a whole frame. */
function writeResponseHeader(frame: Uint8Array, status: number, id: number): Uint8Array {
  const payloadBytes = frame.length - MEDIATOR_RESPONSE_HEADER_BYTES
  writeHeader(frame, 0, status, id, checkPayloadBytes(payloadBytes, MAX_MEDIATOR_RESPONSE_BYTES))
  return frame
}

function writeRequestHeader(
  frame: Uint8Array,
  headerBytes: number,
  command: number,
  requestId: number,
  payloadBytes: number,
): void {
  if (headerBytes === 8) frame[0] = BINARY_FRAME_VERSION
  writeHeader(frame, headerBytes - 7, command, requestId, payloadBytes)
}

function writeHeader(frame: Uint8Array, at: number, code: number, id: number, payloadBytes: number): void {
  frame[at] = code
  writeU16(frame, at + 1, checkUint(id, 0xffff, 'requestId'))
  write32(frame, at + 3, payloadBytes)
}

function onlyPayload(bytes: Uint8Array, headerBytes: number, max: number): Uint8Array {
  if (bytes.length < headerBytes) throw truncated(headerBytes, bytes.length)
  const frameBytes = headerBytes + checkPayloadBytes(readU32(bytes, headerBytes - 4), max)
  if (frameBytes > bytes.length) throw truncated(frameBytes, bytes.length)
  if (frameBytes < bytes.length) {
    throw new WireError('trailing', `frame of ${frameBytes} bytes: ${bytes.length - frameBytes} are left over`)
  }
  return bytes.subarray(headerBytes)
}

function truncated(expectedBytes: number, gotBytes: number): WireError {
  return new WireError('truncated', `frame: expected at least ${expectedBytes} bytes, got ${gotBytes}`)
}
