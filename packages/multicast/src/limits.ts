import { MULTICAST_MAX_DATAGRAM_BYTES, SESSION_DATA_OVERHEAD_BYTES } from '@mimirjs/wire/multicast'
import { MulticastError } from './error.js'

/** Ceilings of the machine: what others may make us hold, compute or send. multicast protocol §10 */
export interface MachineLimits {
  /** Bytes of one payload that we send. The default fits the smallest packet that IPv6 carries whole. */
  readonly payloadBytes: number
  /** Keys whose addresses are remembered; who has no session goes first, then who was heard longest ago. */
  readonly peers: number
  /** Sessions of both roles. When full, the oldest half-open one goes, then the one idle longest of those that came in. */
  readonly sessions: number
  /** Of those, what one key opened to us; when full, the same of its own go. */
  readonly sessionsPerPeer: number
  /** Of those, what was answered and never used; the oldest of its own goes. */
  readonly halfOpenPerPeer: number
  /** Sessions that are over whose initiation is still recognised; the oldest goes. */
  readonly finished: number
  /** Messages of one direction, after which a session closes: random nonces must not meet. */
  readonly messagesPerSession: number
  /** Bytes of memory for nonces, of all sessions together; the session that holds most is closed. */
  readonly nonceBytes: number
  /** Answers of one session that are sent again when their question comes again. */
  readonly storedAnswers: number
  /** Keys of one opened session until the first data: an original responder makes one for each repeat it hears. */
  readonly candidates: number
  /** Signatures checked a second, of datagrams from one address. */
  readonly signaturesPerSourcePerSecond: number
  /** The same, at once after a pause. */
  readonly signaturesPerSourceBurst: number
  /** Signatures checked a second, from everybody; those of responses that we wait for have as many again. */
  readonly signaturesPerSecond: number
  /** Addresses whose signatures are counted; the oldest goes. */
  readonly sources: number
  /** Initiations of one peer answered a second, repeats included. */
  readonly responsesPerPeerPerSecond: number
  /** Answers of one session sent again a second; one more is sent late, others not at all. */
  readonly repeatsPerSessionPerSecond: number
  /** Life of a session that was answered and never used, since its last initiation, in ms. */
  readonly halfOpenMs: number
  /** Life of a session since its last data, in ms. */
  readonly idleMs: number
  /** Data that come again, and say nothing new, keep a session alive for so long at most, in ms. */
  readonly repeatedMs: number
  /** Requests of one session that wait for the one before. */
  readonly queuedRequests: number
  /** How often a request is sent again before it fails. */
  readonly requestRepeats: number
}

/** Every ceiling of a node, in one table. Raising one, to `Infinity` where that can be, costs memory or time only. */
export interface MulticastLimits extends MachineLimits {}

/** multicast protocol §10, where it names a number. */
export const DEFAULT_LIMITS: MulticastLimits = {
  payloadBytes: 1187,
  peers: 256,
  sessions: 1024,
  sessionsPerPeer: 8,
  halfOpenPerPeer: 4,
  finished: 4096,
  messagesPerSession: 65_536,
  nonceBytes: 67_108_864,
  storedAnswers: 16,
  candidates: 4,
  signaturesPerSourcePerSecond: 20,
  signaturesPerSourceBurst: 40,
  signaturesPerSecond: 200,
  sources: 1024,
  responsesPerPeerPerSecond: 5,
  repeatsPerSessionPerSecond: 100,
  halfOpenMs: 60_000,
  idleMs: 600_000,
  repeatedMs: 86_400_000,
  queuedRequests: 64,
  requestRepeats: 5,
}

/** What no peer would take, or what would no longer be safe. */
const LARGEST: Readonly<Record<string, number>> = {
  payloadBytes: MULTICAST_MAX_DATAGRAM_BYTES - SESSION_DATA_OVERHEAD_BYTES,
  messagesPerSession: 1_048_576,
  storedAnswers: 1024,
  candidates: 64,
}

/** What may be nothing at all. */
const MAY_BE_ZERO: ReadonlySet<string> = new Set(['finished', 'storedAnswers', 'queuedRequests', 'requestRepeats'])

/**
 * The defaults with what was given in their place; `undefined` takes the default.
 * @throws {MulticastError} `misuse` for an unknown name, or no integer in range
 */
export function limitsOf(given: Partial<MulticastLimits> = {}): MulticastLimits {
  const limits: Record<string, number> = { ...DEFAULT_LIMITS }
  for (const [name, value] of Object.entries(given) as [string, number | undefined][]) {
    if (value === undefined) continue
    if (!Object.hasOwn(limits, name)) throw new MulticastError('misuse', `limits.${name}: there is no such limit`)
    const smallest = MAY_BE_ZERO.has(name) ? 0 : 1
    const largest = LARGEST[name] ?? Number.POSITIVE_INFINITY
    const isWhole = Number.isInteger(value) || value === Number.POSITIVE_INFINITY
    if (!isWhole || value < smallest || value > largest)
      throw new MulticastError(
        'misuse',
        `limits.${name}: expected an integer from ${smallest} to ${largest}, got ${value}`,
      )
    limits[name] = value
  }
  return limits as unknown as MulticastLimits
}
