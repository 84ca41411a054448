import { WireError } from '@mimirjs/wire'
import {
  type AddressDeclaration,
  decodeAddressDeclaration,
  decodeSessionData,
  decodeSessionInitiation,
  encodeAddressDeclaration,
  encodeSessionData,
  encodeSessionInitiation,
  type SessionData,
  type SessionInitiation,
} from '@mimirjs/wire/multicast'
import {
  createAck,
  createSegment,
  decodeSegment,
  encodeReset,
  type Range,
  ResetReason,
  readRanges,
  SEGMENT_HEAD_BYTES,
  type SegmentHead,
  SegmentType,
  STREAM_LABEL,
  writeHead,
} from '../../packages/multicast/src/stream/segment.js'
import type { CodecTable } from './codec.js'

/** A segment of the stream layer as it stands in vectors: types and reasons by name, what ACK says as ranges. */
interface PlainSegment extends Partial<SegmentHead> {
  readonly type: keyof typeof SegmentType
  readonly streamId: Uint8Array
  readonly reason?: keyof typeof ResetReason
  readonly ranges?: readonly { readonly start: number; readonly length: number }[]
  readonly body?: Uint8Array
}

export const multicastCodecs: CodecTable = {
  'multicast.addressDeclaration': {
    shape: { address: 'bytes', src: 'bytes', signature: 'bytes' },
    decode: decodeAddressDeclaration,
    encode: (declaration: AddressDeclaration) => encodeAddressDeclaration(declaration),
  },
  'multicast.sessionInitiation': {
    shape: { sessionId: 'bytes', src: 'bytes', dst: 'bytes', sessionKey: 'bytes', signature: 'bytes' },
    decode: decodeSessionInitiation,
    encode: (initiation: SessionInitiation) => encodeSessionInitiation(initiation),
  },
  'multicast.sessionData': {
    shape: { sessionId: 'bytes', nonce: 'bytes', ciphertext: 'bytes', tag: 'bytes' },
    decode: decodeSessionData,
    encode: (data: SessionData) => encodeSessionData(data),
  },
  'multicast.stream': {
    shape: { streamId: 'bytes', body: 'bytes' },
    decode: decodePlainSegment,
    encode: (segment: PlainSegment) => encodePlainSegment(segment),
  },
}

/** The stream layer drops without a reason what is no segment; here that is an error. */
function decodePlainSegment(payload: Uint8Array): PlainSegment {
  const isLabelled = STREAM_LABEL.every((byte, at) => payload[at] === byte)
  const segment = isLabelled ? decodeSegment(payload) : undefined
  if (segment === undefined) throw new WireError('unexpected-type', 'stream: expected a segment')
  const type = nameOf(SegmentType, segment.type)
  const streamId = Uint8Array.from(segment.streamId, (character) => character.charCodeAt(0))
  if (segment.type === SegmentType.reset) return { type, streamId, reason: nameOf(ResetReason, segment.reason) }
  const { number, echo, offset, ack, window, body } = segment
  const head = { type, streamId, number, echo, offset, ack, window }
  if (type === 'data') return { ...head, body }
  if (type !== 'ack') return head
  return { ...head, ranges: readRanges(body).map(({ start, end }) => ({ start, length: end - start })) }
}

function encodePlainSegment({
  type,
  streamId,
  reason = 'aborted',
  ranges = [],
  body,
  ...head
}: PlainSegment): Uint8Array {
  const id = String.fromCharCode(...streamId)
  if (type === 'reset') return encodeReset(id, ResetReason[reason])
  const spans: Range[] = ranges.map(({ start, length }) => ({ start, end: start + length }))
  const payload = type === 'ack' ? createAck(id, spans) : createSegment(SegmentType[type], id, body?.length)
  const { number = 0, echo = 0, offset = 0, ack = 0, window = 0 } = head
  writeHead(payload, { number, echo, offset, ack, window })
  if (body !== undefined) payload.set(body, SEGMENT_HEAD_BYTES)
  return payload
}

function nameOf<Name extends string>(table: Readonly<Record<Name, number>>, value: number): Name {
  return Object.entries(table).find(([, number]) => number === value)?.[0] as Name
}
