import { YggdrasilError } from '../error.js'

// What both WebSocket drivers agree on. yggdrasil protocol §2.4

/** Offered by every client; a server that does not select it is none of ours. */
export const SUBPROTOCOL = 'ygg-ws'

/** Status codes of RFC 6455 that are used. */
export const CloseStatus = {
  normal: 1000,
  goingAway: 1001,
  unsupportedData: 1003,
  /** Never sent: the close frame had none. */
  none: 1005,
  policyViolation: 1008,
  messageTooBig: 1009,
} as const

/** Why a WebSocket ended; `undefined` when that was in order. */
export function closeReason(status: number, reason: string, remote: string): YggdrasilError | undefined {
  const { normal, goingAway, none, policyViolation } = CloseStatus
  if (status === normal || status === goingAway || status === none) return undefined
  const detail = reason === '' ? `${status}` : `${status}: ${printable(reason)}`
  const text = `link to ${remote}: the WebSocket was closed (${detail})`
  return status === policyViolation ? new YggdrasilError('refused', text) : new YggdrasilError('link', text)
}

/** The other side's words, without what would draw on a terminal. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 123)
}
