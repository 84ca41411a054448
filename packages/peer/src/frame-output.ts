import { isWireError } from '@mimirjs/wire'
import { encodeFrame, encodeFrameInto, encodeTextHead, frameByteLength, type PeerFrame } from '@mimirjs/wire/peer'
import { PeerError } from './error.js'
import type { FrameWriter } from './frames/frame-writer.js'
import type { SessionContext } from './session-context.js'

/** From this size on a payload goes out by reference. */
const REFERENCE_BYTES = 4096

/** Write a frame of our own accord. @throws {PeerError} `message` when it cannot be encoded; nothing is written then */
export function writeFrame(writer: FrameWriter, frame: PeerFrame, { generation, frames }: SessionContext): void {
  try {
    if (frame.type === 'text' && frame.payload.length >= REFERENCE_BYTES) {
      writer.reference(encodeTextHead(frame, generation, frames))
      writer.reference(frame.payload)
    } else if (frame.type === 'infoResponse' || frame.type === 'contactRequest') {
      writer.reference(encodeFrame(frame, generation, frames))
    } else {
      const at = writer.reserve(frameByteLength(frame, generation, frames))
      encodeFrameInto(frame, generation, writer.bytes, at, frames)
    }
  } catch (cause) {
    // Anything else, such as memory that is not to be had, says nothing about the frame.
    if (!isWireError(cause)) throw cause
    throw new PeerError('message', `cannot be written: ${cause.message}`, { cause })
  }
  writer.commit()
}

/** Write what the other side causes, and could cause without end: it counts against the queue of a slow reader. */
export function writeAnswer(writer: FrameWriter, frame: PeerFrame, { generation }: SessionContext): void {
  const at = writer.reserveAnswer(frameByteLength(frame, generation))
  encodeFrameInto(frame, generation, writer.bytes, at)
  writer.commit()
}
