import type { Clock } from '@mimirjs/transport'
import { MessageType } from '@mimirjs/wire/peer'
import type { MissedCall } from './calls/call.js'
import { randomGuid } from './message-id.js'
import type { NewIncoming } from './store.js'

/** The text of the record in the history. */
const MISSED_CALL: Uint8Array = new TextEncoder().encode('missed')

/** A missed call for the history. The protocol has no word for it: the record is ours alone. Source: peer protocol §6.3. */
export function missedCallRecord({ peer, at }: MissedCall, clock: Clock): NewIncoming {
  return {
    peer,
    guid: randomGuid(),
    replyTo: 0n,
    messageType: MessageType.callRecord,
    sendTimeMs: Math.floor(at.getTime()),
    editTimeMs: 0,
    payload: MISSED_CALL,
    receivedMs: clock.nowMs(),
  }
}
