import type { ResolverOptions } from '@mimirjs/resolver-client'
import { MessengerError } from './error.js'
import type { MessengerParts } from './types.js'

/**
 * By which network trackers are asked, and in which words: those on the overlay speak the current generation there.
 * @throws {MessengerError} `bad-content` for trackers of both kinds, or on an overlay that we have no node of
 */
export function trackerNetwork(
  trackers: readonly string[],
  { datagrams, overlay }: Pick<MessengerParts, 'datagrams' | 'overlay'>,
): Pick<ResolverOptions, 'generation' | 'trackers' | 'transport'> {
  const onOverlay = trackers.filter(isOnOverlay)
  if (onOverlay.length === 0) return { generation: 'classic', trackers: [...trackers], transport: datagrams }
  if (onOverlay.length < trackers.length)
    throw new MessengerError('bad-content', 'trackers: expected all of them udp://, or all ygg://, and got both')
  if (overlay === undefined)
    throw new MessengerError('bad-content', `tracker ${onOverlay[0]}: ygg:// addresses need the option overlay`)
  return { generation: 'current', trackers: onOverlay, transport: overlay.datagramTransport }
}

/**
 * Whether these trackers can be told of an address URL: those on the overlay know nodes of it, others everything else; what is
 * on the local network is of no use to anybody outside it.
 */
export function canAnnounce(trackers: readonly string[], address: string): boolean {
  return !address.startsWith('mp2p://') && trackers.some(isOnOverlay) === isOnOverlay(address)
}

function isOnOverlay(address: string): boolean {
  return address.startsWith('ygg://')
}
