import { MediatorServerError } from './error.js'

/**
 * Every ceiling of a mediator. The defaults suit a public one; benchmarks and tests that put all load on a few keys have
 * to raise the rates. `Infinity` switches a ceiling off, where the README's table does not say otherwise.
 */
export interface MediatorLimits {
  /** Connections at once; more are closed without a word. */
  readonly connections: number
  /** Connections at once from one source: a transport key where the network proves one, else a host. */
  readonly connectionsPerSource: number
  /** Longest payload before login, in bytes (mediator protocol §3.2). */
  readonly loginPayloadBytes: number
  /** Longest message blob, in bytes; never above 52,428,721 (§16). */
  readonly blobBytes: number
  /** Longest member info, in bytes (§8.18). */
  readonly memberInfoBytes: number
  /** Bytes of requests held for all connections together; above it, whoever holds most of them is cut. */
  readonly bufferedBytes: number
  /** Requests of one connection that are in the store at once; it is read no further meanwhile. */
  readonly requestsInFlight: number
  /**
   * Frames and bytes that wait for a slow reader beyond what is being written (§21.5). More bytes cut it at once, more
   * frames when it has read nothing for a second.
   */
  readonly queueFrames: number
  readonly queueBytes: number
  /** Chats that one connection may subscribe to. */
  readonly subscriptions: number
  /** Commands per second of one connection, and of one key over all of them, and how many at once after a pause (§22.7). */
  readonly commandsPerSecond: number
  readonly commandsBurst: number
  /** Messages and infos per second of one key, over all its connections, and how many at once after a pause. */
  readonly messagesPerSecond: number
  readonly messagesBurst: number
  /** Bytes of requests per second of one connection, and of one key, and how many at once after a pause. */
  readonly bytesPerSecond: number
  readonly bytesBurst: number
  /**
   * Bytes per second that one key may have pushed to others (messages, infos), and how many at once after a pause. One request
   * may be longer, and is owed then. A burst above {@link queueBytes} cuts readers that are slower than it comes.
   */
  readonly pushedBytesPerSecond: number
  readonly pushedBytesBurst: number
  /** Longest key that an invite brings, in bytes: the protocol's has 92 (§18.2). */
  readonly inviteBytes: number
  /** Open invites of one recipient; when there are more, whoever has sent most of them loses its oldest. */
  readonly invitesPerRecipient: number
  /** Invites per minute of one key, and how many at once after a pause. */
  readonly invitesPerMinute: number
  readonly invitesBurst: number
  /** Chats created per hour by one key, and from one source (§22.6). */
  readonly chatsPerHour: number
  readonly chatsPerHourPerSource: number
  /** Chats that one key owns at once. */
  readonly chatsPerOwner: number
  /**
   * Bytes of messages that one chat holds (§22.8): their blobs and 200 for each. Whoever sends more is refused until
   * messages are deleted or expire; what the mediator says itself is stored, and counts.
   */
  readonly chatBytes: number
  /** Refusals with `rate limit` that a connection may collect before it is cut. */
  readonly refusals: number
  /** Nonces outstanding for one connection and for all (§6); when it is full, who has several loses one. */
  readonly noncesPerConnection: number
  readonly nonces: number
  /** Failed logins of one connection before it is cut (§6). */
  readonly failedLogins: number
  /** Sources and keys remembered for the rates; those not seen for longest are forgotten. */
  readonly remembered: number
  /** Milliseconds from the connection to its opening bytes, and to its login (§22.8). */
  readonly openingMs: number
  readonly loginMs: number
  /** Milliseconds from the header of a frame to its last byte. */
  readonly frameMs: number
  /** Milliseconds without a new frame (§16). */
  readonly idleMs: number
}

export const DEFAULT_LIMITS: MediatorLimits = {
  connections: 20_000,
  connectionsPerSource: 1_000,
  loginPayloadBytes: 4_096,
  blobBytes: 33_554_397,
  memberInfoBytes: 786_432,
  bufferedBytes: 536_870_912,
  requestsInFlight: 256,
  queueFrames: 256,
  queueBytes: 8_388_608,
  subscriptions: 10_000,
  commandsPerSecond: 50,
  commandsBurst: 500,
  messagesPerSecond: 20,
  messagesBurst: 200,
  bytesPerSecond: 8_388_608,
  bytesBurst: 134_217_728,
  pushedBytesPerSecond: 2_097_152,
  pushedBytesBurst: 8_388_608,
  inviteBytes: 1_024,
  invitesPerRecipient: 100,
  invitesPerMinute: 10,
  invitesBurst: 50,
  chatsPerHour: 5,
  chatsPerHourPerSource: 20,
  chatsPerOwner: 100,
  chatBytes: 10_737_418_240,
  refusals: 100,
  noncesPerConnection: 8,
  nonces: 10_000,
  failedLogins: 5,
  remembered: 100_000,
  openingMs: 10_000,
  loginMs: 30_000,
  frameMs: 60_000,
  idleMs: 300_000,
}

/** A GOT_MESSAGE above this is refused by every original client, which then dies of it (§16). */
export const MAX_BLOB_BYTES = 52_428_721

/** What has to be a number that memory can hold. */
const FINITE: ReadonlySet<keyof MediatorLimits> = new Set([
  'loginPayloadBytes',
  'blobBytes',
  'requestsInFlight',
  'noncesPerConnection',
  'nonces',
  'remembered',
])

/** The most that each of these may be. */
const HIGHEST: Partial<Record<keyof MediatorLimits, number>> = { blobBytes: MAX_BLOB_BYTES }

/** @throws {MediatorServerError} `bad-option` */
export function completeLimits(given: Partial<MediatorLimits> = {}): MediatorLimits {
  const limits = { ...DEFAULT_LIMITS, ...given }
  for (const [name, value] of Object.entries(limits) as [keyof MediatorLimits, unknown][]) {
    if (!(name in DEFAULT_LIMITS)) throw badOption(`limits.${name} is not a limit of the mediator`)
    const highest = HIGHEST[name] ?? (FINITE.has(name) ? Number.MAX_SAFE_INTEGER : Infinity)
    if (typeof value !== 'number' || !(value >= 1 && value <= highest))
      throw badOption(`limits.${name} must be a number from 1 to ${highest}, got ${String(value)}`)
  }
  return limits
}

function badOption(message: string): MediatorServerError {
  return new MediatorServerError('bad-option', message)
}
