import { verify } from '@mimirjs/crypto'
import { equalBytes } from '@mimirjs/wire'
import {
  decodeSessionInitiation,
  SESSION_INITIATION_BYTES,
  SESSION_INITIATION_SIGNED_BYTES,
  type SessionInitiation,
  signedSessionInitiationBytes,
  unsignedSessionInitiation,
} from '@mimirjs/wire/multicast'
import type { Verdict } from '../counters.js'
import { agree, newEphemeral } from './agreement.js'
import { type Check, firstVerdict } from './check.js'
import type { Core } from './core.js'
import { isLowOrder } from './low-order.js'
import { nameOf } from './names.js'
import type { Peer } from './peers.js'
import { openingAnsweredBy, receiveResponse } from './responses.js'
import { makeRoomForAll, makeRoomForPeer } from './room.js'
import { Session } from './session.js'

export interface InitiationPacket {
  readonly bytes: Uint8Array
  readonly source: string
  readonly nowMs: number
  readonly initiation: SessionInitiation
  readonly peer: Peer | undefined
  /** Whose id it bears. */
  readonly session: Session | undefined
  /** The very bytes that made this session: they were checked then. */
  readonly isKnown: boolean
}

/** Requests and responses look alike: a response is what bears the id, and comes from the peer, of an opening of ours. */
export function receiveInitiation(core: Core, datagram: Uint8Array, source: string, nowMs: number): Verdict {
  const bytes = core.rules.allowsSurplus ? datagram.subarray(0, SESSION_INITIATION_BYTES) : datagram
  if (bytes.length !== SESSION_INITIATION_BYTES) return 'drop:length'
  const initiation = decodeSessionInitiation(bytes)
  const opening = openingAnsweredBy(core, initiation)
  if (opening !== undefined) return receiveResponse(core, { bytes, source, nowMs, initiation, session: opening })
  const session = core.sessions.find(initiation.sessionId, 0)
  const known = session?.initiationSignature
  const isKnown =
    known !== undefined && equalBytes(known, initiation.signature) && session !== undefined && isOf(session, initiation)
  const peer = core.peers.get(nameOf(initiation.src))
  const packet = { bytes, source, nowMs, initiation, peer, session, isKnown }
  return firstVerdict<InitiationPacket>(core.rules.initiation, core, packet) ?? respond(core, packet)
}

export const isFromOthers: Check<InitiationPacket> = ({ publicKey }, { initiation }) =>
  equalBytes(initiation.src, publicKey) ? 'drop:self' : undefined

export const isForUs: Check<InitiationPacket> = ({ publicKey }, { initiation }) =>
  equalBytes(initiation.dst, publicKey) ? undefined : 'drop:destination'

export const isFromPeer: Check<InitiationPacket> = (_, { peer }) =>
  peer === undefined ? 'drop:unknown-peer' : undefined

/** An id stands for one session, whoever else has seen it. */
export const isFreeId: Check<InitiationPacket> = (_, { session, initiation }) =>
  session === undefined || isOf(session, initiation) ? undefined : 'drop:session-id'

/** The original: the newest initiation of an id has it. */
export const overwritesId: Check<InitiationPacket> = (core, { session }) => {
  if (session !== undefined) core.close(session)
  return undefined
}

/** Whether we may check a signature, and whether there would be a response if it is good. */
export const initiationRate: Check<InitiationPacket> = ({ gate }, { isKnown, peer, source, nowMs }) =>
  peer?.responses.has(nowMs) && (isKnown || gate.take(source, nowMs, false)) ? undefined : 'drop:rate'

export const initiationSignature: Check<InitiationPacket> = (_, { isKnown, bytes, initiation }) =>
  isKnown || verify(initiation.signature, signedSessionInitiationBytes(bytes), initiation.src)
    ? undefined
    : 'drop:signature'

/** A repeat has the same answer, until data show that the answer came. */
export const isNotRepeated: Check<InitiationPacket> = (core, { session, peer, nowMs }) => {
  if (session === undefined || peer === undefined) return undefined
  if (session.state === 'confirmed') return 'drop:confirmed'
  // Doubled on the way: nobody repeats so soon, and an original client takes a second response for the answer to its data.
  if (nowMs - session.activeMs < core.unitMs / 2) return 'drop:duplicate'
  // The last one is left for a new session: who repeats what he recorded must not keep the peer itself out.
  if (!peer.responses.has(nowMs, Math.min(2, core.limits.responsesPerPeerPerSecond)) || !peer.responses.take(nowMs))
    return 'drop:rate'
  session.activeMs = nowMs
  // Without one the signer is still at it.
  if (session.response !== undefined) core.sendRare(session, session.response)
  return 'resend'
}

export const isNotFinished: Check<InitiationPacket> = ({ finished }, { initiation }) =>
  finished.has(nameOf(initiation.src), nameOf(initiation.sessionId)) ? 'drop:replay' : undefined

export const isNotLowOrder: Check<InitiationPacket> = (_, { initiation }) =>
  isLowOrder(initiation.sessionKey) ? 'drop:low-order' : undefined

export const hasRoomForPeer: Check<InitiationPacket> = (core, { initiation, nowMs }) =>
  makeRoomForPeer(core, nameOf(initiation.src), nowMs) ? undefined : 'drop:limit'

export const hasRoomInAll: Check<InitiationPacket> = (core, { nowMs }) =>
  makeRoomForAll(core, nowMs) ? undefined : 'drop:limit'

function respond(core: Core, { initiation, peer, nowMs }: InitiationPacket): Verdict {
  if (peer === undefined) return 'drop:unknown-peer'
  const { sessionId, src, sessionKey } = initiation
  const ephemeral = newEphemeral((sizeBytes) => core.host.randomBytes(sizeBytes))
  const key = agree(ephemeral.secret, sessionKey)
  ephemeral.secret.fill(0)
  peer.responses.take(nowMs)
  peer.heardMs = nowMs
  const places = peer.places(core.rules.keptPlaces)
  const session = new Session({ id: sessionId, peer: src, role: 'responder', places, nowMs }, core.salt)
  session.candidates = [{ remoteKey: new Uint8Array(sessionKey), key }]
  session.initiationSignature = new Uint8Array(initiation.signature)
  core.sessions.add(session)
  core.arm(session)
  const response = unsignedSessionInitiation({
    sessionId: session.id,
    src: core.publicKey,
    dst: session.peer,
    sessionKey: ephemeral.publicKey,
  })
  core.host.sign(signedSessionInitiationBytes(response), (signature) => {
    if (session.state !== 'opening') return
    if (signature === undefined) {
      core.close(session)
      return
    }
    response.set(signature, SESSION_INITIATION_SIGNED_BYTES)
    session.response = response
    core.sendRare(session, response)
  })
  return 'respond'
}

/** Whether the session was made by an initiation of the same key with the same ephemeral key. */
function isOf(session: Session, { src, sessionKey }: SessionInitiation): boolean {
  const remoteKey = session.candidates[0]?.remoteKey
  return (
    session.role === 'responder' &&
    remoteKey !== undefined &&
    equalBytes(session.peer, src) &&
    equalBytes(remoteKey, sessionKey)
  )
}
