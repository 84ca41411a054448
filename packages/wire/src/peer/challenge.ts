import { checkBytes, write32 } from '../int.js'
import type { FrameCursor } from './cursor.js'
import type { ChallengeAnswerFrame, ChallengeFrame } from './types.js'

const CHALLENGE_BYTES = 32
const SIGNATURE_BYTES = 64

/** `32 i32 | data 32`. Real clients sign any length; anything but 32 is refused here. Source: peer protocol section 5.2. */
export function readChallenge(cursor: FrameCursor, type: ChallengeFrame['type']): ChallengeFrame | undefined {
  const data = readExactly(cursor, CHALLENGE_BYTES, 'challenge.data')
  return data && { type, data }
}

/** `64 i32 | signature 64`. Source: peer protocol section 5.3. */
export function readChallengeAnswer(
  cursor: FrameCursor,
  type: ChallengeAnswerFrame['type'],
): ChallengeAnswerFrame | undefined {
  const signature = readExactly(cursor, SIGNATURE_BYTES, 'challengeAnswer.signature')
  return signature && { type, signature }
}

/** The bytes that a challenge or an answer carries, checked for their length. */
export function challengeContent(frame: ChallengeFrame | ChallengeAnswerFrame): Uint8Array {
  return 'data' in frame
    ? checkBytes(frame.data, CHALLENGE_BYTES, 'challenge.data')
    : checkBytes(frame.signature, SIGNATURE_BYTES, 'challengeAnswer.signature')
}

/** A length and so many bytes: the body of challenges, answers and call packets. */
export function writePrefixed(target: Uint8Array, at: number, bytes: Uint8Array): number {
  write32(target, at, bytes.length)
  target.set(bytes, at + 4)
  return at + 4 + bytes.length
}

function readExactly(cursor: FrameCursor, sizeBytes: number, field: string): Uint8Array | undefined {
  if (!cursor.has(4)) return undefined
  cursor.length(sizeBytes, sizeBytes, field)
  return cursor.has(sizeBytes) ? cursor.view(sizeBytes) : undefined
}
