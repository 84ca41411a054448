import { verify } from '@mimirjs/crypto'
import { equalBytes } from '@mimirjs/wire'
import { type SessionInitiation, signedSessionInitiationBytes } from '@mimirjs/wire/multicast'
import type { Verdict } from '../counters.js'
import { agree } from './agreement.js'
import { type Check, firstVerdict } from './check.js'
import type { Core } from './core.js'
import { isLowOrder } from './low-order.js'
import { sendUnderNewKey, startNext } from './requests.js'
import type { Session } from './session.js'

export interface ResponsePacket {
  readonly bytes: Uint8Array
  readonly source: string
  readonly nowMs: number
  readonly initiation: SessionInitiation
  /** The one that we opened. */
  readonly session: Session
}

/** The session of ours that this answers, as far as one can see without checking anything. */
export function openingAnsweredBy(core: Core, { sessionId, src }: SessionInitiation): Session | undefined {
  const named = core.sessions.find(sessionId, 0)
  if (named !== undefined && isOpenedTo(named, src)) return named
  if (core.rules.requiresId) return undefined
  // The original client looks at the key only.
  for (const session of core.sessions.all()) if (session.state === 'opening' && isOpenedTo(session, src)) return session
  return undefined
}

/** multicast protocol §8.2: what is not acceptable is ignored, and ends nothing. */
export function receiveResponse(core: Core, packet: ResponsePacket): Verdict {
  return firstVerdict(core.rules.response, core, packet) ?? accept(core, packet)
}

export const isResponseForUs: Check<ResponsePacket> = ({ publicKey }, { initiation }) =>
  equalBytes(initiation.dst, publicKey) ? undefined : 'drop:destination'

export const isAwaited: Check<ResponsePacket> = (_, { session }) =>
  session.state === 'confirmed' ? 'drop:confirmed' : undefined

/** The original client takes one response and reads no other. */
export const isFirst: Check<ResponsePacket> = (_, { session }) =>
  session.state === 'opening' ? undefined : 'drop:duplicate'

export const isNewCandidate: Check<ResponsePacket> = (_, { session, initiation }) =>
  session.candidates.some(({ remoteKey }) => equalBytes(remoteKey, initiation.sessionKey))
    ? 'drop:duplicate'
    : undefined

export const responseRate: Check<ResponsePacket> = ({ gate }, { source, nowMs }) =>
  gate.take(source, nowMs, true) ? undefined : 'drop:rate'

export const responseSignature: Check<ResponsePacket> = (_, { bytes, initiation }) =>
  verify(initiation.signature, signedSessionInitiationBytes(bytes), initiation.src) ? undefined : 'drop:signature'

export const isResponseNotLowOrder: Check<ResponsePacket> = (_, { initiation }) =>
  isLowOrder(initiation.sessionKey) ? 'drop:low-order' : undefined

function accept(core: Core, { session, initiation, nowMs }: ResponsePacket): Verdict {
  const { opening } = session
  const key = opening === undefined ? undefined : agree(opening.secret, initiation.sessionKey)
  if (opening === undefined || key === undefined) return 'drop:low-order'
  const candidates = [{ remoteKey: new Uint8Array(initiation.sessionKey), key }, ...session.candidates]
  for (const { key: old } of candidates.splice(core.limits.candidates)) old?.fill(0)
  session.candidates = candidates
  if (session.state !== 'opening') {
    sendUnderNewKey(core, session)
    return 'candidate'
  }
  session.state = 'open'
  session.activeMs = nowMs
  opening.dueMs = Number.POSITIVE_INFINITY
  core.arm(session)
  session.onOpen?.()
  startNext(core, session, nowMs)
  return 'open'
}

function isOpenedTo(session: Session, publicKey: Uint8Array): boolean {
  return session.role === 'initiator' && equalBytes(session.peer, publicKey)
}
