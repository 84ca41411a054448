import { equalBytes } from '@mimirjs/wire'
import { checkSdp, EnvelopeKind } from '@mimirjs/wire/rendezvous'
import type { Verdict } from '../counters.js'
import type { OwnAttempt, Restart } from './attempt.js'
import { applyEarly } from './candidates.js'
import { closeAttempt } from './closing.js'
import type { Core } from './core.js'
import type { Received } from './receiver.js'
import type { ConnectionState } from './types.js'

/** What WebRTC says about the connection of an open link: the offerer looks for new paths, the answerer waits. */
export function watchConnection(core: Core, attempt: OwnAttempt, state: ConnectionState, nowMs: number): void {
  attempt.connectionState = state
  if (state === 'connected') {
    attempt.restartDueMs = Number.POSITIVE_INFINITY
    if (attempt.restart?.isAnswered === true) endRestart(core, attempt)
    return
  }
  if (attempt.role !== 'offerer' || attempt.restart !== undefined) return
  if (state === 'failed' && !core.canRestartIce) {
    closeAttempt(core, attempt, 'lost', nowMs, { isTold: true, detail: 'no path' })
    return
  }
  if (!core.canRestartIce) return
  const dueMs = state === 'failed' ? nowMs : nowMs + core.limits.disturbedMs
  attempt.restartDueMs = Math.min(attempt.restartDueMs, dueMs)
  if (attempt.restartDueMs <= nowMs) beginRestart(core, attempt, nowMs)
  else core.wakeBy(attempt.restartDueMs)
}

/** Ask WebRTC for an offer with new paths. */
export function beginRestart(core: Core, attempt: OwnAttempt, nowMs: number): void {
  const { connection, state, role, restart } = attempt
  attempt.restartDueMs = Number.POSITIVE_INFINITY
  if (connection === undefined || state !== 'open' || role !== 'offerer' || restart !== undefined) return
  startRestart(core, attempt, undefined, nowMs)
  core.host.rtc.offer(connection, true)
}

/** Time is up: a link that found no path is lost; one that recovered by itself goes on as it was. */
export function giveUpRestart(core: Core, attempt: OwnAttempt, nowMs: number): void {
  if (attempt.connectionState === 'connected') endRestart(core, attempt)
  else closeAttempt(core, attempt, 'lost', nowMs, { isTold: true, detail: 'no new path' })
}

/** The offerer looks for new paths: under the same sid, with the same certificate. */
export function receiveRestartOffer(core: Core, attempt: OwnAttempt, received: Received, nowMs: number): Verdict {
  const { body, id } = received
  const { role, restart, connection, peerFp } = attempt
  if (body.kind !== EnvelopeKind.offer || role !== 'answerer' || connection === undefined) return 'state'
  if (!isInForce(attempt, body.re)) return 'state'
  // One that is being answered is in force with its answer, and not before.
  if (restart !== undefined && !restart.isAnswered) return 'state'
  const problem = checkSdp(body.sdp, body.fp, 'offer')
  if (problem !== undefined) return problem
  if (body.fp !== peerFp) return 'fingerprint'
  attempt.letters = []
  const { early } = attempt
  startRestart(core, attempt, id, nowMs)
  attempt.early = early
  core.host.rtc.answer(connection, body.sdp, true)
  applyEarly(core, attempt, id)
  return 'ok'
}

/** The answer to our offer of new paths. */
export function receiveRestartAnswer(core: Core, attempt: OwnAttempt, received: Received): Verdict {
  const { body, id } = received
  const { role, restart, connection, peerFp } = attempt
  if (body.kind !== EnvelopeKind.answer || role !== 'offerer' || connection === undefined) return 'state'
  if (restart?.offerId === undefined || restart.isAnswered || !equalBytes(body.re, restart.offerId)) return 'state'
  const problem = checkSdp(body.sdp, body.fp, 'answer')
  if (problem !== undefined) return problem
  if (body.fp !== peerFp) return 'fingerprint'
  attempt.answerId = id
  attempt.dropLetters(EnvelopeKind.offer)
  restart.isAnswered = true
  core.host.rtc.setAnswer(connection, body.sdp)
  applyEarly(core, attempt, id)
  // Not every platform says anew that it is connected.
  if (attempt.connectionState === 'connected') endRestart(core, attempt)
  return 'ok'
}

/** Our own description is on its way. */
export function restartDescribed(core: Core, attempt: OwnAttempt, restart: Restart, id: Uint8Array): void {
  if (attempt.role === 'offerer') {
    restart.offerId = id
    return
  }
  attempt.previousAnswerId = attempt.answerId
  attempt.answerId = id
  restart.isAnswered = true
  if (attempt.connectionState === 'connected') endRestart(core, attempt)
}

/** The last answer of ours, or the one before: the last may never have reached them. */
function isInForce({ answerId, previousAnswerId }: OwnAttempt, id: Uint8Array): boolean {
  return [answerId, previousAnswerId].some((answer) => answer !== undefined && equalBytes(answer, id))
}

function endRestart(core: Core, attempt: OwnAttempt): void {
  attempt.restart = undefined
  core.host.restarting(attempt)
}

function startRestart(core: Core, attempt: OwnAttempt, offerId: Uint8Array | undefined, nowMs: number): void {
  const wasRestarting = attempt.isRestarting
  attempt.forgetCandidates()
  attempt.restart = { deadlineMs: nowMs + core.limits.connectMs, offerId, isAnswered: false }
  core.wakeBy(attempt.restart.deadlineMs)
  if (!wasRestarting) core.host.restarting(attempt)
}
