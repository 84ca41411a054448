/** Limits of the stream layer. Lower ones are fine; each is a whole number of 1 or more. */
export interface StreamLimits {
  /** Streams in all, those that are being opened included. */
  readonly streams: number
  readonly streamsPerPeer: number
  /** Streams that others have begun to open. */
  readonly halfOpenStreams: number
  readonly halfOpenStreamsPerPeer: number
  /** What one stream tells the other side to be room for, in bytes. */
  readonly windowBytes: number
  /** Bytes that came and were not read, those behind a gap included: of all streams. */
  readonly receivedBytes: number
  /** The same, of the streams with one peer. */
  readonly receivedBytesPerPeer: number
  /** A stream that holds so much of what was written asks for a pause: `write` answers `false`. */
  readonly writtenBytes: number
  /** Streams that have ended and are remembered, so that late and repeated segments are answered well. */
  readonly endedStreams: number
  readonly endedStreamsPerPeer: number
  /** RESETs that say "unknown", "refused" or "busy" to one peer. */
  readonly resetsPerPeerPerSecond: number
  /** A stream that another one began to open is given up after this. */
  readonly halfOpenMs: number
  /** A silent stream is asked after this whether the other side is there. */
  readonly keepAliveMs: number
  /** A stream has failed when the other side says nothing, or takes nothing it has room for, for this long. */
  readonly silentMs: number
}

const MEBIBYTE = 1024 * 1024

export const DEFAULT_STREAM_LIMITS: StreamLimits = {
  streams: 1024,
  streamsPerPeer: 64,
  halfOpenStreams: 128,
  halfOpenStreamsPerPeer: 32,
  windowBytes: MEBIBYTE / 4,
  receivedBytes: 16 * MEBIBYTE,
  receivedBytesPerPeer: 4 * MEBIBYTE,
  writtenBytes: MEBIBYTE / 4,
  endedStreams: 4096,
  endedStreamsPerPeer: 512,
  resetsPerPeerPerSecond: 200,
  halfOpenMs: 15_000,
  keepAliveMs: 10_000,
  silentMs: 30_000,
}
