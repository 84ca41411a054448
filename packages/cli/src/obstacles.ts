import type { LinkState, Messenger, RendezvousServerStatus } from '@mimirjs/messenger'
import type { Context } from './context.js'
import { peerReason } from './overlay.js'
import { wrongClock } from './wrong-clock.js'

interface Wanted {
  /** 64 lower-case hex digits. */
  readonly receiver: string
  /** Where the command line says that they are. */
  readonly addresses: readonly string[]
}

/** @returns tells what has stood in the way of a message so far, as words for between brackets; there always is something */
export function watchObstacles(context: Context, messenger: Messenger, wanted: Wanted): () => Promise<string> {
  let link: LinkState['state'] | undefined
  let reason: string | undefined
  messenger.on('state', (state) => {
    if (state.peer !== wanted.receiver) return
    link = state.state
    // Trying again does not undo what the last attempt failed with.
    if (state.state === 'waiting') reason = state.reason
    else if (state.state === 'up') reason = undefined
  })
  return async () => {
    if (link === 'up') return 'they are connected, but have not taken it'
    const { overlay, rendezvous } = await messenger.health()
    const told: string[] = []
    if (overlay !== undefined && overlay.linksUp === 0) {
      const why = overlay.notReached.map((peer) => peerReason(peer.uri, peer.reason)).join('; ')
      told.push(`no peer of the overlay is reached: ${why === '' ? 'no answer yet' : why}`)
    }
    // What else failed is the same thing said again, if all ways lead over the overlay.
    if (told.length === 0 || ![...wanted.addresses, ...context.trackers].every(isOnOverlay))
      told.push(whyUnknown(context, wanted, isNearby(messenger, wanted)) ?? reason ?? whySilent(wanted))
    const silence = serverSilence(rendezvous?.servers)
    if (silence !== undefined) told.push(silence)
    const clock = rendezvous && wrongClock(rendezvous)
    if (clock !== undefined) told.push(clock)
    if (isOtherNetwork(context, wanted))
      told.push('the trackers are of another network than --peer: they know no address on the overlay')
    return told.join('; ')
  }
}

/** Nothing said where they are. */
function whyUnknown(
  { trackers, peers, multicast, rendezvous }: Context,
  { addresses }: Wanted,
  isNearby: boolean,
): string | undefined {
  // What the servers brought is said by the attempt.
  if (trackers.length > 0 || addresses.length > 0 || rendezvous.length > 0 || isNearby) return undefined
  const tried = [
    ...(peers.length > 0 ? ['no node with their own key answers'] : []),
    ...(multicast === undefined ? [] : ['they are not heard on the local network']),
  ]
  return ['neither --tracker nor --address says where they are', ...tried].join(', and ')
}

/** Without a server that carries our words nobody hears that we look for them. */
export function serverSilence(servers: readonly RendezvousServerStatus[] = []): string | undefined {
  if (servers.length === 0 || servers.some(({ state }) => state === 'ready')) return undefined
  const why = servers.map(({ url, reason = 'no answer yet' }) => `${url}: ${reason}`).join('; ')
  return `no rendezvous server is reached: ${why}`
}

function isNearby(messenger: Messenger, { receiver }: Wanted): boolean {
  return messenger.nearby().some(({ peer }) => peer === receiver)
}

function whySilent({ addresses }: Wanted): string {
  return addresses.length > 0 ? `${addresses.join(', ')}: no answer yet` : 'no tracker has answered yet'
}

function isOtherNetwork({ peers, trackers }: Context, { addresses }: Wanted): boolean {
  if (peers.length === 0 || trackers.length === 0 || addresses.length > 0) return false
  return !trackers.some(isOnOverlay)
}

function isOnOverlay(address: string): boolean {
  return address.startsWith('ygg:')
}
