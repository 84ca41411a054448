import type { EnvelopeBody } from '@mimirjs/wire/rendezvous'
import type { OwnAttempt } from './attempt.js'
import { closeAttempt } from './closing.js'
import type { Core } from './core.js'

/**
 * Write to the other side of an attempt, again and again until it goes on (rendezvous protocol B8).
 * @returns the envelope id
 */
export function writeUntilAnswered(
  core: Core,
  attempt: OwnAttempt,
  body: EnvelopeBody,
  nowMs: number,
  lifeMs: number = core.limits.envelopeMs,
): Uint8Array {
  const letter = core.outbox.write(attempt.peer, attempt.sid, body, Math.floor(nowMs) + lifeMs)
  attempt.letters.push(letter)
  core.outbox.sign(letter, (frame, signedMs) => {
    // Whoever has gone on meanwhile does not look back.
    if (!attempt.letters.includes(letter)) return
    if (frame === undefined) {
      closeAttempt(core, attempt, 'failed', signedMs, { isTold: false, detail: 'the signer did not sign' })
      return
    }
    core.servers.send(frame)
    letter.dueMs = signedMs + core.limits.repeatMs
    core.wakeBy(letter.dueMs)
  })
  return letter.id
}

/** Send again what is due, and drop what is void. @returns when the next is due */
export function repeatLetters(core: Core, attempt: OwnAttempt, nowMs: number): number {
  let nextMs = Number.POSITIVE_INFINITY
  if (attempt.letters.some(({ expMs }) => expMs <= nowMs))
    attempt.letters = attempt.letters.filter(({ expMs }) => expMs > nowMs)
  for (const letter of attempt.letters) {
    if (letter.frame !== undefined && letter.dueMs <= nowMs) {
      core.servers.send(letter.frame)
      letter.dueMs = nowMs + core.limits.repeatMs
    }
    nextMs = Math.min(nextMs, letter.dueMs, letter.expMs)
  }
  return nextMs
}
