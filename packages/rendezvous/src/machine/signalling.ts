import { equalBytes } from '@mimirjs/wire'
import { type EnvelopeBody, EnvelopeKind } from '@mimirjs/wire/rendezvous'
import type { Verdict } from '../counters.js'
import type { OwnAttempt } from './attempt.js'
import { receiveCandidates, sendLocal } from './candidates.js'
import { closeAttempt } from './closing.js'
import type { Core } from './core.js'
import { receiveAnswer, receiveOffer, receiveWelcome } from './descriptions.js'
import { tickChannel } from './frames.js'
import { receiveKnock } from './knocks.js'
import type { Received } from './receiver.js'
import { beginRestart, giveUpRestart, receiveRestartAnswer, receiveRestartOffer } from './restart.js'
import type { AttemptState, CloseCode } from './types.js'
import { repeatLetters } from './writing.js'

type Handler = (core: Core, attempt: OwnAttempt, received: Received, nowMs: number) => Verdict

const { welcome, offer, answer, candidates, decline, hangup } = EnvelopeKind

/** What each state takes; everything else is dropped as `state` (rendezvous protocol B9.1, B9.2). */
const TAKES: Readonly<Record<AttemptState, Partial<Record<EnvelopeBody['kind'], Handler>>>> = {
  knocking: { [welcome]: receiveWelcome, [decline]: receiveDecline, [hangup]: receiveHangup },
  offering: { [answer]: receiveAnswer, [candidates]: receiveCandidates, [hangup]: receiveHangup },
  connecting: { [candidates]: receiveCandidates, [hangup]: receiveHangup },
  prompting: { [hangup]: receiveHangup },
  waiting: { [offer]: receiveOffer, [candidates]: receiveCandidates, [hangup]: receiveHangup },
  answering: { [candidates]: receiveCandidates, [hangup]: receiveHangup },
  binding: { [candidates]: receiveCandidates, [hangup]: receiveHangup },
  open: { [offer]: receiveRestartOffer, [answer]: receiveRestartAnswer, [candidates]: receiveCandidates },
  closed: {},
}

/** How each state ends when its time is up, and whether the other side is told. */
const OVERDUE: Readonly<Partial<Record<AttemptState, { readonly code: CloseCode; readonly isTold: boolean }>>> = {
  knocking: { code: 'no-answer', isTold: false },
  offering: { code: 'timeout', isTold: true },
  connecting: { code: 'failed', isTold: true },
  prompting: { code: 'missed', isTold: false },
  waiting: { code: 'timeout', isTold: false },
  answering: { code: 'failed', isTold: true },
  binding: { code: 'bind', isTold: true },
}

/** An envelope that passed the checks of rendezvous protocol B7: step 17. */
export function receiveSignal(core: Core, received: Received, nowMs: number): Verdict {
  const { name, sid, body } = received
  if (body.kind === EnvelopeKind.knock) return receiveKnock(core, received, nowMs)
  const attempt = core.attempts.find(name, sid)
  if (attempt === undefined) {
    if (body.kind === hangup) core.dismissed.hangup(name, sid)
    return 'state'
  }
  return TAKES[attempt.state][body.kind]?.(core, attempt, received, nowMs) ?? 'state'
}

/** Do what is due for one attempt or link. @returns when the next is due */
export function tickAttempt(core: Core, attempt: OwnAttempt, nowMs: number): number {
  if (isOver(attempt)) return Number.POSITIVE_INFINITY
  const overdue = OVERDUE[attempt.state]
  if (overdue !== undefined && attempt.deadlineMs <= nowMs) {
    closeAttempt(core, attempt, overdue.code, nowMs, { isTold: overdue.isTold, detail: `time is up: ${attempt.state}` })
    return Number.POSITIVE_INFINITY
  }
  if (attempt.unsentDueMs <= nowMs) sendLocal(core, attempt, nowMs)
  const channelMs =
    attempt.state === 'open' && attempt.channel !== undefined
      ? tickChannel(core, attempt, attempt.channel, nowMs)
      : Number.POSITIVE_INFINITY
  if (attempt.restartDueMs <= nowMs) beginRestart(core, attempt, nowMs)
  if (attempt.restart !== undefined && attempt.restart.deadlineMs <= nowMs) giveUpRestart(core, attempt, nowMs)
  if (isOver(attempt)) return Number.POSITIVE_INFINITY
  return Math.min(
    attempt.deadlineMs,
    attempt.unsentDueMs,
    channelMs,
    attempt.restartDueMs,
    attempt.restart?.deadlineMs ?? Number.POSITIVE_INFINITY,
    repeatLetters(core, attempt, nowMs),
  )
}

/**
 * What was slept through is over, though its time stood still as that of the machine did: nobody waits for a knock of ours that
 * is void by its date, nor for our user to say something to one.
 */
export function endIfVoid(core: Core, attempt: OwnAttempt, nowMs: number): void {
  const { state, letters, knock: asked } = attempt
  const overdue = OVERDUE[state]
  const expMs = state === 'knocking' ? letters[0]?.expMs : state === 'prompting' ? asked?.expMs : undefined
  if (overdue === undefined || expMs === undefined || expMs > core.host.wallMs(nowMs)) return
  closeAttempt(core, attempt, overdue.code, nowMs, { isTold: false, detail: 'its time passed unnoticed' })
}

function isOver({ state }: OwnAttempt): boolean {
  return state === 'closed'
}

function receiveDecline(core: Core, attempt: OwnAttempt, { body }: Received, nowMs: number): Verdict {
  if (body.kind !== decline || attempt.knockId === undefined || !equalBytes(attempt.knockId, body.re)) return 'state'
  closeAttempt(core, attempt, 'declined', nowMs, { isTold: false, detail: body.code })
  return 'ok'
}

/** They gave up; a question to the user is withdrawn. */
function receiveHangup(core: Core, attempt: OwnAttempt, { body }: Received, nowMs: number): Verdict {
  const code = attempt.state === 'prompting' ? 'missed' : 'hangup'
  const detail = body.kind === hangup ? body.code : undefined
  closeAttempt(core, attempt, code, nowMs, { isTold: false, detail })
  return 'ok'
}
