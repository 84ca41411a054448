import { isWireError } from '@mimirjs/wire'
import { type DataHeader, encodeDataHeader, MessageType } from '@mimirjs/wire/peer'
import { PeerError } from '../error.js'

/** The one message on the data stream that has no OK, or is not written to its end. */
export class DataWindow {
  readonly guid: bigint
  readonly messageType: number
  readonly byteLength: number
  /** When its last byte was handed to the network. */
  writtenMs: number | undefined = undefined
  /** Its OK came before its end: nobody has all of it, but it is not ours to say what they keep. */
  isAcknowledged = false

  constructor(guid: bigint, messageType: number, byteLength: number) {
    this.guid = guid
    this.messageType = messageType
    this.byteLength = byteLength
  }
}

/**
 * What goes in front of a payload on the data stream.
 * @param maxMessageBytes - of a payload that the other side collects; files may have any length that a header can say
 * @throws {PeerError} `message`
 */
export function encodeHeader(header: DataHeader, maxMessageBytes: number): Uint8Array {
  if (header.guid === 0n) throw new PeerError('message', 'cannot be written: nobody can acknowledge guid 0')
  if (header.messageType !== MessageType.fileResponse && header.dataBytes > maxMessageBytes) {
    const given = `a payload of ${header.dataBytes} bytes`
    throw new PeerError('message', `cannot be written: ${given}, the ceiling is ${maxMessageBytes}`)
  }
  try {
    return encodeDataHeader(header)
  } catch (cause) {
    if (!isWireError(cause)) throw cause
    throw new PeerError('message', `cannot be written: ${cause.message}`, { cause })
  }
}
