import { WireError } from '../../error.js'
import { isObject, type JsonObject, kindOf, objectOf, parseObject, textOf } from './json.js'

/** Candidates of one signal. */
export const LEGACY_MAX_CANDIDATES = 64
/** Of a description: as `rendezvous/1` has it. rendezvous protocol B16 */
const MAX_SDP_LENGTH = 12_288

/** A session description, as browsers print it. */
export interface LegacyDescription {
  readonly type: 'offer' | 'answer'
  /** At most 12,288 UTF-16 units. Not judged here. */
  readonly sdp: string
}

/** What RTCIceCandidate prints. `null` and absent are kept apart, because they are printed. */
export interface LegacyCandidate {
  /** At most 1024 UTF-16 units; empty: there are no more. */
  readonly candidate: string
  /** At most 16. */
  readonly sdpMid?: string | null
  /** An integer from 0 to 255. */
  readonly sdpMLineIndex?: number | null
  /** At most 256. */
  readonly usernameFragment?: string | null
}

/** Who a message is from and for: texts of public keys. */
export interface LegacyHead {
  readonly from: string
  readonly to: string
}

/** Dialects 3 and 4: everything of one side at once. rendezvous protocol A8, A9 */
export interface LegacySignal extends LegacyHead {
  readonly type: 'signal'
  readonly description: LegacyDescription
  /** Without the `null` that ends them on the wire. */
  readonly candidates: readonly LegacyCandidate[]
}

/** Dialects 1 and 2: a description alone. */
export interface LegacyConnectFrom extends LegacyHead {
  readonly type: 'connect-from'
  readonly description: LegacyDescription
}

/** Dialects 1 and 2: one candidate; `null` ends them. */
export interface LegacyIceCandidate extends LegacyHead {
  readonly type: 'ice-candidate'
  readonly candidate: LegacyCandidate | null
}

/** What people of pim say to each other through servers: the text that is signed. rendezvous protocol A8 */
export type LegacyMessage = LegacySignal | LegacyConnectFrom | LegacyIceCandidate

/**
 * Type and people of a message, before anything is known of its content: what a server needs, and what a receiver
 * judges before it checks the signature. rendezvous protocol A13
 * @param text - of a {@link LegacyRelayFrame}
 * @throws {WireError} `json` | `json-field`
 */
export function peekLegacyMessage(text: string): LegacyHead & { readonly type: string } {
  const message = parseObject(text, 'legacy message')
  return { type: textOf(message, 'type', 'legacy message'), ...headOf(message) }
}

/**
 * Decode the whole of a message, whose signature was checked. Unknown members are ignored. rendezvous protocol A8, A9
 * @param text - of a {@link LegacyRelayFrame}
 * @throws {WireError} `json` | `json-field` | `unexpected-type`
 */
export function decodeLegacyMessage(text: string): LegacyMessage {
  const message = parseObject(text, 'legacy message')
  const type = textOf(message, 'type', 'legacy message')
  const head = headOf(message)
  switch (type) {
    case 'signal': {
      const signal = objectOf(message, 'signal', type)
      const description = descriptionOf(signal, `${type}.signal`)
      return { type, ...head, description, candidates: candidatesOf(signal.ice_candidates) }
    }
    case 'connect-from':
      return { type, ...head, description: descriptionOf(message, type) }
    case 'ice-candidate': {
      const { candidate } = message
      return { type, ...head, candidate: candidate === null ? null : candidateOf(candidate, `${type}.candidate`) }
    }
    default:
      throw new WireError('unexpected-type', 'legacy message: expected signal, connect-from or ice-candidate')
  }
}

/** The text to sign, with its members in the order of the original. rendezvous protocol A8 */
export function encodeLegacyMessage(message: LegacyMessage): string {
  const { from, to } = message
  switch (message.type) {
    case 'signal': {
      const signal = {
        ice_candidates: [...message.candidates.map(printable), null],
        desc: printableDescription(message.description),
      }
      return JSON.stringify({ type: 'signal', signal, from, to })
    }
    case 'connect-from':
      return JSON.stringify({ type: 'connect-from', to, desc: printableDescription(message.description), from })
    case 'ice-candidate': {
      const candidate = message.candidate && printable(message.candidate)
      return JSON.stringify({ type: 'ice-candidate', to, candidate, from })
    }
  }
}

function headOf(message: JsonObject): LegacyHead {
  return { from: textOf(message, 'from', 'legacy message'), to: textOf(message, 'to', 'legacy message') }
}

function descriptionOf(holder: JsonObject, what: string): LegacyDescription {
  const description = objectOf(holder, 'desc', what)
  const { type } = description
  if (type !== 'offer' && type !== 'answer')
    throw new WireError('json-field', `${what}.desc.type: expected offer or answer`, { field: `${what}.desc.type` })
  return { type, sdp: textOf(description, 'sdp', `${what}.desc`, MAX_SDP_LENGTH) }
}

/** The list ends with `null`; originals that mixed two generations may have one in the middle. rendezvous protocol A9 */
function candidatesOf(list: unknown): LegacyCandidate[] {
  const field = 'signal.ice_candidates'
  if (!Array.isArray(list))
    throw new WireError('json-field', `${field}: expected a list, got ${kindOf(list)}`, { field })
  if (list.length > 2 * LEGACY_MAX_CANDIDATES)
    throw new WireError('json-field', `${field}: expected at most ${LEGACY_MAX_CANDIDATES} candidates`, { field })
  const candidates = list.filter((entry) => entry !== null).map((entry) => candidateOf(entry, field))
  if (candidates.length > LEGACY_MAX_CANDIDATES)
    throw new WireError('json-field', `${field}: expected at most ${LEGACY_MAX_CANDIDATES} candidates`, { field })
  return candidates
}

function candidateOf(value: unknown, what: string): LegacyCandidate {
  if (!isObject(value))
    throw new WireError('json-field', `${what}: expected an object, got ${kindOf(value)}`, { field: what })
  const { sdpMid, sdpMLineIndex, usernameFragment } = value
  const isIndex = typeof sdpMLineIndex === 'number' && Number.isInteger(sdpMLineIndex) && sdpMLineIndex >= 0
  const fits = (member: unknown, maxLength: number) => typeof member === 'string' && member.length <= maxLength
  const isFine =
    (sdpMid == null || fits(sdpMid, 16)) &&
    (sdpMLineIndex == null || (isIndex && sdpMLineIndex < 256)) &&
    (usernameFragment == null || fits(usernameFragment, 256))
  if (!isFine) throw new WireError('json-field', `${what}: expected what RTCIceCandidate prints`, { field: what })
  return printable({
    ...value,
    candidate: textOf(value, 'candidate', what, 1024),
    ...(isIndex && { sdpMLineIndex: sdpMLineIndex + 0 }), // a negative zero becomes one
  })
}

function printableDescription({ type, sdp }: LegacyDescription): LegacyDescription {
  return { type, sdp }
}

/** Its four members in the order of browsers, and no others. */
function printable({ candidate, sdpMid, sdpMLineIndex, usernameFragment }: LegacyCandidate): LegacyCandidate {
  return {
    candidate,
    ...(sdpMid === undefined ? {} : { sdpMid }),
    ...(sdpMLineIndex === undefined ? {} : { sdpMLineIndex }),
    ...(usernameFragment === undefined ? {} : { usernameFragment }),
  }
}
