import { decodeFrame, encodeFrame, encodeFrameInto, type TextFrame } from '@mimirjs/wire/peer'
import type { Codec } from './messages.js'

/** Our TEXT frame: a JSON envelope that keeps 64-bit numbers exact, and the payload behind it. */
export function textCodec(): Codec<TextFrame> {
  return {
    prepare: ({ guid, timestamp, blob }) => ({
      type: 'text',
      guid: BigInt.asIntN(64, guid),
      replyTo: 0n,
      sendTimeMs: timestamp,
      editTimeMs: 0n,
      messageType: 0,
      payload: blob,
    }),
    encode: (frame) => encodeFrame(frame, 'classic'),
    decode(bytes) {
      const frame = decodeFrame(bytes)
      if (frame.type !== 'text') throw new Error(`expected a text frame, got ${frame.type}`)
      return frame
    },
    touch: ({ guid, replyTo, sendTimeMs, editTimeMs, messageType, payload }) =>
      (guid ? 0 : 1) +
      (replyTo ? 1 : 0) +
      (sendTimeMs ? 0 : 1) +
      (editTimeMs ? 1 : 0) +
      messageType +
      payload[payload.length - 1]!,
  }
}

/** Encode into memory that the caller keeps; returns the end. */
export function encodeTextInto(frame: TextFrame, target: Uint8Array): number {
  return encodeFrameInto(frame, 'classic', target, 0)
}
