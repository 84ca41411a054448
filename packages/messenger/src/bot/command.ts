import type { MessageKind, MessageView } from '../view.js'

/** What a person wants of a bot, as they wrote it: `/name argument "another argument"`. */
export interface Command {
  /** Lower-case, without the prefix. */
  readonly name: string
  /**
   * The words behind the name. `"…"` and `“…”` hold words together, also inside a word: `key="a b"` is `key=a b`. What is
   * behind the 99th stands in the last one as it was written.
   */
  readonly args: readonly string[]
  /** Everything behind the name as it was written, without blanks at its ends. */
  readonly text: string
}

/** What commands begin with, unless the bot says otherwise. @throws {RangeError} when everything would begin with it */
export function commandPrefix(prefix = '/'): string {
  if (prefix.trim() === '') throw new RangeError('commandPrefix: expected at least one character that is no blank')
  return prefix
}

const NAME = /^[\p{L}\p{M}\p{N}_-]{1,64}(?=\s|$)/u
const MAX_ARGS = 100
/** What opens a group of words, and what closes it. Telephones write the second pair by themselves. */
const QUOTES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['“', '”'],
])

const BLANKS = /\s+/y
const PLAIN = /[^\s"“]+/y

/** What a person wrote: not what a reaction or a call is shown as. */
export function isWritten(kind: MessageKind): boolean {
  return kind !== 'reaction' && kind !== 'call' && kind !== 'unknown'
}

/**
 * The command in the text or the caption, if there is one. The name is of letters, digits, `_` and `-`, at most 64 of
 * them, and stands by itself: a path such as `/usr/bin` is none.
 */
export function parseCommand({ kind, text }: MessageView, prefix: string): Command | undefined {
  if (!isWritten(kind) || !text.startsWith(prefix)) return undefined
  const [name] = NAME.exec(text.slice(prefix.length)) ?? []
  if (name === undefined) return undefined
  const rest = text.slice(prefix.length + name.length).trim()
  return { name: commandName(name), args: splitWords(rest), text: rest }
}

/** Two ways to write one name are one name. */
export function commandName(name: string): string {
  return name.normalize('NFC').toLowerCase()
}

export function isCommandName(name: string): boolean {
  return NAME.exec(name)?.[0] === name
}

/** Linear in the length of the text, whatever quotes are in it. */
function splitWords(text: string): string[] {
  const words: string[] = []
  const unclosed = new Set<string>()
  let word: string | undefined
  for (let at = 0; at < text.length; ) {
    const character = text[at]!
    const closing = unclosed.has(character) ? undefined : QUOTES.get(character)
    const end = closing === undefined ? -1 : text.indexOf(closing, at + 1)
    if (end >= 0) {
      word = (word ?? '') + text.slice(at + 1, end)
      at = end + 1
      continue
    }
    // A quote that nothing closes is a character like any other, and so are those behind it.
    if (closing !== undefined) unclosed.add(character)
    BLANKS.lastIndex = PLAIN.lastIndex = at
    const blanks = BLANKS.exec(text)?.[0]
    if (blanks !== undefined) {
      if (word !== undefined) words.push(word)
      word = undefined
      at += blanks.length
      continue
    }
    if (word === undefined && words.length === MAX_ARGS - 1) return [...words, text.slice(at)]
    const plain = PLAIN.exec(text)?.[0] ?? character
    word = (word ?? '') + plain
    at += plain.length
  }
  return word === undefined ? words : [...words, word]
}
