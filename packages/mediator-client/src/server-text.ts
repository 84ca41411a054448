import type { MediatorCommandName, MediatorDialect } from '@mimirjs/wire/mediator'
import { MediatorError, type MediatorErrorCode } from './error.js'

/** Exact texts, case and all (mediator protocol §20.6). */
const CODES: Readonly<Record<string, MediatorErrorCode>> = Object.assign(Object.create(null) as object, {
  'not a member or banned': 'not-member',
  'not a member': 'not-member',
  banned: 'not-member',
  'banned user': 'not-member',
  'read-only user': 'read-only',
  'insufficient perms': 'forbidden',
  'not an owner': 'forbidden',
  "owner can't leave": 'forbidden',
  'cannot modify own permissions': 'forbidden',
  'cannot modify owner permissions': 'forbidden',
  'not recipient of this invite': 'forbidden',
  'no such chat': 'not-found',
  'invite not found': 'not-found',
  'message not found': 'not-found',
  'target user not a member': 'not-found',
  'invite already exists': 'exists',
  'user already in chat': 'exists',
  'auth required': 'auth',
  'not authenticated': 'auth',
  'already authenticated': 'auth',
  'unknown nonce': 'auth',
  'nonce mismatch': 'auth',
  'invalid signature': 'auth',
  'keys mismatch': 'auth',
  'signature filter failed': 'auth',
  'rate limit': 'rate-limit',
  'unknown cmd': 'unsupported',
  'bad tlv payload': 'invalid',
  'field too large': 'invalid',
  'payload too large': 'invalid',
  'name too long': 'invalid',
  'description too long': 'invalid',
  'avatar too large': 'invalid',
  'no fields to update': 'invalid',
  'invalid pubkey': 'invalid',
  'invalid permission flags': 'invalid',
  'invalid accepted value': 'invalid',
  'limit must be between 1 and 500': 'invalid',
} satisfies Record<string, MediatorErrorCode>)

/** The texts of fields that are missing, or of another size: there is one per field. */
const BAD_FIELD = /^(bad|missing|missing or invalid) [a-z_ ]+$/

/** There `tlv-push` says of a missing role what it says of somebody who is no member. */
const ROLE_COMMANDS: ReadonlySet<string> = new Set<MediatorCommandName>(['addUser', 'deleteUser', 'sendInvite'])

const SHOWN_CHARS = 200

/** What the mediator said no with, as an error. @param doing - the command, or what else it was about */
export function refusal(dialect: MediatorDialect, doing: string, text: string): MediatorError {
  const shown = JSON.stringify(text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text)
  return new MediatorError(codeOf(dialect, doing, text), `${doing}: the mediator refused with ${shown}`, {
    remoteText: text,
  })
}

/** Another device of ours, or somebody else, asked for a nonce in our name: a new one may help. */
export function isNonceError(text: string | undefined): boolean {
  return text === 'unknown nonce' || text === 'nonce mismatch'
}

function codeOf(dialect: MediatorDialect, doing: string, text: string): MediatorErrorCode {
  if (dialect === 'tlv-push' && text === 'not a member or banned' && ROLE_COMMANDS.has(doing)) return 'forbidden'
  return CODES[text] ?? (BAD_FIELD.test(text) ? 'invalid' : 'server')
}
