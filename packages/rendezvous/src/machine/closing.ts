import { EnvelopeKind, encodeChannelFrame } from '@mimirjs/wire/rendezvous'
import type { OwnAttempt } from './attempt.js'
import type { Core } from './core.js'
import type { CloseCode } from './types.js'

/** What the other side is told about an end, if anything. */
export interface Ending {
  /** The other side is told: by a hangup before the link is open, by a bye afterwards. */
  readonly isTold: boolean
  /** What it said itself. */
  readonly detail?: string | undefined
}

/** For good, and told once. */
export function closeAttempt(
  core: Core,
  attempt: OwnAttempt,
  code: CloseCode,
  nowMs: number,
  { isTold, detail }: Ending,
): void {
  const { state, connection } = attempt
  if (state === 'closed') return
  attempt.state = 'closed'
  attempt.closeCode = code
  attempt.closeDetail = detail
  attempt.letters = []
  attempt.restart = undefined
  if (state === 'prompting') core.host.knockOver(attempt.peer, code === 'missed')
  if (isTold && state === 'open' && connection !== undefined)
    core.host.channelText(connection, encodeChannelFrame({ type: 'bye', code }))
  core.attempts.remove(attempt)
  if (connection !== undefined) core.host.rtc.close(connection, isTold && state === 'open')
  if (isTold && state !== 'open') core.write(attempt.peer, attempt.sid, { kind: EnvelopeKind.hangup, code }, nowMs)
  if (state !== 'prompting') core.host.closed(attempt)
}

/** End the peer connection of an attempt that goes on with another. */
export function dropConnection(core: Core, attempt: OwnAttempt): void {
  const connection = core.attempts.disconnect(attempt)
  if (connection !== undefined) core.host.rtc.close(connection, false)
}
