import { encodeLegacyFrame, encodeLegacyMessage, type LegacyCandidate } from '@mimirjs/wire/rendezvous'
import type { LegacyOwnSignal } from '../types.js'

/** Of one connection that is to be: ours is an offer or an answer. */
export interface Attempt {
  readonly id: number
  readonly role: 'offer' | 'answer'
  /** When it fails, in ms. */
  deadlineMs: number
  /** What is being signed. */
  text: string | undefined
  /** Signed and ready to go: the frame for servers. */
  frame: string | undefined
  /** An answer to our offer was applied. */
  isAnswered: boolean
}

/** An original sends nothing, and takes nothing, without a candidate before the end. rendezvous protocol A9, A13 */
const NO_CANDIDATES: readonly LegacyCandidate[] = [{ candidate: '', sdpMid: '0', sdpMLineIndex: 0 }]

export function newAttempt(id: number, role: Attempt['role'], deadlineMs: number): Attempt {
  return { id, role, deadlineMs, text: undefined, frame: undefined, isAnswered: false }
}

export function signalText({ description, candidates }: LegacyOwnSignal, from: string, to: string): string {
  const some = candidates.length > 0 ? candidates : NO_CANDIDATES
  return encodeLegacyMessage({ type: 'signal', from, to, description, candidates: some })
}

export function relayFrame(text: string, signature: Uint8Array): string {
  return encodeLegacyFrame({ type: 'relay-msg', text, signature })
}
