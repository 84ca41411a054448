import type { GenerationProfile } from './generations.js'

/** Every time span of a session, in milliseconds, and the one rate they depend on. Defaults: peer protocol §9.1. */
export interface SessionTimers {
  /** From an address dialled to an open stream. Default 3 000 classic, 5 000 overlay, 10 000 current. */
  connectMs: number
  /** From an accepted stream to its role, and its token if it has one; current only. Default 5 000. */
  roleMs: number
  /** From HELLO to CHALLENGE. Default 5 000. */
  helloMs: number
  /** The whole handshake, either role. Default 15 000. */
  authMs: number
  /** From one PING to the next while nothing arrives; not in classic. Default 45 000. */
  pingMs: number
  /** Most that chance adds to or takes from `pingMs`, so that many connections do not ping at once. Default 5 000. */
  pingJitterMs: number
  /** From PING to PONG; not in classic. Default 7 000. */
  pongMs: number
  /** From the last frame that counts as activity to an orderly end. Default 120 000 classic, else 600 000. */
  idleMs: number
  /** From a message written to the question whether the other side lives. Default 20 000. */
  answerMs: number
  /** The same for a message on the data stream, from its last byte. Default 60 000. */
  dataAnswerMs: number
  /** A write of which nothing drains while nothing arrives. Default as `idleMs`. */
  stallMs: number
  /** A frame on a data stream that does not get on, either way, though nobody holds it back here. Default 120 000. */
  dataStallMs: number
  /** From our orderly end to that of the other side; then the stream is cut. Default 5 000. */
  lingerMs: number
  /** From one PING to the next during a call. Default 1 750. */
  callPingMs: number
  /** As `pingJitterMs`, during a call. Default 250. */
  callPingJitterMs: number
  /** From the last sign of life during a call to the end of the connection. Default 3 500. */
  callSilenceMs: number
  /** From a call offer to its end without an answer. Default 60 000. */
  ringMs: number
  /**
   * The slowest link that counts as alive, in bytes per second: large messages get the time that they take on it before
   * their silence counts. Default 16 384.
   */
  slowestBytesPerSecond: number
}

export function sessionTimers(profile: GenerationProfile, timers: Partial<SessionTimers> = {}): SessionTimers {
  const idleMs = timers.idleMs ?? profile.idleMs
  return {
    connectMs: profile.connectMs,
    helloMs: 5_000,
    roleMs: 5_000,
    authMs: 15_000,
    pingMs: 45_000,
    pingJitterMs: 5_000,
    pongMs: 7_000,
    answerMs: 20_000,
    dataAnswerMs: 60_000,
    dataStallMs: 120_000,
    lingerMs: 5_000,
    callPingMs: 1_750,
    callPingJitterMs: 250,
    callSilenceMs: 3_500,
    ringMs: 60_000,
    slowestBytesPerSecond: 16_384,
    ...timers,
    idleMs,
    stallMs: timers.stallMs ?? idleMs,
  }
}
