import { MessengerError } from '../error.js'

/** Characters of a server's text that are kept. */
const MAX_CHARACTERS = 200
/** Control characters, and those that change the direction of a line or end it. */
const HARMFUL = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

/** What a server says about itself goes into errors and logs: one line without control characters, and not a long one. */
export function harmlessText(text: string): string {
  const characters = Array.from(text.slice(0, 4 * MAX_CHARACTERS).replace(HARMFUL, ''))
  return characters.slice(0, MAX_CHARACTERS).join('').trim()
}

/** A request that the server refused. @param what - what was asked for: `the upload` */
export function refusal(what: string, text: string): MessengerError {
  return new MessengerError(
    'file-server',
    `the file server refused ${what}: ${harmlessText(text) || 'no reason given'}`,
  )
}
