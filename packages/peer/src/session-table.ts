import { FrameType, type PeerFrameType } from '@mimirjs/wire/peer'
import type { GenerationProfile } from './generations.js'
import type { Role } from './types.js'

/**
 * Every transition of a session: role, state, event, next state. An event is a frame that arrived, or what we did
 * ourselves (`start`, `signed`). What is not in the table closes the connection with `unexpected-type`; PING and PONG
 * are legal in every state and change none. Two things depend on the generation, see {@link Grammar}.
 *
 * The states in which we wait for our own signature exist because a signer may be far away; to the other side they look
 * like the state before. Source: peer protocol §8.2 and §8.3.
 */
export const SESSION_TABLE: Readonly<Record<Role, Readonly<Partial<Record<SessionState, Row>>>>> = {
  initiator: {
    connected: { start: 'helloSent' },
    helloSent: { challenge: 'signing' },
    signing: { signed: 'challengeAnswered' },
    challengeAnswered: { ok: 'challenge2Sent', infoRequest: 'challengeAnswered' },
    challenge2Sent: { challengeAnswer2: 'ready', infoRequest: 'challenge2Sent' },
    ready: {
      ok: 'ready',
      text: 'ready',
      infoRequest: 'ready',
      infoResponse: 'ready',
      callOffer: 'ready',
      callAnswer: 'ready',
      callHang: 'ready',
      callPacket: 'ready',
      contactRequest: 'ready',
      contactResponse: 'ready',
      fileRequest: 'ready',
      fileRange: 'ready',
      streamWanted: 'ready',
      unknown: 'ready',
    },
    closed: {},
  },
  acceptor: {
    connected: { start: 'waitHello' },
    waitHello: { hello: 'challengeSent' },
    challengeSent: { challengeAnswer: 'peerVerified' },
    peerVerified: { challenge2: 'signing' },
    signing: { signed: 'challenge2Answered' },
    challenge2Answered: { ok: 'ready' },
    ready: {
      ok: 'ready',
      text: 'ready',
      infoRequest: 'ready',
      infoResponse: 'ready',
      callOffer: 'ready',
      callAnswer: 'ready',
      callHang: 'ready',
      callPacket: 'ready',
      contactRequest: 'ready',
      contactResponse: 'ready',
      fileRequest: 'ready',
      fileRange: 'ready',
      streamWanted: 'ready',
      unknown: 'ready',
    },
    closed: {},
  },
}

/** What moves a session on: a frame of the other side, or a deed of ours. */
export type SessionEventName = PeerFrameType | 'start' | 'signed'

export type SessionState =
  | 'connected'
  | 'helloSent'
  | 'signing'
  | 'challengeAnswered'
  | 'challenge2Sent'
  | 'ready'
  | 'closed'
  | 'waitHello'
  | 'challengeSent'
  | 'peerVerified'
  | 'challenge2Answered'

type Row = Readonly<Partial<Record<SessionEventName, SessionState>>>

/** The parts of a generation's profile that the table depends on. */
export type Grammar = Pick<GenerationProfile, 'requests' | 'strictHandshake'>

/** Where the profile has no `requests`, these are as legal as a frame that nobody knows. */
const REQUESTS: ReadonlySet<SessionEventName> = new Set([
  'contactRequest',
  'contactResponse',
  'fileRequest',
  'fileRange',
  'streamWanted',
])
/** Where the handshake is strict, these belong to READY alone. */
const CHATTER: ReadonlySet<SessionEventName> = new Set(['ping', 'pong', 'infoRequest'])

/** `undefined` where the event is not legal. */
export function nextState(
  role: Role,
  state: SessionState,
  event: SessionEventName,
  grammar: Grammar,
): SessionState | undefined {
  if (grammar.strictHandshake && state !== 'ready' && CHATTER.has(event)) return undefined
  if (event === 'ping' || event === 'pong') return state
  return SESSION_TABLE[role][state]?.[!grammar.requests && REQUESTS.has(event) ? 'unknown' : event]
}

const NAMES: ReadonlyMap<number, PeerFrameType> = new Map(
  Object.entries(FrameType).map(([name, code]) => [code, name as PeerFrameType]),
)

/** Whether a frame with this type code may arrive now: known from its header, before its body is awaited. */
export function isLegalType(role: Role, state: SessionState, typeCode: number, grammar: Grammar): boolean {
  return nextState(role, state, NAMES.get(typeCode) ?? 'unknown', grammar) !== undefined
}
