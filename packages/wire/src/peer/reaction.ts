import { WireError } from '../error.js'
import { checkI64 } from '../int.js'
import { readUtf8Strict } from '../utf8.js'
import { i64Member, singleMember } from './envelope.js'
import { parseJsonObject } from './json.js'

/** The payload of a message of type 10. Source: peer protocol section 6.5. */
export interface Reaction {
  /** The emoji itself; empty to take the sender's reaction back. */
  readonly emoji: string
  /** guid of the message reacted to; 0n when missing. Receivers go by the envelope's `replyTo`, which repeats it. */
  readonly replyTo: bigint
}

/** @throws {WireError} `json` when it is no JSON object, `json-field` when a member is missing, doubled or of the wrong kind. */
export function decodeReaction(payload: Uint8Array): Reaction {
  const text = readUtf8Strict(payload)
  if (text === undefined) throw new WireError('json', 'reaction: expected UTF-8, got other bytes')
  const members = parseJsonObject(text)
  const emoji = singleMember(members, 'emoji')?.[1]
  if (typeof emoji === 'string') return { emoji, replyTo: i64Member(members, 'replyTo') }
  throw new WireError('json-field', 'emoji: expected a string', { field: 'emoji' })
}

/** @throws {WireError} `out-of-range` when replyTo is not a signed 64-bit integer. */
export function encodeReaction(reaction: Reaction): Uint8Array {
  const replyTo = checkI64(reaction.replyTo, 'reaction.replyTo')
  return new TextEncoder().encode(`{"emoji":${JSON.stringify(reaction.emoji)},"replyTo":${replyTo}}`)
}
