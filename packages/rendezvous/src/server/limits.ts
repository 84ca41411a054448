import { RendezvousError } from '../error.js'

/** Every ceiling of a server. The defaults suit a public one; tests that come from one address have to raise some. */
export interface RendezvousServerLimits {
  /** Connections at once; more are refused. rendezvous protocol B16 */
  readonly connections: number
  /** Connections at once from one address: an IPv4 address, or the /64 network of an IPv6 one. B16 */
  readonly connectionsPerAddress: number
  /** Connections that have not logged in; one more cuts the oldest of them. B16 */
  readonly unauthenticated: number
  /** Milliseconds from the connection to its first frame; for `pim-legacy` to the end of the login. B5, A13 */
  readonly authMs: number
  /** Milliseconds that a login may take after that: the life of its nonce. B5 */
  readonly nonceMs: number
  /** New connections per minute from one address, and how many at once after a pause. */
  readonly connectsPerMinute: number
  readonly connectsBurst: number
  /** Envelopes per second of one key, over all its connections, and how many at once after a pause. B8 */
  readonly envelopesPerSecond: number
  readonly envelopesBurst: number
  /** The same of one address, whatever keys come from it. Less than a recipient gets: no address uses up all of that. */
  readonly envelopesPerAddressPerSecond: number
  readonly envelopesPerAddressBurst: number
  /**
   * Envelopes per second for one connected recipient, and how many at once after a pause; what is above is dropped. Well
   * below what a client leaves a server for: strangers must not be able to drive anybody off.
   */
  readonly envelopesPerRecipientPerSecond: number
  readonly envelopesPerRecipientBurst: number
  /** Envelopes above the rate of their key, in a row, after which a connection is ended. */
  readonly refusals: number
  /** Frames of any kind per second of one connection, and how many at once after a pause. */
  readonly framesPerSecond: number
  readonly framesBurst: number
  /** Frames of types that we do not know, after which a connection is ended. B5 */
  readonly unknownFrames: number
  /** Bytes that may wait for a slow reader; what is above is not relayed to it. */
  readonly queueBytes: number
  /**
   * Bytes of answers that may wait beyond {@link queueBytes}; above that a client that says more is cut. What others send
   * it never gets there: nobody is cut for reading slowly, only for asking on and on without reading.
   */
  readonly answerBytes: number
  /** Milliseconds of silence after which a client is pinged, and how long it may take to answer. B4 */
  readonly silenceMs: number
  readonly pongMs: number
  /** Addresses and keys remembered for the rates; those not seen for longest are forgotten. */
  readonly remembered: number
}

/** rendezvous protocol B16, B5 and B4, where they name a number; the others are ours. */
export const DEFAULT_SERVER_LIMITS: RendezvousServerLimits = {
  connections: 10_000,
  connectionsPerAddress: 16,
  unauthenticated: 256,
  authMs: 10_000,
  nonceMs: 60_000,
  connectsPerMinute: 60,
  connectsBurst: 64,
  envelopesPerSecond: 10,
  envelopesBurst: 40,
  envelopesPerAddressPerSecond: 50,
  envelopesPerAddressBurst: 200,
  envelopesPerRecipientPerSecond: 100,
  envelopesPerRecipientBurst: 400,
  refusals: 100,
  framesPerSecond: 50,
  framesBurst: 200,
  unknownFrames: 20,
  queueBytes: 1_048_576,
  answerBytes: 65_536,
  silenceMs: 30_000,
  pongMs: 30_000,
  remembered: 100_000,
}

/** @throws {RendezvousError} `misuse` for an unknown name, or no number of at least 1 */
export function serverLimitsOf(given: Partial<RendezvousServerLimits> = {}): RendezvousServerLimits {
  const limits: Record<string, number> = { ...DEFAULT_SERVER_LIMITS }
  for (const [name, value] of Object.entries(given) as [string, number | undefined][]) {
    if (value === undefined) continue
    if (!Object.hasOwn(limits, name)) throw new RendezvousError('misuse', `limits.${name}: there is no such limit`)
    if (typeof value !== 'number' || !(value >= 1))
      throw new RendezvousError('misuse', `limits.${name}: expected a number of at least 1, got ${String(value)}`)
    limits[name] = value
  }
  return limits as unknown as RendezvousServerLimits
}
