import { sha256 } from '@mimirjs/crypto'
import type { ChallengeAnswerFrame, ChallengeFrame } from '@mimirjs/wire/peer'
import { concatBytes } from '../bytes.js'

/** Bytes of the token that ties a data stream to its connection, where the network proves no node keys. */
export const TOKEN_BYTES = 32
const LABEL: Uint8Array = new TextEncoder().encode('mimir-peer-data-1\0')

/** What was said in a handshake: both challenges (32 bytes each) and the answers to them (64 bytes each). */
export type HandshakeWords = Readonly<Record<(ChallengeFrame | ChallengeAnswerFrame)['type'], Uint8Array>>

/**
 * SHA-256 of label, the key of the initiator, that of the acceptor, and the words of the handshake in their order. Both
 * sides know it, and of others only who reads along on the control stream.
 */
export function dataToken(initiator: Uint8Array, acceptor: Uint8Array, words: HandshakeWords): Uint8Array {
  const { challenge, challengeAnswer, challenge2, challengeAnswer2 } = words
  return sha256(concatBytes([LABEL, initiator, acceptor, challenge, challengeAnswer, challenge2, challengeAnswer2]))
}
