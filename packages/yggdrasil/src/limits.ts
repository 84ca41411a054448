import { YggdrasilError } from './error.js'
import { MAX_FRAME_BYTES } from './wire/limits.js'
import { MAX_STREAM_WINDOW } from './wire/stream-packet.js'

/** Ceilings of links: what a remote may make us hold before and after the handshake. */
export interface LinkLimits {
  /** Bytes of a frame, its type included. yggdrasil protocol §3.2 */
  readonly frameBytes: number
  /** Longest wait for the rest of a frame, in ms. */
  readonly partialFrameMs: number
  /** From the transport connection to the end of the handshake, in ms. */
  readonly handshakeMs: number
  /** For one address of a host that is dialled, in ms. */
  readonly dialMs: number
  /** Incoming connections that have not finished the handshake. */
  readonly pendingHandshakes: number
  /** Incoming links in all. */
  readonly incomingLinks: number
  /** Incoming links of one IP address. */
  readonly incomingLinksPerAddress: number
  /** From the end of the handshake to the first valid signature response, in ms. §2.6 */
  readonly proofMs: number
  /** Silence after a frame that asks for one, in ms. §3.5 */
  readonly readDeadlineMs: number
  /** A link on which nothing was written for this long says that it lives, in ms. */
  readonly keepAliveMs: number
  /** Frames of one link handled in one turn of the event loop. */
  readonly framesPerTurn: number
  /** Bytes that wait for one link whose other side does not read; more close it. Traffic does not count: it queues. */
  readonly linkBacklogBytes: number
  /** Bytes of one WebSocket message received. Frames are cut into messages anyhow, so few need to be long. */
  readonly webSocketMessageBytes: number
}

/** Ceilings of the router: tree, filters, paths and queues. yggdrasil protocol §12 */
export interface RouterLimits {
  /** Announcements of nodes stored. When full, the oldest of those in no ancestry of ours or of a neighbour go. */
  readonly records: number
  /** Announcements a second from one link; more close it. */
  readonly announcesPerSecond: number
  /** Signature requests, and responses, a second from one link; more close it. */
  readonly signaturesPerSecond: number
  /** Bloom filters a second from one link; more close it. */
  readonly bloomsPerSecond: number
  /** Lookups a second from one link that are passed on or answered; more are ignored. */
  readonly lookupsPerSecond: number
  /** Lookups answered a second, of those that came on one link. The same (source, from) is answered once a second. */
  readonly answersPerLinkPerSecond: number
  /** Lookups answered a second, from everybody together. */
  readonly answersPerSecond: number
  /** Notifies for us a second from one link whose signature is checked; more are ignored. */
  readonly notifiesPerSecond: number
  /** Signatures of announcements and notifies checked a second, of all links together; more wait, each link in turn. */
  readonly checksPerSecond: number
  /** Bytes of one link that wait for a check, or for the link to be proven; more are ignored. */
  readonly waitingCheckBytes: number
  /** Ports of one path, or nodes on the way to the root. Packets with longer ones are dropped. */
  readonly pathPorts: number
  /** Bytes waiting for one link to take traffic again, and bytes for ourselves. The oldest of the largest flow go. */
  readonly queueBytes: number
  /** A link that takes no traffic for this long is closed, in ms. */
  readonly stalledLinkMs: number
  /** Paths known at one time; the one that expires first goes. */
  readonly paths: number
  /** Keys looked for at one time; the oldest goes. */
  readonly rumors: number
  /** Bytes of packets of ours that wait for a path, all together; those that wait longest go. */
  readonly keptBytes: number
  /** Bytes of copies of packets of ours that were sent, all together, kept for a while in case their path is broken. */
  readonly copiedBytes: number
  /** Largest packet of which a copy is kept after it was sent. */
  readonly keptPacketBytes: number
  /** Life of a path without traffic from its end, and of a rumor after its last lookup. */
  readonly pathLifetimeMs: number
  /** Shortest time between two lookups of the same key. */
  readonly lookupIntervalMs: number
  /** A packet that waits has its lookup repeated for so long after it was written. */
  readonly lookupRetryMs: number
  /** How long after the last packet from there, and after the first word, a path said to be broken is used all the same. */
  readonly brokenGraceMs: number
  /** Shortest time between two PathBroken of ours for the same (source, destination). */
  readonly brokenIntervalMs: number
  /** How far in the future a notify may be numbered, in seconds. */
  readonly notifyAheadSeconds: number
}

/** Ceilings of the sessions. */
export interface SessionLimits {
  /** Sessions at one time; the longest idle one goes first. */
  readonly sessions: number
  /** Keys that a session is being opened to; the one written to longest ago goes first. */
  readonly openings: number
  /** Bytes that wait for sessions being opened; the oldest go first. */
  readonly openingBytes: number
  /** A session or opening that was not used for this long is forgotten, in ms. §8.5 */
  readonly sessionIdleMs: number
  /** Inits and Acks opened in one second that say they are of keys with a session or an opening; and as many of others. */
  readonly initReadsPerSecond: number
  /** Inits and Acks in one second that are proven to be of keys that nothing was sent to: each makes a session. */
  readonly initsPerSecond: number
  /** Inits and Acks in one second that are proven to be of keys with a session or an opening, and are new. */
  readonly expectedInitsPerSecond: number
  /** Of both kinds, of one key; three times as many at once after a pause. */
  readonly initsPerSourcePerSecond: number
  /** Inits sent in one second because of traffic without a session. */
  readonly strayInitsPerSecond: number
}

/** Ceilings of streams and datagrams. */
export interface StreamLimits {
  /** Connections of all kinds at one time; an eighth of them is for those that we open. */
  readonly connections: number
  /** Of those, what came from one remote key. */
  readonly connectionsPerKey: number
  /** Connections of one listener that are not open yet; then the oldest goes of the key that has most. */
  readonly halfOpenPerListener: number
  /** The same, of one remote key. */
  readonly halfOpenPerKey: number
  /** Segments that came out of order, of one connection. */
  readonly outOfOrderSegments: number
  /** Bytes received and not read yet, of one connection: the window. */
  readonly windowBytes: number
  /** What that window may grow to while the application reads as fast as bytes come, and all growth together. */
  readonly grownWindowBytes: number
  readonly allGrownWindowsBytes: number
  /** Bytes received and not read yet, of all connections together; half of it may lie behind gaps. */
  readonly streamBytes: number
  /** The same, of those with one remote key. */
  readonly streamBytesPerKey: number
  /** Resets sent to one key in one second. */
  readonly resetsPerKeyPerSecond: number
}

/** Ceilings of what stands on top. */
export interface NodeLimits {
  /** Look-ups and pings under way at one time; one more fails with `flood`. */
  readonly requests: number
  /** Pause between two answers with our node information to one key, in ms. §9.2 */
  readonly nodeInfoPauseMs: number
  /** Bytes of our node information, as JSON. */
  readonly nodeInfoBytes: number
}

/**
 * Every ceiling of a node, in one table. Each is there because somebody else chooses how much there is of it; raising
 * one costs memory or time, never correctness: where it would, `Yggdrasil.start` refuses.
 */
export interface YggdrasilLimits extends LinkLimits, RouterLimits, SessionLimits, StreamLimits, NodeLimits {}

/** yggdrasil protocol §12, where it names a number. */
export const DEFAULT_LIMITS: YggdrasilLimits = {
  frameBytes: 131_070,
  partialFrameMs: 30_000,
  handshakeMs: 6000,
  dialMs: 5000,
  pendingHandshakes: 64,
  incomingLinks: 256,
  incomingLinksPerAddress: 8,
  proofMs: 10_000,
  readDeadlineMs: 10_000,
  keepAliveMs: 25_000,
  framesPerTurn: 64,
  linkBacklogBytes: 8_388_608,
  webSocketMessageBytes: 262_144,

  records: 4096,
  announcesPerSecond: 200,
  signaturesPerSecond: 20,
  bloomsPerSecond: 10,
  lookupsPerSecond: 1000,
  answersPerLinkPerSecond: 500,
  answersPerSecond: 2000,
  notifiesPerSecond: 100,
  checksPerSecond: 500,
  waitingCheckBytes: 32_768,
  pathPorts: 512,
  queueBytes: 131_070,
  stalledLinkMs: 20_000,
  paths: 4096,
  rumors: 1024,
  keptBytes: 4_194_304,
  copiedBytes: 4_194_304,
  keptPacketBytes: 2048,
  pathLifetimeMs: 60_000,
  lookupIntervalMs: 1000,
  lookupRetryMs: 10_000,
  brokenGraceMs: 3000,
  brokenIntervalMs: 100,
  notifyAheadSeconds: 86_400,

  sessions: 4096,
  openings: 1024,
  openingBytes: 4_194_304,
  sessionIdleMs: 60_000,
  initReadsPerSecond: 500,
  initsPerSecond: 200,
  expectedInitsPerSecond: 200,
  initsPerSourcePerSecond: 2,
  strayInitsPerSecond: 100,

  connections: 4096,
  connectionsPerKey: 128,
  halfOpenPerListener: 64,
  halfOpenPerKey: 16,
  outOfOrderSegments: 64,
  windowBytes: 524_288,
  grownWindowBytes: 4_194_304,
  allGrownWindowsBytes: 67_108_864,
  streamBytes: 67_108_864,
  streamBytesPerKey: 16_777_216,
  resetsPerKeyPerSecond: 10,

  requests: 256,
  nodeInfoPauseMs: 10_000,
  nodeInfoBytes: 16_384,
}

/** What others would not take, or what would not fit where it is kept. */
const LARGEST: Readonly<Record<string, number>> = {
  frameBytes: MAX_FRAME_BYTES,
  pathPorts: 32_768,
  windowBytes: MAX_STREAM_WINDOW,
}

/** One segment has to fit into a window. */
const SMALLEST: Readonly<Record<string, number>> = { windowBytes: 16_384 }

/** @throws {YggdrasilError} `misuse` for a name that is no limit, or a value that is not a whole number from 1 up */
export function completeLimits(given: Partial<YggdrasilLimits> = {}): YggdrasilLimits {
  for (const [name, value] of Object.entries(given)) {
    if (!(name in DEFAULT_LIMITS)) throw new YggdrasilError('misuse', `limits.${name} is not a limit of a node`)
    if (!Number.isInteger(value) || value < 1) {
      throw new YggdrasilError('misuse', `limits.${name} must be a whole number of at least 1, got ${value}`)
    }
    if (value < (SMALLEST[name] ?? 1)) {
      throw new YggdrasilError('misuse', `limits.${name} has to be ${SMALLEST[name]} at least, got ${value}`)
    }
    if (value > (LARGEST[name] ?? Number.POSITIVE_INFINITY)) {
      throw new YggdrasilError('misuse', `limits.${name} can be ${LARGEST[name]} at most, got ${value}`)
    }
  }
  return { ...DEFAULT_LIMITS, ...given }
}
