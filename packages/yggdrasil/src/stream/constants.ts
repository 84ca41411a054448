// Sizes and times of ygg_stream, yggdrasil protocol §10. Times in ms, sizes in bytes.

/** Most data of one packet of a stream. §10.2 */
export const MAX_SEGMENT_BYTES = 16_384
/** The window of the reference: what every connection starts with. §10.2, §10.5 */
export const WINDOW_BYTES = 524_288
/** Reading past this free space is told to the sender at once. §10.4 */
export const WINDOW_UPDATE_BYTES: number = WINDOW_BYTES / 2
/** Sequence numbers do not wrap: a direction ends before this many bytes. §10.4 */
export const MAX_DIRECTION_BYTES = 0xffff_fffe
/** Segments on the way at one time: the reference keeps that many that come behind a gap. §10.4 */
const MAX_SEGMENTS_OUT = 64

/**
 * Segments that may be on the way to a side that has told such a window. One above that of the reference tells that more
 * are kept behind a gap, too: half as many again as whole ones would fit in.
 */
export function segmentsOut(windowBytes: number): number {
  return windowBytes <= WINDOW_BYTES ? MAX_SEGMENTS_OUT : Math.max(MAX_SEGMENTS_OUT, windowBytes >> 13)
}

/** When the opening packet is sent, from the first on; later ones every 5 s while the caller waits that long. §10.3 */
export const SYN_AT_MS: readonly number[] = [0, 1000, 3000, 7000, 10_000]
export const SYN_LATER_MS = 5000
/** How long an opening may take by default, and how long one that came may stay half open. §10.3 */
export const OPEN_TIMEOUT_MS = 10_000
/** When the acknowledgement of the opening is repeated while the other side is silent. §10.3 */
export const OPEN_ACK_AT_MS: readonly number[] = [500, 1500, 3500]

/** Retransmission timeout: before the first measurement, and its bounds. §10.5 */
export const FIRST_RTO_MS = 500
export const MIN_RTO_MS = 200
export const MAX_RTO_MS = 5000
/** A connection whose data is not acknowledged for this long is given up. §10.5 */
export const STALL_MS = 30_000
/** Shortest pause between two probes of a closed window. §10.5 */
export const MIN_PROBE_MS = 1000

/** How often the end of a direction is sent to one who says nothing. §10.7 */
export const FIN_TRIES = 5
/** How often at least, while nobody has counted it. */
export const LEAST_FIN_TRIES = 3
/** A reset is not acknowledged: it is sent this often, in case one is lost. */
export const RESET_TRIES = 3
/** How often the opening of a window is told again while the sender, who does not ask, stays silent. */
export const WINDOW_UPDATE_TRIES = 5
/** A connection that came in and was silent for this long makes room for a new one when the table is full. */
export const IDLE_RECLAIM_MS = 600_000
/** Such ones are looked for no more often than this: it takes a look at all. */
export const SEARCH_PAUSE_MS = 1000
/** This part of the table is for connections that we open. */
export const OUTGOING_PART: number = 1 / 8

/** Ports of our own for connections that we open. §10.3 */
export const FIRST_EPHEMERAL_PORT = 49_152
export const EPHEMERAL_PORTS = 16_384

/** Bytes written and not sent after which `write` asks to wait, and below which it goes on. */
export const WRITE_HIGH_BYTES = 262_144
export const WRITE_LOW_BYTES = 131_072
