import { basename, dirname, extname, join } from '#platform'
import { errnoOf } from './disk.js'

/** Longest name that {@link safeFileName} gives, in bytes of UTF-8: file systems take 255, and a number may be added. */
export const MAX_FILE_NAME_BYTES = 200
const MAX_EXTENSION_BYTES = 32

/** Control and format characters, among them those that turn the writing direction, and breaks of lines. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu
/** What some file system or shell of Windows takes for something else. */
const SPECIAL = /[<>:"|?*]/g
/** Dots and spaces: those in front hide a file, those behind are dropped by Windows. */
const EDGES = /^[.\s]+|[.\s]+$/gu
/** Names of devices, whatever extension follows. */
const RESERVED = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])$/i

const utf8 = new TextEncoder()
const utf8Lenient = new TextDecoder()

/**
 * A file name that is safe on every system, as like to the received one as can be: the last part of a path, without what
 * is invisible, special or reserved, at most {@link MAX_FILE_NAME_BYTES}. Never empty. Safe names stay as they are.
 */
export function safeFileName(name: string): string {
  // Halves of surrogate pairs are no text; the encoder replaces them.
  const text = utf8Lenient.decode(utf8.encode(name.split(/[/\\]/).at(-1) ?? ''))
  const plain = text.replace(INVISIBLE, '').normalize('NFC').replace(SPECIAL, '_').replace(EDGES, '')
  if (plain === '') return 'unnamed'
  const stem = plain.split('.', 1)[0] ?? ''
  return shorten(RESERVED.test(stem.trimEnd()) ? `_${plain}` : plain)
}

/** The beginning is cut, not the extension. */
function shorten(name: string): string {
  if (utf8.encode(name).length <= MAX_FILE_NAME_BYTES) return name
  const extension = extname(name)
  const extensionBytes = utf8.encode(extension).length
  if (extensionBytes > MAX_EXTENSION_BYTES) return cut(name, MAX_FILE_NAME_BYTES)
  return cut(name.slice(0, -extension.length || undefined), MAX_FILE_NAME_BYTES - extensionBytes) + extension
}

/** At most so many bytes, whole characters, no dot or space at the end. */
function cut(text: string, maxBytes: number): string {
  const { read } = utf8.encodeInto(text, new Uint8Array(maxBytes))
  return text.slice(0, read).replace(EDGES, '')
}

/** `report.pdf` → `report (1).pdf` */
export function numberedName(name: string, number: number): string {
  const extension = extname(name)
  return `${name.slice(0, name.length - extension.length)} (${number})${extension}`
}

const MAX_NUMBER = 9_999

/**
 * Give a file a name that nothing has yet: `path`, or the same with a number.
 * @param make - makes something of exactly this name, and rejects with EEXIST when there is something
 * @returns the path that was made
 */
export async function makeUnique(path: string, make: (path: string) => Promise<void>): Promise<string> {
  const name = basename(path)
  for (let number = 0; ; number++) {
    const candidate = number === 0 ? path : join(dirname(path), numberedName(name, number))
    try {
      await make(candidate)
      return candidate
    } catch (cause) {
      if (errnoOf(cause) !== 'EEXIST' || number === MAX_NUMBER) throw cause
    }
  }
}
