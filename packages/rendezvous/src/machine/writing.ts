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
  const letter = core.outbox.write(attempt.peer, attempt.sid, body, lifeMs, nowMs)
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

/** They may not have been there when we wrote: do not wait for the next repeat, nor let them make us write all the time. */
export function repeatSoon(core: Core, attempt: OwnAttempt, nowMs: number): void {
  for (const letter of attempt.letters) {
    // What is due soon already may be so by this.
    if (letter.frame === undefined || letter.dueMs <= nowMs + SOON_MS) continue
    letter.dueMs = Math.max(nowMs, letter.dueMs - core.limits.repeatMs + SOON_MS)
    core.wakeBy(letter.dueMs)
  }
}

/** Send again what is due, and drop what is void. @returns when the next is due */
export function repeatLetters(core: Core, attempt: OwnAttempt, nowMs: number): number {
  let nextMs = Number.POSITIVE_INFINITY
  if (attempt.letters.some(({ endMs }) => endMs <= nowMs))
    attempt.letters = attempt.letters.filter(({ endMs }) => endMs > nowMs)
  for (const letter of attempt.letters) {
    if (letter.frame !== undefined && letter.dueMs <= nowMs) {
      core.servers.send(letter.frame)
      letter.dueMs = nowMs + core.limits.repeatMs
    }
    nextMs = Math.min(nextMs, letter.dueMs, letter.endMs)
  }
  return nextMs
}

/** Least time between two copies of a letter that the other side gives a reason for. Ours: the protocol says only every 5 s. */
const SOON_MS = 200
