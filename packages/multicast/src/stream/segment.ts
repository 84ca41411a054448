/**
 * The bytes of the stream layer. A segment is the payload of one session data packet (multicast protocol §4.3); it is
 * ours alone, and begins with a label that no text in UTF-8 begins with. All integers are unsigned big-endian.
 *
 * | Offset | Len | Field    | Content                                                                           |
 * |--------|-----|----------|-----------------------------------------------------------------------------------|
 * | 0      | 4   | label    | ff 6d 73 01; the last byte is the version                                         |
 * | 4      | 1   | type     | {@link SegmentType}                                                               |
 * | 5      | 8   | streamId | random, chosen by the side that opens; a stream is known by peer key and this     |
 * | 13     | 4   | number   | 1 for the first segment this side sends in the stream, one more for each other    |
 * | 17     | 4   | echo     | the highest number that came from the other side; 0 before any                    |
 * | 21     | 6   | offset   | DATA: place of its first byte; FIN: length of the direction; else the next to send |
 * | 27     | 6   | ack      | all before this place has come; the end of a direction counts as one byte         |
 * | 33     | 4   | window   | bytes from `ack` on that there is room for                                        |
 * | 37     | n   | body     | by type                                                                           |
 *
 * | Type | Name   | Body                                            | Answered by                                  |
 * |------|--------|-------------------------------------------------|----------------------------------------------|
 * | 1    | OPEN   | none                                            | ACCEPT or RESET                              |
 * | 2    | ACCEPT | none                                            | ACK                                          |
 * | 3    | DATA   | 1 or more bytes of the stream                   | ACK, soon                                    |
 * | 4    | ACK    | 0 to 64 ranges of 10 bytes, see {@link Range}   | –                                            |
 * | 5    | FIN    | none: this direction has ended                  | ACK                                          |
 * | 6    | RESET  | it has 14 bytes: byte 13 is a {@link ResetReason} | `aborted` by `done`, others not            |
 * | 7    | PING   | none                                            | ACK, at once                                 |
 *
 * Every segment but RESET carries number, echo, ack and window. Any other size or type is dropped.
 */
export const STREAM_LABEL: Uint8Array = Uint8Array.of(0xff, 0x6d, 0x73, 0x01)

export const SegmentType = { open: 1, accept: 2, data: 3, ack: 4, fin: 5, reset: 6, ping: 7 } as const
export type SegmentType = (typeof SegmentType)[keyof typeof SegmentType]

export const ResetReason = {
  /** The sender gave the stream up. Repeated until it is answered by `done`. */
  aborted: 0,
  /** Nobody takes streams here. */
  refused: 1,
  /** The sender does not know this stream: it has been started anew, or forgot it long after its end. */
  unknown: 2,
  /** A limit of the sender is reached. */
  busy: 3,
  /** The receiver broke the rules of this layer. Repeated as `aborted` is. */
  broken: 4,
  /** Answer to `aborted` and `broken`. */
  done: 5,
} as const
export type ResetReason = (typeof ResetReason)[keyof typeof ResetReason]

export const STREAM_ID_BYTES = 8
/** Bytes before the body of every segment but RESET. */
export const SEGMENT_HEAD_BYTES = 37
export const RESET_BYTES = 14
/** Ranges in one ACK, at most. */
export const MAX_RANGES = 64
export const RANGE_BYTES = 10
const TYPE_AT = 4
const ID_AT = 5
const NUMBER_AT = 13
const U32 = 0x1_0000_0000

/** Bytes from `start` up to, not including, `end` that came behind a gap. On the wire: start (6), length (4). */
export interface Range {
  readonly start: number
  readonly end: number
}

export interface ResetSegment {
  readonly type: typeof SegmentType.reset
  /** The eight bytes of the id, as characters of one byte. */
  readonly streamId: string
  readonly reason: ResetReason
}

/** What every segment says about its sender. */
export interface SegmentHead {
  readonly number: number
  readonly echo: number
  readonly offset: number
  readonly ack: number
  readonly window: number
}

export interface FlowSegment extends SegmentHead {
  readonly type: Exclude<SegmentType, typeof SegmentType.reset>
  readonly streamId: string
  /** A view into the payload. */
  readonly body: Uint8Array
}

export type Segment = ResetSegment | FlowSegment

/** The segment in a payload that begins with the label; `undefined` when it is none. */
export function decodeSegment(payload: Uint8Array): Segment | undefined {
  if (payload.length < RESET_BYTES) return undefined
  const type = payload[TYPE_AT] as SegmentType
  const streamId = String.fromCharCode(...payload.subarray(ID_AT, NUMBER_AT))
  if (type === SegmentType.reset) {
    const reason = payload[NUMBER_AT] as ResetReason
    return payload.length === RESET_BYTES && reason <= ResetReason.done ? { type, streamId, reason } : undefined
  }
  if (payload.length < SEGMENT_HEAD_BYTES || !isBodySize(type, payload.length - SEGMENT_HEAD_BYTES)) return undefined
  const view = viewOf(payload)
  return {
    type,
    streamId,
    number: view.getUint32(NUMBER_AT),
    echo: view.getUint32(17),
    offset: getUint48(view, 21),
    ack: getUint48(view, 27),
    window: view.getUint32(33),
    body: payload.subarray(SEGMENT_HEAD_BYTES),
  }
}

function isBodySize(type: number, sizeBytes: number): boolean {
  switch (type) {
    case SegmentType.data:
      return sizeBytes > 0
    case SegmentType.ack:
      return sizeBytes % RANGE_BYTES === 0 && sizeBytes <= MAX_RANGES * RANGE_BYTES
    case SegmentType.open:
    case SegmentType.accept:
    case SegmentType.fin:
    case SegmentType.ping:
      return sizeBytes === 0
    default:
      return false
  }
}

/** A payload with room for a body; its head is written by {@link writeHead}. */
export function createSegment(type: SegmentType, streamId: string, bodyBytes = 0): Uint8Array {
  const payload = new Uint8Array(SEGMENT_HEAD_BYTES + bodyBytes)
  writeStart(payload, type, streamId)
  return payload
}

export function writeHead(payload: Uint8Array, { number, echo, offset, ack, window }: SegmentHead): void {
  const view = viewOf(payload)
  view.setUint32(NUMBER_AT, number)
  view.setUint32(17, echo)
  setUint48(view, 21, offset)
  setUint48(view, 27, ack)
  view.setUint32(33, window)
}

export function encodeReset(streamId: string, reason: ResetReason): Uint8Array {
  const payload = new Uint8Array(RESET_BYTES)
  writeStart(payload, SegmentType.reset, streamId)
  payload[NUMBER_AT] = reason
  return payload
}

/** An ACK whose head is still to be written. */
export function createAck(streamId: string, ranges: readonly Range[]): Uint8Array {
  const payload = createSegment(SegmentType.ack, streamId, ranges.length * RANGE_BYTES)
  if (ranges.length === 0) return payload
  const view = viewOf(payload)
  let at = SEGMENT_HEAD_BYTES
  for (const { start, end } of ranges) {
    setUint48(view, at, start)
    view.setUint32(at + 6, end - start)
    at += RANGE_BYTES
  }
  return payload
}

/** The ranges in the body of an ACK, as they stand there. */
export function readRanges(body: Uint8Array): Range[] {
  const ranges: Range[] = []
  if (body.length === 0) return ranges
  const view = viewOf(body)
  for (let at = 0; at < body.length; at += RANGE_BYTES) {
    const start = getUint48(view, at)
    ranges.push({ start, end: start + view.getUint32(at + 6) })
  }
  return ranges
}

/** Whether segment number `a` was sent after `b`: numbers begin again at 0 after 2^32 − 1. */
export function isNewer(a: number, b: number): boolean {
  return ((a - b) | 0) > 0
}

function writeStart(payload: Uint8Array, type: SegmentType, streamId: string): void {
  payload.set(STREAM_LABEL)
  payload[TYPE_AT] = type
  for (let at = 0; at < STREAM_ID_BYTES; at++) payload[ID_AT + at] = streamId.charCodeAt(at)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function getUint48(view: DataView, at: number): number {
  return view.getUint16(at) * U32 + view.getUint32(at + 2)
}

function setUint48(view: DataView, at: number, value: number): void {
  view.setUint16(at, Math.floor(value / U32))
  view.setUint32(at + 2, value % U32)
}
