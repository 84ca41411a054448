import { isPoint, isSmallOrder } from '@mimirjs/crypto'
import { fromHex, isWireError, toHex } from '@mimirjs/wire'
import { parseContactLink } from '@mimirjs/wire/link'
import { parseRendezvousContact } from '@mimirjs/wire/rendezvous'
import { MessengerError } from './error.js'

const HEX_KEY = /^[0-9a-fA-F]{64}$/

/** A person as they were written down. */
export interface Person {
  /** Public key, 64 lower-case hex digits. */
  readonly peer: string
  /** The name in the contact link; empty for none. */
  readonly name: string
}

/**
 * Accept a person however they are written: 32 bytes, 64 hex digits, a contact link, or an `rdv1:` contact string. The servers
 * in the last are not asked anything: where we can be met is for us to say.
 * @throws {MessengerError} `bad-key`
 */
export function toPerson(person: string | Uint8Array): Person {
  const { publicKey, name } = typeof person === 'string' ? parsePerson(person.trim()) : { publicKey: person, name: '' }
  if (publicKey.length !== 32 || !isPoint(publicKey))
    throw new MessengerError('bad-key', `expected a 32-byte Ed25519 public key, got ${describe(person)}`)
  return { peer: toHex(publicKey), name }
}

/**
 * Where a group could stand, too, and none that we know does: the key of {@link toPerson}.
 * @throws {MessengerError} `bad-key`, that says so of what may be the id of a group
 */
export function toPeerOrGroup(person: string | Uint8Array): string {
  const isId = typeof person === 'string' && HEX_KEY.test(person.trim())
  if (isId && !isPoint(fromHex(person.trim())))
    throw new MessengerError(
      'bad-key',
      `${describe(person)} is neither a public key nor a group that we are or were in`,
    )
  return toPeer(person)
}

/** The key of {@link toPerson}. @throws {MessengerError} `bad-key` */
export function toPeer(person: string | Uint8Array): string {
  return toPerson(person).peer
}

function parsePerson(text: string): { publicKey: Uint8Array; name: string } {
  if (HEX_KEY.test(text)) return { publicKey: fromHex(text), name: '' }
  try {
    if (text.startsWith('rdv1:')) return { ...parseRendezvousContact(text, { isKey }), name: '' }
    return parseContactLink(text, { isPoint })
  } catch (cause) {
    const why = isWireError(cause) ? `: ${cause.message}` : ''
    throw new MessengerError(
      'bad-key',
      `expected 64 hex digits, a contact link or rdv1:…, got ${describe(text)}${why}`,
      {
        cause,
      },
    )
  }
}

/** Source: rendezvous protocol B3. */
function isKey(key: Uint8Array): boolean {
  return isPoint(key) && !isSmallOrder(key)
}

function describe(person: string | Uint8Array): string {
  if (typeof person !== 'string') return `${person.length} bytes`
  return person.length > 80 ? `'${person.slice(0, 80)}…'` : `'${person}'`
}
