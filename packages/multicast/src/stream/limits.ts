import { MulticastError } from '../error.js'

/** Limits of the stream layer. Each is a whole number of 1 or more. */
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

/** What a segment can say. */
const LARGEST: Readonly<Record<string, number>> = { windowBytes: 0xffff_ffff }

/**
 * The defaults with what was given in their place; `undefined` takes the default.
 * @throws {MulticastError} `misuse` for an unknown name, or no integer in range
 */
export function streamLimitsOf(given: Partial<StreamLimits> = {}): StreamLimits {
  const limits: Record<string, number> = { ...DEFAULT_STREAM_LIMITS }
  for (const [name, value] of Object.entries(given) as [string, number | undefined][]) {
    if (value === undefined) continue
    if (!Object.hasOwn(limits, name)) throw new MulticastError('misuse', `streamLimits.${name}: there is no such limit`)
    const largest = LARGEST[name] ?? Number.POSITIVE_INFINITY
    if ((!Number.isInteger(value) && value !== Number.POSITIVE_INFINITY) || value < 1 || value > largest) {
      const range = `an integer from 1 to ${largest}`
      throw new MulticastError('misuse', `streamLimits.${name}: expected ${range}, got ${value}`)
    }
    limits[name] = value
  }
  return limits as unknown as StreamLimits
}
