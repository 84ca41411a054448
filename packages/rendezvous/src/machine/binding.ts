import { verify } from '@mimirjs/crypto'
import { fromHex } from '@mimirjs/wire'
import {
  type Bind,
  BindRole,
  bindSigningBytes,
  type ChannelFrame,
  encodeChannelFrame,
  type UnknownFrame,
} from '@mimirjs/wire/rendezvous'
import type { OwnAttempt } from './attempt.js'
import { ChannelSession } from './channel-session.js'
import { closeAttempt } from './closing.js'
import type { Core } from './core.js'

/**
 * The channel is open: both sides prove on it that they signed the descriptions it came from (rendezvous protocol B11).
 * @param remoteFp - SHA-256 of the certificate at its other end, where the platform tells it
 */
export function bindChannel(core: Core, attempt: OwnAttempt, remoteFp: string | undefined, nowMs: number): void {
  if (remoteFp !== undefined && remoteFp !== attempt.peerFp) {
    closeAttempt(core, attempt, 'fingerprint', nowMs, { isTold: true })
    return
  }
  const bytes = bindBytes(core, attempt, true)
  if (bytes === undefined) return
  const channel = new ChannelSession(core.limits, nowMs)
  attempt.state = 'binding'
  attempt.channel = channel
  attempt.letters = []
  attempt.deadlineMs = nowMs + core.limits.bindMs
  core.wakeBy(attempt.deadlineMs)
  core.signatures.request(bytes, (sig, signedMs) => {
    if (attempt.channel !== channel || attempt.state !== 'binding' || attempt.connection === undefined) return
    if (sig === undefined) {
      closeAttempt(core, attempt, 'failed', signedMs, { isTold: true, detail: 'the signer did not sign' })
      return
    }
    core.host.channelText(attempt.connection, encodeChannelFrame({ type: 'bind', sig }))
    channel.isBindSent = true
    openWhenBound(core, attempt, channel, signedMs)
  })
}

/** The first frame of the other side, which has to be its bind; anything else ends the attempt. */
export function receiveBind(
  core: Core,
  attempt: OwnAttempt,
  channel: ChannelSession,
  frame: ChannelFrame | UnknownFrame | undefined,
  nowMs: number,
): void {
  const bytes = bindBytes(core, attempt, false)
  const isBound =
    frame?.type === 'bind' && !channel.isPeerBound && bytes !== undefined && verify(frame.sig, bytes, attempt.peer)
  if (isBound) {
    channel.isPeerBound = true
    channel.hear(nowMs)
    openWhenBound(core, attempt, channel, nowMs)
  } else closeAttempt(core, attempt, 'bind', nowMs, { isTold: true })
}

function openWhenBound(core: Core, attempt: OwnAttempt, channel: ChannelSession, nowMs: number): void {
  if (!(channel.isBindSent && channel.isPeerBound)) return
  const before = core.attempts.linkWith(attempt.name)
  if (before === undefined && core.attempts.linkCount >= core.limits.links) {
    closeAttempt(core, attempt, 'limit', nowMs, { isTold: true })
    return
  }
  attempt.state = 'open'
  attempt.openedMs = nowMs
  attempt.deadlineMs = Number.POSITIVE_INFINITY
  channel.hear(nowMs)
  // What came early is taken in a turn of its own: whoever waits for the link has it by then.
  core.wakeBy(channel.waiting.length > 0 ? nowMs : nowMs + core.limits.channelSilenceMs)
  if (before !== undefined) closeAttempt(core, before, 'replaced', nowMs, { isTold: true })
  core.attempts.open(attempt)
  core.host.opened(attempt)
}

/** What we, or they, sign; `undefined` before both descriptions were exchanged. */
function bindBytes(core: Core, attempt: OwnAttempt, isOwn: boolean): Uint8Array | undefined {
  const { role, peer, sid, offerId, answerId, ownFp, peerFp } = attempt
  if (offerId === undefined || answerId === undefined || ownFp === undefined || peerFp === undefined) return undefined
  const isOfferer = role === 'offerer'
  const bind: Bind = {
    role: isOfferer === isOwn ? BindRole.offerer : BindRole.answerer,
    signer: isOwn ? core.publicKey : peer,
    other: isOwn ? peer : core.publicKey,
    sid,
    offerId,
    answerId,
    offererFp: fromHex(isOfferer ? ownFp : peerFp),
    answererFp: fromHex(isOfferer ? peerFp : ownFp),
  }
  return bindSigningBytes(bind)
}
