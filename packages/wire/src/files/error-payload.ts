import { WireError } from '../error.js'
import { readU16, writeU16 } from '../int.js'
import { readUtf8Lenient, utf8ByteLength, writeUtf8 } from '../utf8.js'

const MAX_MESSAGE_BYTES = 0xffff

/**
 * The text in the payload of an error: `length u16 | text`, no TLV. A payload that is shorter than it says has no text, and
 * what is behind the text is ignored: an answer that says "no" is one, however it is made. Source: current protocol §15.1,
 * mediator protocol §3.1.
 */
export function decodeFilesError(payload: Uint8Array): string {
  const messageBytes = payload.length < 2 ? 0 : readU16(payload, 0)
  return messageBytes > payload.length - 2 ? '' : readUtf8Lenient(payload.subarray(2, 2 + messageBytes))
}

/** @throws {WireError} `length` for a text of more than 65,535 bytes. */
export function encodeFilesError(message: string): Uint8Array {
  const messageBytes = utf8ByteLength(message)
  if (messageBytes > MAX_MESSAGE_BYTES) {
    throw new WireError('length', `message: expected at most ${MAX_MESSAGE_BYTES} bytes, got ${messageBytes}`, {
      field: 'message',
    })
  }
  const payload = new Uint8Array(2 + messageBytes)
  writeU16(payload, 0, messageBytes)
  writeUtf8(payload, 2, message, messageBytes)
  return payload
}
