import type { Group, Messenger } from '@mimirjs/messenger'
import { CliError } from '../../error.js'
import { lookUp } from '../../messenger.js'
import { badKey, type PersonText, parsePerson } from '../../person.js'
import { shown } from './find.js'

/** How a command line names a person where a group is at hand. */
export const PERSON_ARGUMENT = 'public key or the start of it, contact link, or the name of a contact or member'

const START_OF_KEY = /^[0-9a-f]{8,63}$/i

/** @throws {CliError} `bad-key` for a key or link that is none; a name, and the start of a key, are looked up later */
export function parsePersonInGroup(text: string): PersonText {
  const trimmed = text.trim()
  return START_OF_KEY.test(trimmed) ? { contactName: trimmed } : parsePerson(text)
}

/**
 * The public key of a person: a contact of that name, else the only one of the contacts and members whose key begins so, else the
 * only member who is called so there. The names that we gave come first, for anybody may call themselves anything.
 * @throws {CliError} `bad-key`
 */
export async function lookUpInGroup(
  messenger: Messenger,
  group: Group,
  person: PersonText,
): Promise<Uint8Array | string> {
  if ('publicKey' in person) return person.publicKey
  const wanted = person.contactName.toLowerCase()
  const contacts = (await messenger.contacts()).filter(({ kind }) => kind === 'contact')
  if (contacts.some(({ name }) => name.toLowerCase() === wanted)) return await lookUp(messenger, person)
  const members = await group.members()
  if (START_OF_KEY.test(wanted)) {
    const keys = [...contacts.map(({ peer }) => peer), ...members.map(({ publicKey }) => publicKey)]
    const key = onlyOne(new Set(keys.filter((known) => known.startsWith(wanted))), 'keys begin with', wanted)
    if (key !== undefined) return key
  }
  const called = members.filter(({ name }) => name.toLowerCase() === wanted)
  const key = onlyOne(new Set(called.map(({ publicKey }) => publicKey)), 'members are called', person.contactName)
  if (key !== undefined) return key
  throw badKey(
    person.contactName,
    'expected a public key or at least 8 digits of one, a contact link, or the name of a contact or of a member',
  )
}

function onlyOne(keys: ReadonlySet<string>, what: string, text: string): string | undefined {
  if (keys.size > 1) {
    const starts = [...keys].slice(0, 4).map((key) => key.slice(0, 16))
    throw new CliError('bad-key', `${keys.size} ${what} '${shown(text)}': use more of the key (${starts.join(', ')})`)
  }
  return [...keys][0]
}
