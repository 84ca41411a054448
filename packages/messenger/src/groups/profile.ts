import { MessengerError } from '../error.js'
import type { GroupChange } from './types.js'

// Ceilings of mediators (mediator protocol §16).
const MAX_NAME_CHARACTERS = 25
const MAX_DESCRIPTION_CHARACTERS = 200
const MAX_GROUP_AVATAR_BYTES = 204_800

/** @throws {MessengerError} `bad-content` | `too-large` */
export function checkProfile({ name, description, avatar }: GroupChange): void {
  for (const [field, text, most] of [
    ['name', name, MAX_NAME_CHARACTERS],
    ['description', description, MAX_DESCRIPTION_CHARACTERS],
  ] as const) {
    if (text === undefined) continue
    if (typeof text !== 'string') throw new MessengerError('bad-content', `${field} of the group: expected a text`)
    const characters = [...text].length
    if (characters > most)
      throw new MessengerError(
        'too-large',
        `${field} of the group has ${characters} characters, mediators take ${most}`,
      )
  }
  if (name !== undefined) checkName(name)
  if (avatar === undefined) return
  if (!(avatar instanceof Uint8Array)) throw new MessengerError('bad-content', 'avatar of the group: expected bytes')
  if (avatar.length > MAX_GROUP_AVATAR_BYTES) {
    const most = `mediators take ${MAX_GROUP_AVATAR_BYTES}`
    throw new MessengerError('too-large', `avatar of the group has ${avatar.length} bytes, ${most}`)
  }
}

function checkName(name: string): void {
  if (name.trim() === '') throw new MessengerError('bad-content', 'name of the group: expected one that is not blank')
  if (/\p{Cc}/u.test(name))
    throw new MessengerError('bad-content', 'name of the group: expected no line breaks or other control characters')
}

/** As much of a name as a mediator would have taken from anybody but itself. */
export function cutName(name: string): string {
  return cut(name, MAX_NAME_CHARACTERS)
}

/** The same of a description. */
export function cutDescription(description: string): string {
  return cut(description, MAX_DESCRIPTION_CHARACTERS)
}

/** A picture to keep, copied; `undefined` for none, or one that no mediator would have taken. */
export function keptAvatar(avatar: Uint8Array | undefined): Uint8Array | undefined {
  return avatar && avatar.length > 0 && avatar.length <= MAX_GROUP_AVATAR_BYTES ? avatar.slice() : undefined
}

/** In code points, as servers count. */
function cut(text: string, characters: number): string {
  return text.length <= characters ? text : [...text.slice(0, characters * 2)].slice(0, characters).join('')
}
