import { MulticastError } from '../error.js'
import { nextDueMs } from './attempts.js'
import type { Core } from './core.js'
import type { Request, Session } from './session.js'

/** One request is under way at a time: the protocol has no numbers, so an answer belongs to that one. */
export function addRequest(
  core: Core,
  session: Session,
  payload: Uint8Array,
  done: Request['done'],
  nowMs: number,
): void {
  const waits = !isIdle(session)
  if (waits && session.waiting.length >= core.limits.queuedRequests)
    throw new MulticastError(
      'limit',
      `expected at most ${core.limits.queuedRequests} requests waiting in one session: await answers first`,
    )
  // Sealed at once and for good, so that nobody looks at it again.
  const isReadOnce = !waits && session.state === 'confirmed'
  const kept = isReadOnce ? payload : new Uint8Array(payload)
  session.waiting.push({ payload: kept, done, packets: [], turn: 0, attempts: 0, dueMs: 0 })
  if (!waits) startNext(core, session, nowMs)
}

/** Begin the one that waits longest. */
export function startNext(core: Core, session: Session, nowMs: number): void {
  if (session.request !== undefined || (session.state !== 'open' && session.state !== 'confirmed')) return
  const request = session.waiting.shift()
  if (request === undefined) return
  session.request = request
  request.attempts = 1
  request.dueMs = nowMs + core.unitMs
  transmit(core, session, request)
  if (session.request === request) core.arm(session)
}

/** The time of a request is up: again, or never. */
export function repeatRequest(core: Core, session: Session, request: Request, nowMs: number): void {
  if (request.attempts <= core.limits.requestRepeats) {
    request.attempts += 1
    request.dueMs = nextDueMs(request.dueMs, nowMs, request.attempts, core.unitMs)
    transmit(core, session, request)
    return
  }
  session.request = undefined
  startNext(core, session, nowMs)
  request.done(new MulticastError('no-answer', `nobody answered a request that was sent ${request.attempts} times`))
}

/** The other side made a key anew, and cannot read what it was sent under the one before: it need not wait for its turn. */
export function sendUnderNewKey(core: Core, session: Session): void {
  if (session.request === undefined) return
  session.request.turn = 0
  transmit(core, session, session.request)
}

/** @returns whether there was one to answer */
export function answerRequest(core: Core, session: Session, payload: Uint8Array, nowMs: number): boolean {
  const { request } = session
  if (request === undefined) return false
  session.request = undefined
  startNext(core, session, nowMs)
  request.done(payload)
  return true
}

/** Under each candidate in turn, from the newest on; always the same bytes under the same one. multicast protocol §8.2 */
function transmit(core: Core, session: Session, request: Request): void {
  const candidate = session.candidates[request.turn % session.candidates.length]
  request.turn += 1
  if (candidate?.key === undefined) return
  let bytes = request.packets.find((packet) => packet.candidate === candidate)?.bytes
  if (bytes === undefined) {
    bytes = core.seal(session, candidate.key, request.payload)
    if (bytes === undefined) return
    request.packets.push({ candidate, bytes })
  }
  if (request.attempts > 1) core.sendRare(session, bytes)
  else core.sendTo(session, bytes)
}

function isIdle(session: Session): boolean {
  return session.request === undefined && (session.state === 'open' || session.state === 'confirmed')
}
