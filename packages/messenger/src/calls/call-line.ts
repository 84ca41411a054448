import { type Connection, isPeerError } from '@mimirjs/peer'

/** What a call needs of a connection. */
export type CallLine = Pick<Connection, 'closed' | 'extended' | 'callState' | 'sendCall' | 'probe'>
/** What is said on it. */
export type CallFrame = Parameters<CallLine['sendCall']>[0]

export const HANG: CallFrame = { type: 'callHang' }
export const ACCEPT: CallFrame = { type: 'callAnswer', accepted: true, error: '' }
export const DECLINE: CallFrame = { type: 'callAnswer', accepted: false, error: '' }
/** What our own kind says in an answer of refusal when it is in another call. The originals ignore it. */
export const BUSY_TEXT = 'busy'

/** The answer to an offer while we talk to somebody else. */
export function busyAnswer(line: CallLine): CallFrame {
  // The originals are shown nothing that they do not write themselves.
  return line.extended ? { type: 'callAnswer', accepted: false, error: BUSY_TEXT } : DECLINE
}

/** @returns whether it was said: not on a line that is closed, or where it makes no sense */
export function say(line: CallLine, frame: CallFrame): boolean {
  try {
    return !line.closed && line.sendCall(frame)
  } catch (error) {
    if (!isPeerError(error)) throw error
    return false
  }
}
