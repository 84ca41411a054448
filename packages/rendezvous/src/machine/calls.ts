import { EnvelopeKind, SID_BYTES } from '@mimirjs/wire/rendezvous'
import { RendezvousError } from '../error.js'
import { OwnAttempt } from './attempt.js'
import { closeAttempt } from './closing.js'
import type { Core } from './core.js'
import { nameOf, requirePeerKey } from './keys.js'
import { welcome } from './knocks.js'
import type { Received } from './receiver.js'
import type { DeclineOptions } from './types.js'
import { writeUntilAnswered } from './writing.js'

/** Knock at somebody; what there is with him already is enough (rendezvous protocol B9.3). */
export function call(core: Core, publicKey: Uint8Array, nowMs: number): OwnAttempt {
  requirePeerKey(publicKey, core.publicKey)
  const name = nameOf(publicKey)
  if (core.blocked.has(name)) throw new RendezvousError('misuse', 'this key is blocked here: unblock it first')
  const existing = core.attempts.linkWith(name) ?? core.attempts.attemptWith(name)
  if (existing?.state === 'prompting') return letIn(core, existing, nowMs)
  if (existing !== undefined) return existing
  requireRoom(core)
  if (core.attempts.linkCount >= core.limits.links)
    throw new RendezvousError(
      'limit',
      `expected at most ${core.limits.links} open links: close one, or raise limits.links`,
    )
  const waiting = core.dismissed.take(name, nowMs)
  if (waiting !== undefined) return answer(core, waiting, nowMs)
  const attempt = new OwnAttempt(
    new Uint8Array(publicKey),
    'knocking',
    'offerer',
    core.host.randomBytes(SID_BYTES),
    nowMs,
  )
  attempt.deadlineMs = nowMs + core.limits.knockMs
  core.wakeBy(attempt.deadlineMs)
  core.attempts.add(attempt)
  const body = { kind: EnvelopeKind.knock, name: core.name }
  attempt.knockId = writeUntilAnswered(core, attempt, body, nowMs, core.limits.knockMs)
  return attempt
}

/** The user lets in whoever is at the prompt. @throws {RendezvousError} `misuse` when nobody is | `limit` */
export function accept(core: Core, publicKey: Uint8Array, nowMs: number): OwnAttempt {
  const attempt = core.attempts.attemptWith(nameOf(publicKey))
  if (attempt?.state === 'prompting') return letIn(core, attempt, nowMs)
  throw new RendezvousError('misuse', 'this key does not knock, or no longer: call it instead')
}

/** @returns whether somebody was at the prompt */
export function declineKnock(core: Core, publicKey: Uint8Array, options: DeclineOptions, nowMs: number): boolean {
  const name = nameOf(publicKey)
  const attempt = core.attempts.attemptWith(name)
  const isAsking = attempt?.state === 'prompting'
  if (isAsking) {
    core.prompts.refused(name, nowMs)
    const { knockId, peer, sid, knock } = attempt
    if (options.tell !== undefined && knockId !== undefined)
      core.write(peer, sid, { kind: EnvelopeKind.decline, re: knockId, code: options.tell }, nowMs)
    else if (knock !== undefined) core.dismissed.add(knock)
    closeAttempt(core, attempt, 'refused', nowMs, { isTold: false })
  }
  if (options.block === true) block(core, publicKey, nowMs)
  return isAsking
}

/** Nothing of this key is taken any more, and what there is with it ends. @throws {RendezvousError} `limit` */
export function block(core: Core, publicKey: Uint8Array, nowMs: number): void {
  const name = nameOf(publicKey)
  if (!core.blocked.has(name) && core.blocked.size >= core.limits.blocked)
    throw new RendezvousError('limit', `expected at most ${core.limits.blocked} blocked keys: raise limits.blocked`)
  core.blocked.add(name)
  for (const attempt of [core.attempts.attemptWith(name), core.attempts.linkWith(name)])
    if (attempt !== undefined) closeAttempt(core, attempt, 'blocked', nowMs, { isTold: false })
}

/** Our user changed his mind about somebody who still knocks. */
function answer(core: Core, knock: Received, nowMs: number): OwnAttempt {
  const attempt = new OwnAttempt(knock.from, 'waiting', 'answerer', knock.sid, nowMs)
  attempt.turnTo(knock, 'waiting')
  core.attempts.add(attempt)
  welcome(core, attempt, nowMs)
  return attempt
}

function letIn(core: Core, attempt: OwnAttempt, nowMs: number): OwnAttempt {
  requireRoom(core)
  core.host.knockOver(attempt.peer, false)
  welcome(core, attempt, nowMs)
  return attempt
}

function requireRoom(core: Core): void {
  const { attempts } = core.limits
  if (core.attempts.countUnderWay() < attempts) return
  throw new RendezvousError(
    'limit',
    `expected at most ${attempts} attempts at once: wait for one, or raise limits.attempts`,
  )
}
