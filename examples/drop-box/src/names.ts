import path from 'node:path'
import type { IncomingMessage } from '@mimirjs/messenger'

const MAX_NAME_CHARACTERS = 100

/**
 * Where the file of a message goes: below the sender's key, under the message's id. The same message has the same place,
 * so one that is handled again after a crash is found there; two never share one, and the sender chooses neither.
 */
export function placeOf(folder: string, message: IncomingMessage): string {
  const id = BigInt.asUintN(64, BigInt(message.id)).toString(16).padStart(16, '0')
  return path.join(folder, message.from.slice(0, 32), `${id}-${safeName(message.file?.name ?? '')}`)
}

/** The sender's name for a file, in characters that no shell and no file system minds. */
export function safeName(name: string): string {
  const characters = [...name.normalize('NFC').replace(/[^\p{L}\p{M}\p{N}._-]+/gu, '_')]
  const kept = characters.length > MAX_NAME_CHARACTERS ? characters.slice(-MAX_NAME_CHARACTERS) : characters
  return kept.join('').replace(/^[._-]+|[._-]+$/g, '') || 'unnamed'
}
