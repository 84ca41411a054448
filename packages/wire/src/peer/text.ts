import { WireError } from '../error.js'
import { checkI32, checkI64, readI32, write32 } from '../int.js'
import { FrameType, HEADER_BYTES, isAttachment } from './codes.js'
import type { FrameCursor } from './cursor.js'
import { type Envelope, envelopeByteLength, MAX_ENVELOPE_BYTES, readEnvelope, writeEnvelope } from './envelope.js'
import { writeHeader } from './header.js'
import { atMost } from './info.js'
import type { FrameLimits } from './limits.js'
import type { EncodingRules } from './rules.js'
import type { TextFrame } from './types.js'

const SHORTEST_ENVELOPE_BYTES = 2
/** What the header's size counts for the fields that the envelope replaced long ago. */
const LEGACY_FIELDS_BYTES = 16

/**
 * `length i32 | envelope | payload`; the payload's length stands in the envelope, never in the header. Source: peer
 * protocol sections 3.1 and 6.
 */
export function readText(cursor: FrameCursor): TextFrame | undefined {
  const { limits } = cursor
  if (!cursor.has(4)) return undefined
  const envelopeBytes = cursor.length(SHORTEST_ENVELOPE_BYTES, limits.envelopeBytes, 'text.envelope')
  if (!cursor.has(envelopeBytes)) return undefined
  const envelope = readEnvelope(cursor.bytes, cursor.at, cursor.at + envelopeBytes)
  cursor.at += envelopeBytes
  atMost(envelope.payloadSizeBytes, payloadLimit(envelope.messageType, limits), 'text.payload')
  if (!cursor.has(envelope.payloadSizeBytes)) return undefined
  return {
    type: 'text',
    guid: envelope.guid,
    replyTo: envelope.replyTo,
    sendTimeMs: envelope.sendTimeMs,
    editTimeMs: envelope.editTimeMs,
    messageType: envelope.messageType,
    payload: cursor.view(envelope.payloadSizeBytes),
  }
}

/** @throws {WireError} `out-of-range` or `length` for a frame that cannot be encoded. */
export function checkText(frame: TextFrame, limits: FrameLimits): void {
  checkI64(frame.guid, 'text.guid')
  if (frame.guid === 0n) {
    throw new WireError('out-of-range', 'text.guid: expected a number other than 0n, which nobody can acknowledge', {
      field: 'text.guid',
    })
  }
  checkI64(frame.replyTo, 'text.replyTo')
  checkI64(frame.sendTimeMs, 'text.sendTimeMs')
  checkI64(frame.editTimeMs, 'text.editTimeMs')
  checkI32(frame.messageType, 'text.messageType')
  atMost(frame.payload.length, payloadLimit(frame.messageType, limits), 'text.payload')
}

/** Length of the body without the payload, of a frame that has been checked. */
export function textHeadByteLength(frame: TextFrame): number {
  return 4 + envelopeByteLength(envelopeOf(frame))
}

/** No {@link textHeadByteLength} is larger: where there is so much room, none has to be measured. */
export const MAX_TEXT_HEAD_BYTES: number = 4 + MAX_ENVELOPE_BYTES

/** The `size` that the header of this frame carries: see {@link EncodingRules.textSizeExact}. */
function headerSize(frame: TextFrame, headBytes: number, rules: EncodingRules): number {
  if (rules.textSizeExact) return headBytes + frame.payload.length
  return (
    LEGACY_FIELDS_BYTES + (isAttachment(frame.messageType) ? storedByteLength(frame.payload) : frame.payload.length)
  )
}

/** Header, length and envelope at `at`; returns the offset of the payload, which is left to the caller. */
export function writeTextHead(target: Uint8Array, at: number, frame: TextFrame, rules: EncodingRules): number {
  const envelopeAt = at + HEADER_BYTES + 4
  const end = writeEnvelope(target, envelopeAt, envelopeOf(frame), rules)
  write32(target, envelopeAt - 4, end - envelopeAt)
  writeHeader(target, at, FrameType.text, headerSize(frame, end - at - HEADER_BYTES, rules))
  return end
}

/** Bytes of an attachment as the sender keeps it: the metadata. One that holds no metadata counts as a whole. */
function storedByteLength(payload: Uint8Array): number {
  if (payload.length < 4) return payload.length
  const metadataBytes = readI32(payload, 0)
  return metadataBytes >= 0 && metadataBytes <= payload.length - 4 ? metadataBytes : payload.length
}

function payloadLimit(messageType: number, limits: FrameLimits): number {
  return isAttachment(messageType) ? limits.attachmentPayloadBytes : limits.payloadBytes
}

function envelopeOf(frame: TextFrame): Envelope {
  const { guid, replyTo, sendTimeMs, editTimeMs, messageType, payload } = frame
  return { guid, replyTo, sendTimeMs, editTimeMs, messageType, payloadSizeBytes: payload.length }
}
