/** Every time span of a session, in milliseconds (peer protocol §9.1). */
export interface SessionTimers {
  /** From an address dialled to an open stream. Default 3 000 classic, 5 000 overlay. */
  connectMs: number
  /** From HELLO to CHALLENGE. */
  helloMs: number
  /** The whole handshake, either role. */
  authMs: number
  /** From one PING to the next on a silent connection; overlay only. */
  pingMs: number
  /** Drawn at random and added or taken off, so that many connections do not ping at once. */
  pingJitterMs: number
  /** From PING to PONG; overlay only. */
  pongMs: number
  /** From the last frame that counts as activity to an idle end. Default 120 000 classic, 600 000 overlay. */
  idleMs: number
  /** From a message written to the question whether the other side is alive. */
  answerMs: number
  /** A write that does not drain while nothing arrives. Default as `idleMs`. */
  stallMs: number
  /** From our orderly end to the end of the other side; then the stream is cut. */
  lingerMs: number
  /** From one PING to the next during a call. */
  callPingMs: number
  callPingJitterMs: number
  /** From the last sign of life during a call to its end. */
  callSilenceMs: number
  /** From an offer to an answer. */
  ringMs: number
}
