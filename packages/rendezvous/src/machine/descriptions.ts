import { equalBytes } from '@mimirjs/wire'
import { checkSdp, EnvelopeKind, sdpFingerprint } from '@mimirjs/wire/rendezvous'
import type { Verdict } from '../counters.js'
import type { OwnAttempt } from './attempt.js'
import { applyEarly } from './candidates.js'
import { closeAttempt } from './closing.js'
import type { Core } from './core.js'
import type { Received } from './receiver.js'
import { restartDescribed } from './restart.js'
import { writeUntilAnswered } from './writing.js'

/** Their answer to our knock: they want to talk, so now there is something to offer (rendezvous protocol B9.1). */
export function receiveWelcome(core: Core, attempt: OwnAttempt, { body, id, epoch }: Received, nowMs: number): Verdict {
  const { knockId } = attempt
  if (body.kind !== EnvelopeKind.welcome || knockId === undefined || !equalBytes(body.re, knockId)) return 'state'
  attempt.peerEpoch = epoch
  attempt.state = 'offering'
  attempt.letters = []
  attempt.deadlineMs = nowMs + core.limits.signalMs
  core.wakeBy(attempt.deadlineMs)
  attempt.welcomeId = id
  core.host.rtc.offer(core.attempts.connect(attempt), false)
  return 'ok'
}

export function receiveOffer(core: Core, attempt: OwnAttempt, received: Received, nowMs: number): Verdict {
  const { body, id, epoch } = received
  const { welcomeId } = attempt
  if (body.kind !== EnvelopeKind.offer || welcomeId === undefined || !equalBytes(body.re, welcomeId)) return 'state'
  const problem = checkSdp(body.sdp, body.fp, 'offer')
  if (problem !== undefined) return problem
  attempt.peerEpoch = epoch
  attempt.state = 'answering'
  attempt.letters = []
  attempt.offerId = id
  attempt.peerFp = body.fp
  attempt.deadlineMs = nowMs + core.limits.connectMs
  core.wakeBy(attempt.deadlineMs)
  core.host.rtc.answer(core.attempts.connect(attempt), body.sdp, false)
  applyEarly(core, attempt, id)
  return 'ok'
}

export function receiveAnswer(core: Core, attempt: OwnAttempt, received: Received, nowMs: number): Verdict {
  const { body, id } = received
  const { offerId, connection } = attempt
  if (body.kind !== EnvelopeKind.answer || offerId === undefined || !equalBytes(body.re, offerId)) return 'state'
  if (connection === undefined) return 'state'
  const problem = checkSdp(body.sdp, body.fp, 'answer')
  if (problem !== undefined) return problem
  attempt.state = 'connecting'
  attempt.dropLetters(EnvelopeKind.offer)
  attempt.answerId = id
  attempt.peerFp = body.fp
  attempt.deadlineMs = nowMs + core.limits.connectMs
  core.wakeBy(attempt.deadlineMs)
  core.host.rtc.setAnswer(connection, body.sdp)
  applyEarly(core, attempt, id)
  return 'ok'
}

/** WebRTC made the description that it was asked for: sign it, and send it to the other side. */
export function sendDescription(core: Core, attempt: OwnAttempt, sdp: string, nowMs: number): void {
  const kind = attempt.role === 'offerer' ? EnvelopeKind.offer : EnvelopeKind.answer
  const re = answeredBy(attempt)
  if (re === undefined) return
  const fp = sdpFingerprint(sdp) ?? ''
  const isNew = attempt.ownFp !== undefined && attempt.ownFp !== fp
  const problem = isNew ? 'fingerprint' : checkSdp(sdp, fp, kind === EnvelopeKind.offer ? 'offer' : 'answer')
  if (problem !== undefined) {
    closeAttempt(core, attempt, 'failed', nowMs, { isTold: true, detail: `own description: ${problem}` })
    return
  }
  attempt.ownFp = fp
  const id = writeUntilAnswered(core, attempt, { kind, sdp, fp, re }, nowMs)
  attempt.localId = id
  if (attempt.restart !== undefined) restartDescribed(core, attempt, attempt.restart, id)
  else if (kind === EnvelopeKind.offer) attempt.offerId = id
  else attempt.answerId = id
}

/** What a description of ours answers; `undefined` when nobody waits for one. */
function answeredBy({
  state,
  role,
  localId,
  welcomeId,
  offerId,
  answerId,
  restart,
}: OwnAttempt): Uint8Array | undefined {
  if (localId !== undefined) return undefined
  if (state === 'offering') return welcomeId
  if (state === 'answering') return offerId
  if (state !== 'open' || restart === undefined) return undefined
  return role === 'offerer' ? answerId : restart.offerId
}
