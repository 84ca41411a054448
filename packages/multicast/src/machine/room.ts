import { MulticastError } from '../error.js'
import type { Core } from './core.js'
import type { Session } from './session.js'

/**
 * An honest initiator needs far less from our response to its first data. Until then nothing tells its session from those
 * that somebody makes with initiations that he recorded, so that what is younger does not go for a newer one.
 */
const YOUNG_MS = 1000

/**
 * Room for one more session of this key: what it opened and did not use goes first, then what it used longest ago.
 * @returns `false` when nothing may go
 */
export function makeRoomForPeer(core: Core, peerName: string, nowMs: number): boolean {
  const { sessionsPerPeer, halfOpenPerPeer } = core.limits
  const own = core.sessions.openedBy(peerName)
  let halfOpen = 0
  for (const session of own) if (session.isHalfOpen) halfOpen += 1
  if (halfOpen >= halfOpenPerPeer) return evict(core, oldestHalfOpen(own, nowMs))
  return own.size < sessionsPerPeer || evict(core, oldestHalfOpen(own, nowMs) ?? longestIdle(own))
}

/** The same for all together, and for a session of ours. What we opened ourselves stays: strangers do not take its place. */
export function makeRoomForAll(core: Core, nowMs: number): boolean {
  if (core.sessions.size < core.limits.sessions) return true
  return evict(core, oldestHalfOpen(core.sessions.incoming(), nowMs) ?? longestIdle(core.sessions.incoming()))
}

function oldestHalfOpen(sessions: Iterable<Session>, nowMs: number): Session | undefined {
  let found: Session | undefined
  for (const session of sessions) {
    if (!session.isHalfOpen || session.madeMs > nowMs - YOUNG_MS) continue
    if (found === undefined || session.madeMs < found.madeMs) found = session
  }
  return found
}

function longestIdle(sessions: Iterable<Session>): Session | undefined {
  let found: Session | undefined
  for (const session of sessions) {
    if (!session.isHalfOpen && (found === undefined || session.activeMs < found.activeMs)) found = session
  }
  return found
}

function evict(core: Core, session: Session | undefined): boolean {
  if (session === undefined) return false
  core.close(session, new MulticastError('limit', 'closed for a newer session: there were too many'))
  return true
}
