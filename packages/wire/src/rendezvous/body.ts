import { WireError } from '../error.js'
import { readUtf8Strict } from '../utf8.js'
import { encodeB64u } from './base64url.js'
import { type JsonContext, type JsonObject, Members, parseObject, present } from './json.js'
import {
  DIGEST_BYTES,
  EnvelopeKind,
  MAX_CLAIMED_NAME_LENGTH,
  MAX_ENVELOPE_BODY_BYTES,
  MAX_ENVELOPE_CANDIDATES,
  MAX_SDP_BYTES,
} from './layout.js'

const MAX_CANDIDATE_LENGTH = 1024
const MAX_SDP_MID_LENGTH = 16
const MAX_UFRAG_LENGTH = 256
const MAX_CODE_LENGTH = 32
const FP = /^[0-9a-f]{64}$/
const encoder = new TextEncoder()

/** "May we talk?" */
export interface KnockBody {
  readonly kind: typeof EnvelopeKind.knock
  /** What the sender calls itself, at most 64 characters. A claim, nothing more. */
  readonly name?: string | undefined
}

/** "Yes." */
export interface WelcomeBody {
  readonly kind: typeof EnvelopeKind.welcome
  /** Envelope id of the knock, 32 bytes. */
  readonly re: Uint8Array
}

/** A session description. */
export interface DescriptionBody<Kind extends number> {
  readonly kind: Kind
  /** 1 to 12288 characters, to be checked with `checkSdp` before it is applied unchanged. */
  readonly sdp: string
  /** SHA-256 of the sender's DTLS certificate, 64 lower-case hex digits. */
  readonly fp: string
  /** Envelope id, 32 bytes: of the welcome for an offer, of the offer for an answer. */
  readonly re: Uint8Array
}
/** "Reach me like this." */
export type OfferBody = DescriptionBody<typeof EnvelopeKind.offer>
/** "And me like this." */
export type AnswerBody = DescriptionBody<typeof EnvelopeKind.answer>

/** Where a peer can perhaps be reached: RTCIceCandidateInit. `null` is as good as absent. */
export interface SignalledCandidate {
  /** At most 1024 characters. */
  readonly candidate: string
  /** At most 16 characters. */
  readonly sdpMid?: string | null | undefined
  /** 0: there is one section. */
  readonly sdpMLineIndex?: number | null | undefined
  /** At most 256 characters. */
  readonly usernameFragment?: string | null | undefined
}

/** Candidates that were found after the description went out. */
export interface CandidatesBody {
  readonly kind: typeof EnvelopeKind.candidates
  /** Envelope id of the sender's own offer or answer, 32 bytes. */
  readonly re: Uint8Array
  /** At most 16. */
  readonly c: readonly SignalledCandidate[]
  /** Whether there are no more. */
  readonly end: boolean
}

/** Why a knock was not let in. */
export type DeclineCode = 'user' | 'busy' | 'policy'

/** "No." */
export interface DeclineBody {
  readonly kind: typeof EnvelopeKind.decline
  /** Envelope id of the knock, 32 bytes. */
  readonly re: Uint8Array
  /** Absent where nobody said why. */
  readonly code?: DeclineCode | undefined
}

/** The end of an attempt. */
export interface HangupBody {
  readonly kind: typeof EnvelopeKind.hangup
  /** At most 32 characters. */
  readonly code?: string | undefined
}

/** What an envelope says, by its kind (rendezvous protocol B6). */
export type EnvelopeBody = KnockBody | WelcomeBody | OfferBody | AnswerBody | CandidatesBody | DeclineBody | HangupBody

/** The body of one kind. */
export type EnvelopeBodyOf<Kind extends EnvelopeKind> = Extract<EnvelopeBody, { readonly kind: Kind }>

/**
 * Decode the body of an envelope of this kind; no byte at all is an empty object. Unknown members are ignored, of doubled
 * ones the last counts. The result owns its bytes.
 * @throws {WireError} `body`
 */
export function decodeBody<Kind extends EnvelopeKind>(kind: Kind, bytes: Uint8Array): EnvelopeBodyOf<Kind>
export function decodeBody(kind: EnvelopeKind, bytes: Uint8Array): EnvelopeBody {
  const context = contextOf(kind)
  if (bytes.length > MAX_ENVELOPE_BODY_BYTES) {
    throw new WireError(
      'body',
      `${context.what}: expected at most ${MAX_ENVELOPE_BODY_BYTES} bytes, got ${bytes.length}`,
    )
  }
  const text = readUtf8Strict(bytes)
  if (text === undefined) throw new WireError('body', `${context.what}: expected UTF-8`)
  return readBody(kind, text === '' ? new Members({}, context) : new Members(parseObject(text, context), context))
}

/**
 * The bytes of a body: JSON without white space; nothing where there is nothing to say.
 * @throws {WireError} `body` for what {@link decodeBody} would refuse
 */
export function encodeBody(body: EnvelopeBody): Uint8Array {
  const object = objectOf(body)
  readBody(body.kind, new Members(object, contextOf(body.kind)))
  const text = JSON.stringify(object)
  const bytes = encoder.encode(text === '{}' ? '' : text)
  if (bytes.length > MAX_ENVELOPE_BODY_BYTES) {
    throw new WireError(
      'body',
      `${contextOf(body.kind).what}: expected at most ${MAX_ENVELOPE_BODY_BYTES} bytes, got ${bytes.length}`,
    )
  }
  return bytes
}

function readBody(kind: EnvelopeKind, members: Members): EnvelopeBody {
  switch (kind) {
    case EnvelopeKind.knock:
      return { kind, ...(members.has('name') && { name: members.text('name', MAX_CLAIMED_NAME_LENGTH) }) }
    case EnvelopeKind.welcome:
      return { kind, re: members.bytes('re', DIGEST_BYTES) }
    case EnvelopeKind.offer:
    case EnvelopeKind.answer:
      return {
        kind,
        sdp: members.text('sdp', MAX_SDP_BYTES, 1),
        fp: members.matching('fp', FP, '64 lower-case hex digits'),
        re: members.bytes('re', DIGEST_BYTES),
      }
    case EnvelopeKind.candidates:
      return {
        kind,
        re: members.bytes('re', DIGEST_BYTES),
        c: members
          .objects('c', MAX_ENVELOPE_CANDIDATES)
          .map((candidate) => readCandidate(new Members(candidate, contextOf(kind)))),
        end: members.boolean('end'),
      }
    case EnvelopeKind.decline: {
      const re = members.bytes('re', DIGEST_BYTES)
      return { kind, re, ...(members.has('code') && { code: members.oneOf('code', ['user', 'busy', 'policy']) }) }
    }
    case EnvelopeKind.hangup:
      return { kind, ...(members.has('code') && { code: members.text('code', MAX_CODE_LENGTH) }) }
  }
}

function readCandidate(members: Members): SignalledCandidate {
  const nullable = { nullable: true }
  return {
    candidate: members.text('candidate', MAX_CANDIDATE_LENGTH),
    ...(members.has('sdpMid', nullable) && { sdpMid: members.text('sdpMid', MAX_SDP_MID_LENGTH) }),
    ...(members.has('sdpMLineIndex', nullable) && { sdpMLineIndex: members.uint('sdpMLineIndex', 0) }),
    ...(members.has('usernameFragment', nullable) && {
      usernameFragment: members.text('usernameFragment', MAX_UFRAG_LENGTH),
    }),
  }
}

/** The members as they stand in the JSON, in the order of the published vectors; what is `undefined` is left out. */
function objectOf(body: EnvelopeBody): JsonObject {
  switch (body.kind) {
    case EnvelopeKind.knock:
      return present({ name: body.name })
    case EnvelopeKind.welcome:
      return { re: encodeB64u(body.re) }
    case EnvelopeKind.offer:
    case EnvelopeKind.answer:
      return { sdp: body.sdp, fp: body.fp, re: encodeB64u(body.re) }
    case EnvelopeKind.candidates:
      return {
        re: encodeB64u(body.re),
        c: body.c.map(({ candidate, sdpMid, sdpMLineIndex, usernameFragment }) =>
          present({
            candidate,
            sdpMid: sdpMid ?? undefined,
            sdpMLineIndex: sdpMLineIndex ?? undefined,
            usernameFragment: usernameFragment ?? undefined,
          }),
        ),
        end: body.end,
      }
    case EnvelopeKind.decline:
      return present({ re: encodeB64u(body.re), code: body.code })
    case EnvelopeKind.hangup:
      return present({ code: body.code })
  }
}

const NAMES: Readonly<Record<EnvelopeKind, string>> = {
  [EnvelopeKind.knock]: 'knock',
  [EnvelopeKind.welcome]: 'welcome',
  [EnvelopeKind.offer]: 'offer',
  [EnvelopeKind.answer]: 'answer',
  [EnvelopeKind.candidates]: 'candidates',
  [EnvelopeKind.decline]: 'decline',
  [EnvelopeKind.hangup]: 'hangup',
}

function contextOf(kind: EnvelopeKind): JsonContext {
  return { code: 'body', what: `body of ${NAMES[kind]}` }
}
