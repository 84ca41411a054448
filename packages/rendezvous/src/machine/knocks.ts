import { EnvelopeKind } from '@mimirjs/wire/rendezvous'
import type { Verdict } from '../counters.js'
import { OwnAttempt } from './attempt.js'
import { closeAttempt, dropConnection } from './closing.js'
import type { Core } from './core.js'
import { displayFingerprint, isSmallerKey } from './keys.js'
import type { Received } from './receiver.js'
import type { AttemptState, Knock } from './types.js'
import { repeatSoon, writeUntilAnswered } from './writing.js'

/** A knock of somebody with whom there is an attempt already. */
type OnKnock = (core: Core, attempt: OwnAttempt, knock: Received, nowMs: number) => Verdict

/** What becomes of a knock, by what there is with its sender (rendezvous protocol B9.3). */
const ON_KNOCK: Readonly<Record<Exclude<AttemptState, 'open' | 'closed'>, OnKnock>> = {
  knocking: glare,
  prompting: replace,
  waiting: replace,
  offering: comeAgain,
  answering: comeAgain,
  connecting: comeAgain,
  binding: comeAgain,
}

export function receiveKnock(core: Core, knock: Received, nowMs: number): Verdict {
  // A sid is drawn anew for each knock.
  if (core.attempts.find(knock.name, knock.sid) !== undefined) return 'state'
  const attempt = core.attempts.attemptWith(knock.name)
  if (attempt === undefined) return receiveFirst(core, knock, nowMs)
  return attempt.state === 'open' || attempt.state === 'closed'
    ? 'state'
    : ON_KNOCK[attempt.state](core, attempt, knock, nowMs)
}

/** The user, or the policy, lets them in: say so, and wait for their offer. */
export function welcome(core: Core, attempt: OwnAttempt, nowMs: number): void {
  const { knockId } = attempt
  if (knockId === undefined) return
  attempt.state = 'waiting'
  attempt.deadlineMs = nowMs + core.limits.signalMs
  core.wakeBy(attempt.deadlineMs)
  attempt.welcomeId = writeUntilAnswered(core, attempt, { kind: EnvelopeKind.welcome, re: knockId }, nowMs)
}

/** What the user is asked about an attempt at the prompt. */
export function knockOf(core: Core, attempt: OwnAttempt): Knock {
  return {
    publicKey: attempt.peer,
    fingerprint: displayFingerprint(attempt.peer),
    name: attempt.knock?.body.kind === EnvelopeKind.knock ? attempt.knock.body.name : undefined,
    expiresMs: core.host.wallMs(attempt.deadlineMs),
  }
}

function receiveFirst(core: Core, knock: Received, nowMs: number): Verdict {
  // Whoever has an open link with us was let in: he may come again (rendezvous protocol B9.3).
  const isLetIn = knock.policy === 'accept' || core.attempts.linkWith(knock.name) !== undefined
  if (!isLetIn) {
    const verdict = prompt(core, knock, nowMs)
    if (verdict !== 'ok') core.dismissed.add(knock)
    return verdict
  }
  const { attempts, incomingAttempts, links } = core.limits
  const isFull =
    core.attempts.countUnderWay() >= attempts ||
    core.attempts.countUnderWay('answerer') >= incomingAttempts ||
    (core.attempts.linkCount >= links && core.attempts.linkWith(knock.name) === undefined)
  if (isFull) {
    if (core.busy.take(nowMs))
      core.write(knock.from, knock.sid, { kind: EnvelopeKind.decline, re: knock.id, code: 'busy' }, nowMs)
    return 'limit'
  }
  return admit(core, new OwnAttempt(knock.from, 'waiting', 'answerer', knock.sid, nowMs), knock, nowMs)
}

/** Turn to their new knock, unless they knock all the time: each that is let in makes us sign, send, and connect. */
function admit(core: Core, attempt: OwnAttempt, knock: Received, nowMs: number): Verdict {
  if (!(core.welcomes.take(knock.name, nowMs) && core.allWelcomes.take(nowMs))) return 'limit'
  dropConnection(core, attempt)
  core.attempts.add(attempt)
  return turn(core, attempt, knock, nowMs)
}

function turn(core: Core, attempt: OwnAttempt, knock: Received, nowMs: number): Verdict {
  attempt.turnTo(knock, 'waiting')
  welcome(core, attempt, nowMs)
  return 'ok'
}

/** Ask the user; not one byte is sent (rendezvous protocol B9.2). */
function prompt(core: Core, knock: Received, nowMs: number): Verdict {
  if (core.attempts.countPrompts() >= core.limits.prompts) return 'prompt'
  if (!core.prompts.take(knock.name, nowMs)) return 'prompt'
  const attempt = new OwnAttempt(knock.from, 'prompting', 'answerer', knock.sid, nowMs)
  if (knock.endMs <= nowMs) {
    core.host.knockOver(attempt.peer, true)
    return 'ok'
  }
  core.attempts.add(attempt)
  ask(core, attempt, knock)
  return 'ok'
}

function ask(core: Core, attempt: OwnAttempt, knock: Received): void {
  attempt.turnTo(knock, 'prompting')
  attempt.knock = knock
  attempt.deadlineMs = knock.endMs
  core.wakeBy(attempt.deadlineMs)
  core.host.knock(knockOf(core, attempt))
}

/**
 * Both knock: the smaller key goes on, the larger one answers, and nobody is asked twice (rendezvous protocol B9.3). That
 * they knock shows that they are there now, perhaps only since we knocked.
 */
function glare(core: Core, attempt: OwnAttempt, knock: Received, nowMs: number): Verdict {
  if (isSmallerKey(core.publicKey, attempt.peer)) {
    repeatSoon(core, attempt, nowMs)
    return 'state'
  }
  // Our own user calls: that is no more than he wants.
  return turn(core, attempt, knock, nowMs)
}

/** They began anew before anything came of it: what the user is asked, or what he said, holds for the new knock. */
function replace(core: Core, attempt: OwnAttempt, knock: Received, nowMs: number): Verdict {
  const isNewer = knock.epoch > attempt.peerEpoch || (knock.epoch === attempt.peerEpoch && knock.ctr > attempt.knockCtr)
  if (!isNewer) return 'state'
  if (attempt.state === 'waiting') return admit(core, attempt, knock, nowMs)
  if (knock.endMs <= nowMs) {
    closeAttempt(core, attempt, 'missed', nowMs, { isTold: false })
  } else ask(core, attempt, knock)
  return 'ok'
}

/** Only a new instance of them has forgotten what is under way. */
function comeAgain(core: Core, attempt: OwnAttempt, knock: Received, nowMs: number): Verdict {
  return knock.epoch > attempt.peerEpoch ? admit(core, attempt, knock, nowMs) : 'state'
}
