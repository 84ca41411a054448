import type { ResetReason } from './segment.js'

/** Why a stream ended before its time. */
export type StreamFailure =
  | 'refused' // nobody takes streams there
  | 'busy' // a limit of the other side
  | 'reset' // the other side gave it up, or has been started anew
  | 'broken' // the other side broke the rules of this layer
  | 'timeout' // the other side fell silent, or did not answer
  | 'aborted' // given up here
  | 'socket' // that of the node failed

/** What a stream tells its user. Never called from inside a call of the user, and nothing after `closed`. */
export interface StreamEvents {
  /** The other side has accepted. */
  opened(): void
  /** `chunk` is valid only during the call. */
  data(chunk: Uint8Array): void
  end(): void
  drain(): void
  closed(failure?: StreamFailure): void
}

/** What a stream that has ended leaves behind: enough to answer what comes late. */
export interface LastWords {
  /** RESET to be repeated until it is answered; absent after an end in order. */
  readonly reset?: ResetReason
  /** What an ACK says: the last number sent, our length and the length that came, ends included. */
  readonly number: number
  readonly offset: number
  readonly ack: number
}
