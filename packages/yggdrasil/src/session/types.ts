/** Counters of the sessions since the start. */
export interface SessionStats {
  /** Packets sealed and handed on. */
  sent: number
  /** Packets opened and delivered. */
  received: number
  initsSent: number
  acksSent: number
  /** Inits with throw-away keys, because of traffic without a session. */
  straysAnswered: number
  /** Inits and Acks that were authentic. */
  initsRead: number
  /** Inits, Acks and stray traffic that a limit made us ignore. */
  throttled: number
  /** Messages that were no message, seen before, or not authentic. */
  ignored: number
  /** Traffic under keys that we do not have. */
  outOfSync: number
  /** Sessions and openings that had to go because there were too many. */
  evicted: number
}
