/** Ceilings of the streams on links. */
export interface StreamLimits {
  /** Streams of one link at once, of both directions; further ones are refused. */
  readonly streamsPerLink: number
  /** Bytes that a stream grants its sender and holds for its reader. */
  readonly windowBytes: number
  /** Bytes that are held of a sender on the channel itself who knows of no windows; above it the link ends. */
  readonly receiveBytes: number
  /** Bytes given to WebRTC and not sent, above which a stream waits. */
  readonly bufferedBytes: number
  /** Bytes a stream holds back before `write` returns `false`. */
  readonly highWaterMarkBytes: number
  /** How long a link stays whose last stream has ended, in ms. */
  readonly idleLinkMs: number
  /** How long what was said last may take to leave before a connection is cut, in ms. */
  readonly closeMs: number
}

/** rendezvous protocol B11 for the buffer; the others are ours. */
export const DEFAULT_STREAM_LIMITS: StreamLimits = {
  streamsPerLink: 64,
  windowBytes: 524_288,
  receiveBytes: 4_194_304,
  bufferedBytes: 1_048_576,
  highWaterMarkBytes: 65_536,
  idleLinkMs: 30_000,
  closeMs: 2000,
}
