import type { Verdict } from '../counters.js'
import type { ServerStatus } from './types.js'

/**
 * `waiting`: no socket. `dialling`: no socket yet. `authenticating`: the key was said. `signing`, `proving`: the proof is
 * being made, and was sent. `ready`: in use. `left`: broke the rules.
 */
export type ServerState = 'waiting' | 'dialling' | 'authenticating' | 'signing' | 'proving' | 'ready' | 'left'

/** What others are told of it. */
export const STATUS: Readonly<Record<ServerState, ServerStatus['state']>> = {
  waiting: 'waiting',
  dialling: 'connecting',
  authenticating: 'connecting',
  signing: 'connecting',
  proving: 'connecting',
  ready: 'ready',
  left: 'left',
}

/** In which state a frame is in order; the others may come at any time (rendezvous protocol B5). */
export const IN_ORDER: Readonly<Record<string, ServerState>> = {
  'prove-auth': 'authenticating',
  authenticated: 'proving',
  'relayed-msg': 'ready',
}

/** Verdicts on envelopes that no server relays which looks at them as rendezvous protocol B8 wants. */
export const NEVER_RELAYED: ReadonlySet<Verdict> = new Set(['length', 'version', 'kind', 'flags', 'from', 'self', 'to'])
