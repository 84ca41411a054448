const encoder = new TextEncoder()
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const lenientDecoder = new TextDecoder('utf-8', { ignoreBOM: true })

// Up to this length a plain loop is faster than a call into the engine's converters.
const SHORT_TEXT = 48

/** Bytes of `text` in UTF-8; a lone surrogate counts as the three bytes of U+FFFD, which is what is written for it. */
export function utf8ByteLength(text: string): number {
  let bytes = text.length
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 0x80) continue
    bytes += code < 0x800 ? 1 : 2
    if (code >= 0xd800 && code <= 0xdbff) {
      const next = text.charCodeAt(at + 1)
      if (next >= 0xdc00 && next <= 0xdfff) at++ // two units, four bytes: 2 + 2
    }
  }
  return bytes
}

/** Write `text`, whose length {@link utf8ByteLength} gave, at `at`; return the offset behind it. */
export function writeUtf8(target: Uint8Array, at: number, text: string, byteLength: number): number {
  if (byteLength === text.length && byteLength <= SHORT_TEXT) {
    for (let index = 0; index < byteLength; index++) target[at + index] = text.charCodeAt(index)
  } else {
    encoder.encodeInto(text, target.subarray(at, at + byteLength))
  }
  return at + byteLength
}

/** Text of UTF-8 bytes, bad ones replaced by U+FFFD. */
export function readUtf8Lenient(bytes: Uint8Array): string {
  return shortAscii(bytes) ?? lenientDecoder.decode(bytes)
}

/** Text of UTF-8 bytes, or `undefined` when they are not UTF-8. */
export function readUtf8Strict(bytes: Uint8Array): string | undefined {
  const ascii = shortAscii(bytes)
  if (ascii !== undefined) return ascii
  try {
    return strictDecoder.decode(bytes)
  } catch {
    return undefined
  }
}

function shortAscii(bytes: Uint8Array): string | undefined {
  if (bytes.length > SHORT_TEXT) return undefined
  let text = ''
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!
    if (byte >= 0x80) return undefined
    text += String.fromCharCode(byte)
  }
  return text
}
