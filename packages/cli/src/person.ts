import { isPoint, isSmallOrder } from '@mimirjs/crypto'
import { fromHex, isWireError } from '@mimirjs/wire'
import { parseContactLink } from '@mimirjs/wire/link'
import { parseRendezvousContact } from '@mimirjs/wire/rendezvous'
import { CliError } from './error.js'
import { harmlessLine } from './harmless.js'

/** A person as the command line names them: by key, by contact link or string, or by the name of a contact. */
export type PersonText = { readonly publicKey: Uint8Array } | { readonly contactName: string }

/**
 * @throws {CliError} `bad-key` for a key or link that is none; a name is looked up later
 */
export function parsePerson(text: string): PersonText {
  const trimmed = text.trim()
  if (/^[0-9a-f]{64}$/i.test(trimmed)) {
    const publicKey = fromHex(trimmed)
    if (isPoint(publicKey)) return { publicKey }
    throw new CliError('bad-key', `${trimmed} is not a public key: these 64 hex digits are no point of the curve`)
  }
  if (trimmed.startsWith('rdv1:')) return { publicKey: parseContactString(trimmed) }
  if (trimmed.includes('/')) return { publicKey: parseLink(trimmed) }
  if (trimmed === '' || /^[0-9a-f]{16,}$/i.test(trimmed)) throw badKey(trimmed, 'a key has 64 hex digits')
  return { contactName: trimmed }
}

/** A person who has to be named by key or link. @throws {CliError} `bad-key` */
export function parseKey(text: string): Uint8Array {
  const person = parsePerson(text)
  if ('publicKey' in person) return person.publicKey
  throw badKey(person.contactName, 'expected a public key of 64 hex digits or a contact link')
}

export function badKey(text: string, why: string): CliError {
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text
  return new CliError('bad-key', `'${harmlessLine(shown)}' names nobody: ${why}`)
}

/** Its servers are not asked anything: --rendezvous says which are. */
function parseContactString(text: string): Uint8Array {
  try {
    return parseRendezvousContact(text, { isKey: (key) => isPoint(key) && !isSmallOrder(key) }).publicKey
  } catch (cause) {
    if (!isWireError(cause)) throw cause
    throw new CliError('bad-key', `bad ${cause.message}`, { cause })
  }
}

function parseLink(text: string): Uint8Array {
  try {
    return parseContactLink(text, { isPoint }).publicKey
  } catch (cause) {
    if (!isWireError(cause)) throw cause
    throw new CliError('bad-key', `bad contact link: ${cause.message}`, { cause })
  }
}
