import type { MediatorDialect } from '@mimirjs/wire/mediator'
import { MediatorError } from './error.js'

export interface NewChat {
  readonly name: string
  readonly description?: string | undefined
  /** The bytes of a picture. */
  readonly avatar?: Uint8Array | undefined
}

/** Mediator protocol §16. */
const MAX_AVATAR_BYTES = 204_800
const MAX_DESCRIPTION = 200
const MAX_NAME = { binary: 20, tlv: 25, 'tlv-push': 25 } as const satisfies Record<MediatorDialect, number>

/** Refuses before the proof of work what the mediator would refuse after it. @throws {MediatorError} `invalid` */
export function requireNewChat(dialect: MediatorDialect, { name, description = '', avatar }: NewChat): void {
  requireLength(dialect, 'name', name, MAX_NAME[dialect])
  requireLength(dialect, 'description', description, MAX_DESCRIPTION)
  if (avatar !== undefined && avatar.length > MAX_AVATAR_BYTES) {
    throw new MediatorError('invalid', `avatar: expected at most ${MAX_AVATAR_BYTES} bytes, got ${avatar.length}`)
  }
}

function requireLength(dialect: MediatorDialect, field: string, text: string, max: number): void {
  const length = dialect === 'binary' ? new TextEncoder().encode(text).length : [...text].length
  if (length <= max) return
  const unit = dialect === 'binary' ? 'bytes of UTF-8' : 'characters'
  throw new MediatorError('invalid', `${field}: expected at most ${max} ${unit}, got ${length}`)
}
