import { isTransportError, TransportError, type TransportErrorCode } from '@mimirjs/transport'
import { isRendezvousError, RendezvousError, type RendezvousErrorCode } from '../error.js'
import type { Attempt, CloseCode } from '../machine/types.js'

/** Why an attempt, or a link, is over: the code of the error, and words for people. */
const CLOSED: Readonly<Record<CloseCode, readonly [RendezvousErrorCode, string]>> = {
  declined: ['declined', 'they do not want to talk, or cannot now'],
  'no-answer': ['no-answer', 'nobody answered: they are not connected to a server of ours, or have not said yes'],
  missed: ['no-answer', 'the question was not answered in time'],
  refused: ['closed', 'declined by us'],
  timeout: ['timeout', 'the other side stopped in the middle'],
  hangup: ['hangup', 'the other side gave up'],
  failed: ['failed', 'no path between the two was found: a TURN server in iceServers may help'],
  unsupported: ['unsupported', 'there is no WebRTC here'],
  bind: ['bind', 'the other side did not prove who it is'],
  fingerprint: ['fingerprint', 'the channel ends at another certificate than the one that was signed'],
  protocol: ['protocol', 'the other side broke the rules of the channel'],
  limit: ['limit', 'there are as many links as fit: close some, or raise limits.links'],
  lost: ['lost', 'the link fell silent, or its channel closed'],
  bye: ['hangup', 'the other side ended it'],
  replaced: ['hangup', 'the other side came again'],
  blocked: ['closed', 'blocked by us'],
  closed: ['closed', 'closed by us'],
}

const TRANSPORT_CODES: Partial<Record<RendezvousErrorCode, TransportErrorCode>> = {
  'bad-key': 'bad-address',
  aborted: 'aborted',
  closed: 'aborted',
  declined: 'refused',
  hangup: 'refused',
  failed: 'unreachable',
  'no-answer': 'timeout',
  timeout: 'timeout',
  lost: 'reset',
  limit: 'refused',
  unsupported: 'misuse',
}

/** Words for people: why it is over. */
export function closedWhy({ closeCode = 'closed', closeDetail }: Attempt): string {
  const why = CLOSED[closeCode][1]
  return closeDetail === undefined ? why : `${why} (${closeDetail})`
}

/** Why nothing comes of an attempt, or of what waits on a link. @param doing - what was tried: `connect` */
export function closedError(attempt: Attempt, doing: string): RendezvousError {
  const { closeCode = 'closed', closeDetail } = attempt
  // Whoever notices first that nothing comes of it says so.
  const isTold = closeCode === 'hangup' && (closeDetail === 'timeout' || closeDetail === 'failed')
  const [code] = CLOSED[isTold ? closeDetail : closeCode]
  return new RendezvousError(code, `${doing}: ${closedWhy(attempt)}`)
}

/** A failure of the node, for users of streams. */
export function transportError(error: unknown, doing: string): TransportError {
  if (isTransportError(error)) return error
  const code = (isRendezvousError(error) && TRANSPORT_CODES[error.code]) || 'io'
  const why = error instanceof Error ? error.message : String(error)
  return new TransportError(code, `${doing}: ${why}`, { cause: error })
}
