import type { CallFrame } from './types.js'

/**
 * Every transition of a call: state, what happens, next state. What is not in the table is ignored when it comes from
 * the other side, and refused when we want to send it. Source: peer protocol §9.3.
 *
 * One thing is ours: when both call at once, both are calling, and by the original rules nobody would ever answer. So an
 * offer is handed on while we call, and may be accepted: to whoever calls, it looks like any other answer.
 */
export const CALL_TABLE = {
  idle: { sendOffer: 'calling', receiveOffer: 'receiving' },
  calling: {
    receiveAccept: 'inCall',
    receiveDecline: 'idle',
    receiveOffer: 'calling',
    sendAccept: 'inCall',
    sendHang: 'idle',
    receiveHang: 'idle',
  },
  receiving: { sendAccept: 'inCall', sendDecline: 'idle', sendHang: 'idle', receiveHang: 'idle' },
  inCall: { sendPacket: 'inCall', receivePacket: 'inCall', sendHang: 'idle', receiveHang: 'idle' },
} as const

export type CallState = keyof typeof CALL_TABLE

type Deed = 'Offer' | 'Accept' | 'Decline' | 'Hang' | 'Packet'
type Row = Readonly<Partial<Record<`${'send' | 'receive'}${Deed}`, CallState>>>

/** `undefined` where the frame has no meaning. */
export function nextCallState(state: CallState, by: 'send' | 'receive', frame: CallFrame): CallState | undefined {
  const row: Row = CALL_TABLE[state]
  return row[`${by}${deedOf(frame)}`]
}

function deedOf(frame: CallFrame): Deed {
  switch (frame.type) {
    case 'callOffer':
      return 'Offer'
    case 'callAnswer':
      return frame.accepted ? 'Accept' : 'Decline'
    case 'callHang':
      return 'Hang'
    case 'callPacket':
      return 'Packet'
  }
}
