/** What a person did at the keyboard. */
export type Key =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'paste'; readonly text: string }
  | {
      readonly kind: 'key'
      /** A name such as `up`, `enter`, `f1`; with ctrl or alt also a letter. */
      readonly name: string
      readonly ctrl: boolean
      readonly alt: boolean
      readonly shift: boolean
    }

const ESC = '\u001b'
const PASTE_START = `${ESC}[200~`
const PASTE_END = `${ESC}[201~`
/** Longer pastes are handed over in pieces. */
const MAX_PASTE_UNITS = 1_048_576
/** No terminal sends longer sequences; what does is dropped. */
const MAX_SEQUENCE_UNITS = 64

const FINALS: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  E: 'begin',
  F: 'end',
  H: 'home',
  P: 'f1',
  Q: 'f2',
  R: 'f3',
  S: 'f4',
}

const TILDES: Readonly<Record<number, string>> = {
  1: 'home',
  2: 'insert',
  3: 'delete',
  4: 'end',
  5: 'pageup',
  6: 'pagedown',
  7: 'home',
  8: 'end',
  11: 'f1',
  12: 'f2',
  13: 'f3',
  14: 'f4',
  15: 'f5',
  17: 'f6',
  18: 'f7',
  19: 'f8',
  20: 'f9',
  21: 'f10',
  23: 'f11',
  24: 'f12',
}

/** Control characters that are keys of their own, and the key behind a code point in newer protocols. */
const CODES: Readonly<Record<number, string>> = {
  8: 'backspace',
  9: 'tab',
  13: 'enter',
  27: 'escape',
  127: 'backspace',
}

/**
 * Turns what a terminal sends into keys. Sequences may come in pieces; a lone escape is the key only when nothing
 * follows it, which {@link flush} says.
 */
export class KeyReader {
  readonly #decoder = new TextDecoder()
  #rest = ''
  #pasting = false

  /** Bytes that came. @returns the keys they complete */
  feed(bytes: Uint8Array): Key[] {
    this.#rest += this.#decoder.decode(bytes, { stream: true })
    const keys: Key[] = []
    while (this.#rest !== '') {
      const taken = this.#pasting ? this.#takePaste(keys) : this.#take(keys)
      if (taken === 0) break
      this.#rest = this.#rest.slice(taken)
    }
    return keys
  }

  /** Whether {@link flush} would give a key: a sequence has begun, or the escape key was pressed. */
  get waiting(): boolean {
    return !this.#pasting && this.#rest !== ''
  }

  /** Nothing more came for a while. */
  flush(): Key[] {
    if (!this.waiting) return []
    const isEscape = this.#rest === ESC || this.#rest === ESC + ESC
    this.#rest = ''
    return isEscape ? [plainKey('escape')] : []
  }

  #takePaste(keys: Key[]): number {
    const end = this.#rest.indexOf(PASTE_END)
    if (end >= 0) {
      this.#pasting = false
      if (end > 0) keys.push({ kind: 'paste', text: this.#rest.slice(0, end) })
      return end + PASTE_END.length
    }
    // The end mark itself may have come in part.
    if (this.#rest.length < MAX_PASTE_UNITS) return 0
    const piece = this.#rest.slice(0, -PASTE_END.length)
    keys.push({ kind: 'paste', text: piece })
    return piece.length
  }

  /** @returns how much was taken; 0 = more has to come */
  #take(keys: Key[]): number {
    const rest = this.#rest
    if (rest.startsWith(PASTE_START)) {
      this.#pasting = true
      return PASTE_START.length
    }
    if (rest.startsWith(ESC)) return takeEscape(rest, keys)
    const text = /^[^\p{Cc}]+/u.exec(rest)?.[0]
    if (text !== undefined) {
      keys.push({ kind: 'text', text })
      return text.length
    }
    keys.push(controlKey(rest.charCodeAt(0)))
    return 1
  }
}

function plainKey(name: string, modifiers: { ctrl?: boolean; alt?: boolean; shift?: boolean } = {}): Key {
  return { kind: 'key', name, ctrl: false, alt: false, shift: false, ...modifiers }
}

function controlKey(code: number): Key {
  const name = CODES[code]
  if (name !== undefined) return plainKey(name)
  // Ctrl-A is 1; what is above the letters has punctuation for a name.
  return plainKey(String.fromCharCode(code + (code >= 1 && code <= 26 ? 96 : 64)), { ctrl: true })
}

function takeEscape(rest: string, keys: Key[]): number {
  const sequence = escapeSequence(rest)
  if (sequence === undefined) return rest.length > MAX_SEQUENCE_UNITS ? rest.length : 0
  const key = keyOf(sequence)
  if (key !== undefined) keys.push(key)
  return sequence.length
}

/** The sequence at the start of `rest`, if it is whole. */
function escapeSequence(rest: string): string | undefined {
  if (rest.length < 2 || rest === ESC + ESC) return undefined
  // Alt with a key that is itself a sequence; three escapes are no such thing.
  if (rest.startsWith(ESC + ESC)) {
    const inner = rest.startsWith(ESC, 2) ? ESC : escapeSequence(rest.slice(1))
    return inner === undefined ? undefined : ESC + inner
  }
  // The Linux console's own way of F1 to F5.
  if (rest.startsWith(`${ESC}[[`)) return rest.length < 4 ? undefined : rest.slice(0, 4)
  if (rest.startsWith(`${ESC}[`)) return /^.\[[0-?]*[ -/]*[@-~]/s.exec(rest)?.[0] ?? broken(rest)
  if (rest.startsWith(`${ESC}O`)) return rest.length < 3 ? undefined : rest.slice(0, 3)
  const [, letter = ''] = Array.from(rest.slice(0, 3))
  // Nobody presses Alt and Ctrl together with a letter: the escape key came first.
  return letter < ' ' && CODES[letter.charCodeAt(0)] === undefined ? ESC : ESC + letter
}

/** A sequence with something in it that cannot be: given up there. */
function broken(rest: string): string | undefined {
  const prefix = /^.\[[0-?]*[ -/]*/s.exec(rest)?.[0] ?? rest
  return prefix.length < rest.length ? prefix : undefined
}

function keyOf(sequence: string): Key | undefined {
  if (sequence === ESC) return plainKey('escape')
  if (sequence.startsWith(ESC + ESC)) {
    const inner = sequence.length === 2 ? plainKey('escape') : keyOf(sequence.slice(1))
    return inner?.kind === 'key' ? { ...inner, alt: true } : inner
  }
  if (sequence.startsWith(`${ESC}[[`)) {
    const at = 'ABCDE'.indexOf(sequence.charAt(3))
    return at < 0 ? undefined : plainKey(`f${at + 1}`)
  }
  if (sequence.startsWith(`${ESC}[`)) return csiKey(sequence.slice(2))
  if (sequence.startsWith(`${ESC}O`)) {
    // The number pad has an Enter of its own.
    const name = sequence.charAt(2) === 'M' ? 'enter' : FINALS[sequence.charAt(2)]
    return name === undefined ? undefined : plainKey(name)
  }
  const letter = sequence.slice(1)
  const code = letter.charCodeAt(0)
  if (code >= 32 && code !== 127) return plainKey(letter, { alt: true })
  const inner = controlKey(code)
  return inner.kind === 'key' ? { ...inner, alt: true } : inner
}

/** What stands behind `ESC [`. */
function csiKey(body: string): Key | undefined {
  // An answer of the terminal.
  if (/^[<=>?]/.test(body)) return undefined
  const final = body.at(-1) ?? ''
  const numbers = body.slice(0, -1).split(';').map(Number)
  if (final === 'Z') return plainKey('tab', { shift: true })
  if (final === '~') {
    // Terminals that tell every key with its modifiers: 27;modifier;code
    if (numbers[0] === 27) return codeKey(numbers[2], numbers[1])
    const name = TILDES[numbers[0] ?? 0]
    return name === undefined ? undefined : plainKey(name, modifiersOf(numbers[1]))
  }
  if (final === 'u') return codeKey(numbers[0], numbers[1])
  const name = FINALS[final]
  return name === undefined ? undefined : plainKey(name, modifiersOf(numbers[1]))
}

function codeKey(code: number | undefined, modifier: number | undefined): Key | undefined {
  if (code === undefined || !Number.isInteger(code) || code < 8 || code > 0x10ffff) return undefined
  const modifiers = modifiersOf(modifier)
  const name = CODES[code]
  if (name !== undefined) return plainKey(name, modifiers)
  if (code < 32) return undefined
  const letter = String.fromCodePoint(code)
  return modifiers.ctrl || modifiers.alt ? plainKey(letter, modifiers) : { kind: 'text', text: letter }
}

function modifiersOf(modifier: number | undefined): { shift: boolean; alt: boolean; ctrl: boolean } {
  const bits = Number.isInteger(modifier) ? (modifier ?? 1) - 1 : 0
  return { shift: (bits & 1) !== 0, alt: (bits & 2) !== 0, ctrl: (bits & 4) !== 0 }
}
