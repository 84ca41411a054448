// What is sent, made from a serial number alone, so that whoever counts can tell what it has to be.
import { createHash } from 'node:crypto'
import { createRandom } from '@mimirjs/transport/testing'

export type FileKind = 'image' | 'file' | 'voice'
/** `edit`, `delete` and `contact` are no messages of their own. */
export type Kind = 'text' | 'large' | 'reply' | 'reaction' | 'edit' | 'delete' | 'contact' | FileKind

/** More than goes on the control stream of the current generation. */
const LARGE_BYTES = 70_000
const LARGEST_BYTES = 200_000
const SMALLEST_FILE_BYTES = 1_024
const LARGEST_FILE_BYTES = 3 * 1_048_576

export function textOf(kind: Kind, from: string, serial: number): string {
  const random = createRandom(serial)
  const filling = kind === 'large' ? 'x'.repeat(LARGE_BYTES + random.integer(LARGEST_BYTES - LARGE_BYTES)) : ''
  return `${from} ${kind}${filling} #${serial}`
}

/** The text with another version in place of that which it has. */
export function editedText(text: string, version: number): string {
  return `${text.replace(/ v\d+$/, '')} v${version}`
}

/** What all versions of a message have in common, and no two messages of a sender. */
export function markOf(text: string): string {
  return text.replace(/ v\d+$/, '')
}

/** The number at the end of what was sent directly; answers have none of their own. */
export function serialOf(text: string): number | undefined {
  const serial = text.startsWith('re:') ? undefined : /#(\d+)( v\d+)?$/.exec(text)?.[1]
  return serial === undefined ? undefined : Number(serial)
}

/** Sizes of every order between the smallest and the largest, each as likely. */
export function fileBytes(serial: number): Uint8Array {
  const random = createRandom(serial)
  const orders = Math.log(LARGEST_FILE_BYTES / SMALLEST_FILE_BYTES)
  const sizeBytes = Math.round(SMALLEST_FILE_BYTES * Math.exp(random.next() * orders))
  // Not random.bytes: three million calls for the largest.
  const pattern = random.bytes(1_021)
  return Uint8Array.from(Buffer.alloc(sizeBytes, pattern))
}

export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** The same choice whenever the handler runs again. */
export function isAnswered(text: string, share: number): boolean {
  let hash = 0
  for (const character of text.slice(-40)) hash = (Math.imul(hash, 31) + character.charCodeAt(0)) >>> 0
  return (hash % 1000) / 1000 < share
}
