import { equalBytes } from '@mimirjs/wire'
import { EnvelopeKind, type SignalledCandidate } from '@mimirjs/wire/rendezvous'
import type { Verdict } from '../counters.js'
import type { OwnAttempt } from './attempt.js'
import type { Core } from './core.js'
import type { Received } from './receiver.js'
import { writeUntilAnswered } from './writing.js'

/** As many as fit into a body, however long they are. */
const IN_ONE_ENVELOPE = 8
/** How long candidates of ours wait for more, in ms: each envelope counts at the servers. */
const TOGETHER_MS = 200
/** What the schema of rendezvous protocol B13 takes. */
const MAX_LENGTHS = { candidate: 1024, sdpMid: 16, usernameFragment: 256 }

/** Candidates of the other side: passed on, or kept until their description is applied (rendezvous protocol B9.2). */
export function receiveCandidates(core: Core, attempt: OwnAttempt, { body }: Received): Verdict {
  if (body.kind !== EnvelopeKind.candidates) return 'state'
  const { re, c, end } = body
  const isApplied = attempt.remoteId !== undefined && equalBytes(attempt.remoteId, re)
  if (!isApplied && !awaitsDescription(attempt)) return 'state'
  // An empty one says something as well, and costs as much.
  const count = Math.max(1, c.length)
  if (attempt.remoteCandidates + count > core.limits.candidates) return 'limit'
  attempt.remoteCandidates += count
  if (!isApplied) attempt.early.push({ re, c, end })
  else if (attempt.connection !== undefined) core.host.rtc.addCandidates(attempt.connection, c, end)
  return 'ok'
}

/** Their description with this id is applied: so are the candidates that came before it. */
export function applyEarly(core: Core, attempt: OwnAttempt, id: Uint8Array): void {
  const { early, connection } = attempt
  attempt.remoteId = id
  attempt.early = []
  if (connection === undefined) return
  for (const { re, c, end } of early) if (equalBytes(re, id)) core.host.rtc.addCandidates(connection, c, end)
}

/** Candidates of ours that were found after the description had been made. */
export function addLocal(
  core: Core,
  attempt: OwnAttempt,
  candidates: readonly SignalledCandidate[],
  isEnd: boolean,
  nowMs: number,
): void {
  if (attempt.localId === undefined || attempt.isUnsentEnd) return
  const room = core.limits.candidates - attempt.localCandidates
  const fit = candidates.filter(isSendable).slice(0, room)
  attempt.localCandidates += fit.length
  attempt.unsent.push(...fit)
  attempt.isUnsentEnd = isEnd
  if (isEnd || attempt.unsent.length >= IN_ONE_ENVELOPE) sendLocal(core, attempt, nowMs)
  else if (attempt.unsent.length > 0 && attempt.unsentDueMs === Number.POSITIVE_INFINITY) {
    attempt.unsentDueMs = nowMs + TOGETHER_MS
    core.wakeBy(attempt.unsentDueMs)
  }
}

/** Send those that wait. */
export function sendLocal(core: Core, attempt: OwnAttempt, nowMs: number): void {
  const { localId, isUnsentEnd } = attempt
  attempt.unsentDueMs = Number.POSITIVE_INFINITY
  if (localId === undefined) return
  do {
    const c = attempt.unsent.splice(0, IN_ONE_ENVELOPE)
    const end = isUnsentEnd && attempt.unsent.length === 0
    writeUntilAnswered(core, attempt, { kind: EnvelopeKind.candidates, re: localId, c, end }, nowMs)
  } while (attempt.unsent.length > 0)
}

/** Whether a description of theirs may be on its way. */
function awaitsDescription({ state, role, remoteId, restart }: OwnAttempt): boolean {
  if (state === 'open') return role === 'answerer' || restart !== undefined
  return (state === 'waiting' || state === 'offering') && remoteId === undefined
}

function isSendable({ candidate, sdpMid, sdpMLineIndex, usernameFragment }: SignalledCandidate): boolean {
  return (
    candidate.length <= MAX_LENGTHS.candidate &&
    (sdpMid ?? '').length <= MAX_LENGTHS.sdpMid &&
    (sdpMLineIndex ?? 0) === 0 &&
    (usernameFragment ?? '').length <= MAX_LENGTHS.usernameFragment
  )
}
