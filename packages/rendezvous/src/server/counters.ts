import type { RelayOutcome, ServerCutReason } from './types.js'

/** What is counted from the start on. */
export class Counters {
  accepted = 0
  refused = 0
  logins = 0
  frames = 0
  bytesIn = 0
  bytesOut = 0
  readonly envelopes: Record<RelayOutcome, number> = {
    relayed: 0,
    absent: 0,
    slow: 0,
    crowded: 0,
    from: 0,
    expired: 0,
    envelope: 0,
    rate: 0,
  }
  readonly cut: Record<ServerCutReason, number> = {
    malformed: 0,
    'not-authenticated': 0,
    timeout: 0,
    replaced: 0,
    'too-large': 0,
    rate: 0,
    full: 0,
    shutdown: 0,
  }
}
