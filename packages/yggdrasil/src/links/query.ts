/** One `name=value` of a query. */
export interface QueryPair {
  /** As it was written. */
  readonly raw: string
  readonly name: string
  /** Decoded; `undefined` when its percent-encoding is broken. */
  readonly value: Uint8Array | undefined
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The pairs of a query, in order. Values are bytes: a password need not be text. */
export function splitQuery(query: string): QueryPair[] {
  return query
    .split('&')
    .filter((raw) => raw !== '')
    .map((raw) => {
      const [name, ...value] = raw.split('=')
      return {
        raw,
        name: decodeText(unescapeBytes(name!, true) ?? new Uint8Array(0)),
        value: unescapeBytes(value.join('='), true),
      }
    })
}

/**
 * Undo percent-encoding. `undefined` when a `%` has no two hex digits behind it.
 * @param plusIsSpace - as forms encode it
 */
export function unescapeBytes(text: string, plusIsSpace = false): Uint8Array | undefined {
  if (/%(?![0-9a-f]{2})/i.test(text)) return undefined
  const pieces = (plusIsSpace ? text.replace(/\+/g, ' ') : text).split('%')
  const bytes: number[] = [...encoder.encode(pieces[0])]
  for (const piece of pieces.slice(1)) {
    bytes.push(Number.parseInt(piece.slice(0, 2), 16), ...encoder.encode(piece.slice(2)))
  }
  return Uint8Array.from(bytes)
}

/** UTF-8; what is none becomes U+FFFD. */
export function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

/** UTF-8, or `undefined`. */
export function strictText(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes)
  } catch {
    return undefined
  }
}
