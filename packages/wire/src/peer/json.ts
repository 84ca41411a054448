// A JSON reader for the three small objects of the peer protocol (envelope, attachment metadata, reaction). JSON.parse
// cannot serve: it turns 64-bit integers into doubles, which changes nearly every guid, and it hides doubled keys.
import { WireError } from '../error.js'

/** Deepest nesting that is read. Source: peer protocol section 7. */
export const MAX_JSON_DEPTH = 16

/** A number as it stands in the text; whoever needs it decides what it may be. */
export class JsonNumber {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  /** The integer, or `undefined` for a fraction, an exponent, or one outside the signed 64-bit range. */
  get integer(): bigint | undefined {
    if (this.text.length > 20 || !INTEGER.test(this.text)) return undefined
    const value = BigInt(this.text)
    return BigInt.asIntN(64, value) === value ? value : undefined
  }
}

/** `undefined` stands for an array or object inside: checked, but not kept. */
export type JsonMember = readonly [key: string, value: string | boolean | null | JsonNumber | undefined]

const INTEGER = /^-?\d+$/
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const QUOTE = 0x22
const BACKSLASH = 0x5c
const WHITE_SPACE = /[ \t\n\r]*/y
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

/**
 * The members of the JSON object that `text` consists of, in order, doubled keys included.
 * @throws {WireError} `json` when the text is not one object, or is nested deeper than {@link MAX_JSON_DEPTH}.
 */
export function parseJsonObject(text: string): JsonMember[] {
  return new JsonParser(text).document()
}

class JsonParser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): JsonMember[] {
    this.#skipSpace()
    const members: JsonMember[] = []
    this.#object(1, members)
    this.#skipSpace()
    if (this.#at !== this.#text.length) throw this.#error('the end of the text')
    return members
  }

  #object(depth: number, members?: JsonMember[]): void {
    this.#expect('{', 'an object')
    this.#skipSpace()
    if (this.#skip('}')) return
    for (;;) {
      this.#skipSpace()
      const key = this.#string()
      this.#skipSpace()
      this.#expect(':', 'a colon')
      const value = this.#value(depth)
      members?.push([key, value])
      if (this.#skip('}')) return
      this.#expect(',', 'a comma or the end of the object')
    }
  }

  #array(depth: number): void {
    this.#expect('[', 'an array')
    this.#skipSpace()
    if (this.#skip(']')) return
    for (;;) {
      this.#value(depth)
      if (this.#skip(']')) return
      this.#expect(',', 'a comma or the end of the array')
    }
  }

  /** A value and the white space on both sides of it. */
  #value(depth: number): JsonMember[1] {
    this.#skipSpace()
    const value = this.#bareValue(depth)
    this.#skipSpace()
    return value
  }

  #bareValue(depth: number): JsonMember[1] {
    switch (this.#text[this.#at]) {
      case '"':
        return this.#string()
      case '{':
      case '[':
        if (depth >= MAX_JSON_DEPTH) throw this.#error(`at most ${MAX_JSON_DEPTH} levels`)
        if (this.#text[this.#at] === '{') this.#object(depth + 1)
        else this.#array(depth + 1)
        return undefined
      case 't':
        return this.#word('true', true)
      case 'f':
        return this.#word('false', false)
      case 'n':
        return this.#word('null', null)
      default:
        return this.#number()
    }
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#error('a value')
    this.#at += word.length
    return value
  }

  #number(): JsonNumber {
    const text = this.#match(NUMBER)
    if (text === '') throw this.#error('a value')
    return new JsonNumber(text)
  }

  #string(): string {
    this.#expect('"', 'a string')
    let value = this.#plainCharacters()
    while (!this.#skip('"')) {
      this.#expect('\\', 'the end of the string')
      value += this.#escape() + this.#plainCharacters()
    }
    return value
  }

  #plainCharacters(): string {
    const start = this.#at
    for (; this.#at < this.#text.length; this.#at++) {
      const code = this.#text.charCodeAt(this.#at)
      if (code < 0x20 || code === QUOTE || code === BACKSLASH) break
    }
    return this.#text.slice(start, this.#at)
  }

  #escape(): string {
    const letter = this.#text[this.#at++] ?? ''
    if (letter === 'u') {
      const digits = this.#text.slice(this.#at, this.#at + 4)
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.#error('four hex digits')
      this.#at += 4
      return String.fromCharCode(Number.parseInt(digits, 16))
    }
    const character = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined
    if (character === undefined) throw this.#error('an escape')
    return character
  }

  /** The text that `pattern` (sticky) takes from here, empty when it takes none. */
  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const text = pattern.exec(this.#text)?.[0] ?? ''
    this.#at += text.length
    return text
  }

  #skipSpace(): void {
    this.#match(WHITE_SPACE)
  }

  #skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  #expect(character: string, what: string): void {
    if (!this.#skip(character)) throw this.#error(what)
  }

  #error(expected: string): WireError {
    return new WireError('json', `JSON: expected ${expected} at character ${this.#at}`)
  }
}
