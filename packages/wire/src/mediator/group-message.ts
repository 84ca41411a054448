import { WireError } from '../error.js'
import { readU32 } from '../int.js'
import { HEADER_BYTES } from '../peer/codes.js'
import { readEnvelope } from '../peer/envelope.js'
import { DEFAULT_FRAME_LIMITS, type FrameLimits } from '../peer/limits.js'
import { ENCODING_RULES } from '../peer/rules.js'
import { checkText, textHeadByteLength, writeTextHead } from '../peer/text.js'
import type { TextFrame } from '../peer/types.js'
import { newPiece } from '../slab.js'
import { MAX_MEDIATOR_RESPONSE_BYTES } from './codes.js'

/** A message inside its encryption: what a text frame between two people says. */
export type GroupMessage = Omit<TextFrame, 'type'>

const LIMITS: FrameLimits = {
  ...DEFAULT_FRAME_LIMITS,
  payloadBytes: MAX_MEDIATOR_RESPONSE_BYTES,
  attachmentPayloadBytes: MAX_MEDIATOR_RESPONSE_BYTES,
}
const LENGTH_BYTES = 4

/**
 * The plaintext of a message, to be encrypted with the key of the group: a text frame as the classic generation writes it.
 * Source: mediator protocol §19.1.
 * @throws {WireError} `out-of-range` or `length`
 */
export function encodeGroupMessage(message: GroupMessage): Uint8Array {
  const frame: TextFrame = { ...message, type: 'text' }
  checkText(frame, LIMITS)
  const headBytes = HEADER_BYTES + textHeadByteLength(frame)
  const target = newPiece(headBytes + frame.payload.length)
  writeTextHead(target, 0, frame, ENCODING_RULES.classic)
  target.set(frame.payload, headBytes)
  return target
}

/**
 * Read a plaintext: `stream i32 | type i32 | size i64 | length u32 | envelope (JSON) | payload`. The first three mean nothing,
 * keys may come in any order and among others, bytes behind the payload are ignored. `payload` is a view.
 * @throws {WireError} `truncated`, `length`, `json` or `json-field`
 */
export function decodeGroupMessage(plaintext: Uint8Array): GroupMessage {
  const envelopeAt = HEADER_BYTES + LENGTH_BYTES
  if (plaintext.length < envelopeAt) throw truncated('header', envelopeAt, plaintext.length)
  const envelopeBytes = readU32(plaintext, HEADER_BYTES)
  if (envelopeBytes > LIMITS.envelopeBytes) {
    throw new WireError('length', `envelope: expected at most ${LIMITS.envelopeBytes} bytes, got ${envelopeBytes}`, {
      field: 'envelope',
    })
  }
  const payloadAt = envelopeAt + envelopeBytes
  if (payloadAt > plaintext.length) throw truncated('envelope', envelopeBytes, plaintext.length - envelopeAt)
  const { payloadSizeBytes, ...message } = readEnvelope(plaintext, envelopeAt, payloadAt)
  const left = plaintext.length - payloadAt
  if (payloadSizeBytes > left) throw truncated('payload', payloadSizeBytes, left)
  return { ...message, payload: plaintext.subarray(payloadAt, payloadAt + payloadSizeBytes) }
}

function truncated(field: string, expectedBytes: number, gotBytes: number): WireError {
  return new WireError('truncated', `${field}: expected ${expectedBytes} bytes, got ${gotBytes}`, { field })
}
