import { isTransportError, TransportError } from '@mimirjs/transport'
import { isYggdrasilError, YggdrasilError } from '../error.js'
import type { PeerInfo } from './types.js'

/** Peers whose state is told in one message. */
const MAX_TOLD = 3

/**
 * What ended by timeout, said better when no peer is up: then it is not the other end that did not answer. Everything
 * else is thrown as it is.
 * @param doing - `ping`, `dial ygg://…`
 */
export async function tellUnreached<Result>(
  doing: string,
  peers: () => readonly PeerInfo[],
  result: Promise<Result>,
): Promise<Result> {
  try {
    return await result
  } catch (error) {
    const isStream = isTransportError(error)
    if (!(isStream || isYggdrasilError(error)) || error.code !== 'timeout') throw error
    const now = peers()
    if (now.some(({ state }) => state === 'up')) throw error
    const text = `${doing}: ${unreachedText(now)}`
    const cause = now.find((peer) => peer.error !== undefined)?.error ?? error
    throw isStream ? new TransportError('timeout', text, { cause }) : new YggdrasilError('timeout', text, { cause })
  }
}

function unreachedText(peers: readonly PeerInfo[]): string {
  if (peers.length === 0) return 'no peer is reached (none is given, and nobody has connected)'
  const told = peers.slice(0, MAX_TOLD).map(({ uri, state, error }) => {
    if (error === undefined) return `${uri}: ${state}`
    const text = error.message.replace(/^(?:dial|peer) /, '')
    return text.startsWith(uri) ? text : `${uri}: ${text}`
  })
  const more = peers.length > MAX_TOLD ? `; ${peers.length - MAX_TOLD} more` : ''
  return `no peer is reached (${told.join('; ')}${more})`
}
