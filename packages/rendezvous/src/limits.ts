import { RendezvousError } from './error.js'
import { DEFAULT_STREAM_LIMITS, type StreamLimits } from './rtc/limits.js'

/** Ceilings of the machine: what others may make us hold, compute or send, and how long we wait. */
export interface MachineLimits {
  /** Servers at once. */
  readonly servers: number
  /** Attempts at once, of both directions, without those at the prompt. */
  readonly attempts: number
  /** Of those, what others began: the rest is kept for ours. */
  readonly incomingAttempts: number
  /** Knocks of one key in a minute that are let in, and as many at once: each makes us sign, send, and connect. */
  readonly welcomesPerKeyPerMinute: number
  /** Of all a second, and at once after a pause. What follows each is some envelopes more, and servers take 10 a second. */
  readonly welcomesPerSecond: number
  readonly welcomesBurst: number
  /** Open links. */
  readonly links: number
  /** Candidates of one session description, in each direction. */
  readonly candidates: number
  /** Senders who are no contacts whose counters are remembered; who was heard longest ago goes. */
  readonly senders: number
  /** Contacts whose counters are stored; who was heard longest ago goes. */
  readonly contacts: number
  /** People we wrote to whose counters are remembered one by one. */
  readonly recipients: number
  /** Questions to the user at once. */
  readonly prompts: number
  /** Of one key in an hour. */
  readonly promptsPerHour: number
  /** From one question to the next about the same key, in ms. */
  readonly promptPauseMs: number
  /** Keys whose questions are remembered for the two above; the oldest goes. */
  readonly promptKeys: number
  /** Keys that are blocked in this machine. */
  readonly blocked: number
  /** Ids of messages that are remembered on one link, to deliver each once. */
  readonly chatIds: number
  /** Messages of ours on one link that wait for their acknowledgement. */
  readonly unackedChats: number
  /** Text frames of a peer a second, and at once after a pause; above it the link ends. */
  readonly channelFramesPerSecond: number
  readonly channelFramesBurst: number
  /** Frames of a peer that cannot be, after which the link ends. */
  readonly badChannelFrames: number
  /** Signatures checked a second of what comes through one server, and at once after a pause. */
  readonly signaturesPerServerPerSecond: number
  readonly signaturesPerServerBurst: number
  /**
   * Frames of one server a second, and at once after a pause, counted apart for what it says and what it hands on: above
   * it the server is left for the one, and the other is dropped.
   */
  readonly serverFramesPerSecond: number
  readonly serverFramesBurst: number
  /** Frames of types that are not known here, and envelopes that no honest server relays, after which it is left. */
  readonly badServerFrames: number
  /** Time for a server to be reached, in ms. */
  readonly dialMs: number
  /** Time for each step of the login, in ms. */
  readonly authMs: number
  /** Silence after which a server is asked whether it is there, and time for its answer, in ms. */
  readonly serverSilenceMs: number
  readonly serverPongMs: number
  /** Longest pause before a server is dialled again, in ms. */
  readonly reconnectMs: number
  /** How long a login has to last for the pauses to begin anew, in ms. */
  readonly steadyMs: number
  /** Shortest pause after a newer instance of our key took our place, in ms. */
  readonly replacedMs: number
  /** How long a server that broke the rules is left alone, in ms. */
  readonly leftMs: number
  /** Life of a knock, in ms. */
  readonly knockMs: number
  /** Life of every other envelope, in ms. */
  readonly envelopeMs: number
  /** Wait for an offer or an answer, in ms. */
  readonly signalMs: number
  /** Time for ICE and DTLS, in ms. */
  readonly connectMs: number
  /** Time for both sides to prove who they are on the channel, in ms. */
  readonly bindMs: number
  /** Time to gather candidates before a description goes out, in ms. */
  readonly gatherMs: number
  /** From one repeat of an envelope to the next, in ms. */
  readonly repeatMs: number
  /** Silence on a link after which the peer is asked, in ms, and after which it is lost. */
  readonly channelSilenceMs: number
  readonly channelLostMs: number
  /** How long a connection may be disturbed before new paths are looked for, in ms. */
  readonly disturbedMs: number
}

/** Every ceiling of a node, in one table. Raising one, to `Infinity` where that can be, costs memory or time only. */
export interface RendezvousLimits extends MachineLimits, StreamLimits {}

/** rendezvous protocol B16 and B9, where they name a number. */
export const DEFAULT_LIMITS: RendezvousLimits = {
  servers: 8,
  attempts: 16,
  incomingAttempts: 12,
  welcomesPerKeyPerMinute: 12,
  welcomesPerSecond: 3,
  welcomesBurst: 24,
  links: 64,
  candidates: 64,
  senders: 1024,
  contacts: 4096,
  recipients: 4096,
  prompts: 8,
  promptsPerHour: 3,
  promptPauseMs: 30_000,
  promptKeys: 1024,
  blocked: 4096,
  chatIds: 1024,
  unackedChats: 256,
  channelFramesPerSecond: 200,
  channelFramesBurst: 1000,
  badChannelFrames: 20,
  signaturesPerServerPerSecond: 100,
  signaturesPerServerBurst: 200,
  serverFramesPerSecond: 500,
  serverFramesBurst: 2000,
  badServerFrames: 20,
  dialMs: 20_000,
  authMs: 10_000,
  serverSilenceMs: 30_000,
  serverPongMs: 30_000,
  reconnectMs: 300_000,
  steadyMs: 60_000,
  replacedMs: 60_000,
  leftMs: 3_600_000,
  knockMs: 120_000,
  envelopeMs: 60_000,
  signalMs: 30_000,
  connectMs: 30_000,
  bindMs: 10_000,
  gatherMs: 2000,
  repeatMs: 5000,
  channelSilenceMs: 20_000,
  channelLostMs: 60_000,
  disturbedMs: 5000,
  ...DEFAULT_STREAM_LIMITS,
}

/** What no peer or server would take. */
const LARGEST: Readonly<Record<string, number>> = { knockMs: 120_000, envelopeMs: 120_000 }

/** What may be nothing at all. */
const MAY_BE_ZERO: ReadonlySet<string> = new Set(['incomingAttempts', 'prompts', 'promptPauseMs', 'disturbedMs'])

/**
 * The defaults with what was given in their place; `undefined` takes the default.
 * @throws {RendezvousError} `misuse` for an unknown name, or no integer in range
 */
export function limitsOf(given: Partial<RendezvousLimits> = {}): RendezvousLimits {
  const limits: Record<string, number> = { ...DEFAULT_LIMITS }
  for (const [name, value] of Object.entries(given) as [string, number | undefined][]) {
    if (value === undefined) continue
    if (!Object.hasOwn(limits, name)) throw new RendezvousError('misuse', `limits.${name}: there is no such limit`)
    const smallest = MAY_BE_ZERO.has(name) ? 0 : 1
    const largest = LARGEST[name] ?? Number.POSITIVE_INFINITY
    const isWhole = Number.isInteger(value) || value === Number.POSITIVE_INFINITY
    if (!isWhole || value < smallest || value > largest)
      throw new RendezvousError(
        'misuse',
        `limits.${name}: expected an integer from ${smallest} to ${largest}, got ${value}`,
      )
    limits[name] = value
  }
  return limits as unknown as RendezvousLimits
}
