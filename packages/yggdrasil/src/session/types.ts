import type { X25519KeyPair } from '@mimirjs/crypto'
import type { SessionLimits } from '../limits.js'
import type { SessionIdentity } from './identity.js'

export interface SessionsOutput {
  /**
   * Into the network. `payload` is a view that is valid only during the call.
   * @returns `false`: taken, but the way is full
   */
  send(dest: Uint8Array, payload: Uint8Array, nowMs: number): boolean
  /**
   * A packet that `source` (32 bytes) is proven to have sent to us. `payload` is a view that is valid only during the
   * call; the callback may send.
   */
  deliver(source: Uint8Array, payload: Uint8Array, nowMs: number): void
  /** An Ack came: the other side is there. */
  answered(source: Uint8Array, nowMs: number): void
}

export interface SessionsOptions {
  /** Ours, Ed25519. */
  readonly publicKey: Uint8Array
  readonly identity: SessionIdentity
  readonly generateKeyPair: () => X25519KeyPair
  /** Unix time; may be set back, and is then taken as standing still. */
  readonly wallSeconds: () => number
  readonly limits: SessionLimits
  readonly output: SessionsOutput
}

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

export function newStats(): SessionStats {
  return {
    sent: 0,
    received: 0,
    initsSent: 0,
    acksSent: 0,
    straysAnswered: 0,
    initsRead: 0,
    throttled: 0,
    ignored: 0,
    outOfSync: 0,
    evicted: 0,
  }
}
