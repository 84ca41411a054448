import { aes256GcmTryOpen } from '@mimirjs/crypto'
import { MULTICAST_MAX_DATAGRAM_BYTES, SESSION_DATA_HEAD_BYTES } from '@mimirjs/wire/multicast'
import type { Verdict } from '../counters.js'
import { MulticastError } from '../error.js'
import { SessionAnswer } from './answer.js'
import { type Check, firstVerdict } from './check.js'
import type { Core } from './core.js'
import { NONCE_AT, SESSION_ID_AT } from './data-layout.js'
import { KeptAnswers } from './kept-answers.js'
import { Used } from './nonce-set.js'
import { answerRequest } from './requests.js'
import type { Candidate, Session } from './session.js'
import { TokenBucket } from './token-bucket.js'

export interface DataPacket {
  readonly bytes: Uint8Array
  readonly nowMs: number
  readonly session: Session
  /** Under which it opened, and what was inside: found by {@link isAuthentic}. */
  candidate: Candidate | undefined
  payload: Uint8Array | undefined
}

/** multicast protocol §7.2 */
export function receiveData(core: Core, bytes: Uint8Array, nowMs: number): Verdict {
  if (bytes.length < core.rules.leastDataBytes || bytes.length > MULTICAST_MAX_DATAGRAM_BYTES) return 'drop:length'
  const session = core.sessions.find(bytes, SESSION_ID_AT)
  if (session === undefined || session.candidates.length === 0) return 'drop:unknown-session'
  // Its time may be up although nobody was woken for it yet.
  if (core.expiryMs(session) <= nowMs) {
    core.close(session)
    return 'drop:unknown-session'
  }
  const packet: DataPacket = { bytes, nowMs, session, candidate: undefined, payload: undefined }
  return firstVerdict(core.rules.data, core, packet) ?? deliver(core, packet)
}

/** Both directions have one key, so a packet of ours would open as one of the other side. */
export const isNotReflected: Check<DataPacket> = (_, { session, bytes }) =>
  session.nonces.find(bytes, NONCE_AT) === Used.sent ? 'drop:reflected' : undefined

/** A packet that was answered before is answered again and not delivered again. */
export const isFresh: Check<DataPacket> = (core, packet) => {
  const { session, bytes, nowMs } = packet
  if (session.nonces.find(bytes, NONCE_AT) === Used.never) return undefined
  const answer = session.answers?.find(bytes)
  if (answer === undefined) return 'drop:nonce'
  // One may be late, so that a program that waits for each answer before it asks again is slowed down and not cut off.
  if (session.late !== undefined) return 'drop:rate'
  // With the nonce and the tag of the packet that was answered: authentic means identical.
  if (isAuthentic(core, packet) !== undefined) return 'drop:nonce'
  session.repeatedMs = nowMs
  session.repeats ??= new TokenBucket(core.limits.repeatsPerSessionPerSecond)
  const dueMs = session.repeats.reserve(nowMs)
  if (dueMs <= nowMs) {
    core.sendTo(session, answer)
  } else {
    session.late = { answer, dueMs }
    core.arm(session)
  }
  return 'repeat'
}

export const isAuthentic: Check<DataPacket> = (_, packet) => {
  const { bytes, session } = packet
  const nonce = bytes.subarray(NONCE_AT, SESSION_DATA_HEAD_BYTES)
  const sealed = bytes.subarray(SESSION_DATA_HEAD_BYTES)
  for (const candidate of session.candidates) {
    const payload = candidate.key === undefined ? undefined : aes256GcmTryOpen(candidate.key, nonce, sealed)
    if (payload === undefined) continue
    packet.candidate = candidate
    packet.payload = payload
    return undefined
  }
  return 'drop:tag'
}

function deliver(core: Core, { session, bytes, nowMs, candidate, payload }: DataPacket): Verdict {
  if (candidate === undefined || payload === undefined) return 'drop:tag'
  // Only now: forged packets must not use up the nonces of genuine ones.
  if (core.rules.remembersData) core.remember(session, bytes, Used.received)
  session.received += 1
  session.activeMs = nowMs
  if (session.state !== 'confirmed') confirm(core, session, candidate)
  give(core, session, payload, bytes, nowMs)
  if (session.received >= core.limits.messagesPerSession)
    core.close(session, new MulticastError('limit', 'closed after its last message: open a new session'))
  return 'deliver'
}

/** Only who has the other secret can have made this: the other keys are of no use any more. */
function confirm(core: Core, session: Session, candidate: Candidate): void {
  for (const other of session.candidates) if (other !== candidate) other.key?.fill(0)
  session.candidates = [candidate]
  session.opening?.secret.fill(0)
  session.opening = undefined
  session.response = undefined
  session.state = 'confirmed'
  if (session.role === 'responder') core.host.session(session)
}

function give(core: Core, session: Session, payload: Uint8Array, bytes: Uint8Array, nowMs: number): void {
  // Who was told of the session may have closed it.
  if (session.state === 'closed' || core.host.claims?.(session, payload)) return
  if (answerRequest(core, session, payload, nowMs)) return
  let ticket = 0
  if (core.rules.remembersData) {
    session.answers ??= new KeptAnswers(core.limits.storedAnswers)
    ticket = session.answers.note(bytes)
  }
  core.host.message(session, payload, new SessionAnswer(core, session, ticket))
}
