import { parseAddress } from '@mimirjs/transport'
import { TrackerError } from './error.js'
import { POLICIES, type TrackerGeneration } from './policy.js'
import { classify } from './source.js'
import type { TrackerOptions } from './types.js'

/**
 * The checks of everything that is an address or belongs to one.
 * @throws {TrackerError} `bad-option` | `public-address`
 */
export function checkAddresses(options: TrackerOptions, generation: TrackerGeneration): void {
  const { scheme } = POLICIES[generation]
  if (scheme === undefined) {
    if (options.sync !== undefined)
      throw new TrackerError('bad-option', 'sync: classic trackers do not talk to each other')
    requireSafeAddress(options)
    return
  }
  const { address, transport, sync } = options
  requireScheme(address, scheme, 'address')
  if (transport?.scheme !== scheme) {
    throw new TrackerError(
      'bad-option',
      `transport: generation ${generation} needs one of scheme ${scheme}, which proves who sends; got ${transport?.scheme ?? 'none'}`,
    )
  }
  if (sync === undefined) return
  if (sync.streams?.scheme !== scheme) {
    throw new TrackerError('bad-option', `sync.streams: expected a transport of scheme ${scheme}`)
  }
  for (const peer of sync.peers ?? []) {
    requireScheme(peer, scheme, 'sync.peers')
    if (nodeKeyOf(peer) === undefined) {
      throw new TrackerError('bad-option', `sync.peers: expected ${scheme}://, 64 hex digits and a port, got ${peer}`)
    }
  }
}

/** Hex of the key in an address of a node; `undefined` where there is none. */
export function nodeKeyOf(address: string): string | undefined {
  return classify(address).nodeKey
}

function requireScheme(address: string, scheme: string, option: string): void {
  try {
    parseAddress(address, scheme)
  } catch (cause) {
    throw new TrackerError('bad-option', `${option}: expected an address such as ${scheme}://[::]:69, got ${address}`, {
      cause,
    })
  }
}

/** A resolve is answered with up to 25 times its bytes, and UDP senders can be forged outside of overlays. */
function requireSafeAddress({ address, allowAnySource = false }: TrackerOptions): void {
  let scope: ReturnType<typeof classify>['scope']
  try {
    scope = classify(address).scope
  } catch (cause) {
    throw new TrackerError('bad-option', `address: expected an address URL such as udp://[::1]:5050, got ${address}`, {
      cause,
    })
  }
  if (scope !== 'public' || allowAnySource) return
  throw new TrackerError(
    'public-address',
    `${address} is an address of the open Internet, where a tracker can be misused to flood others. ` +
      'Serve on a Yggdrasil (200::/7), private or loopback address, or set allowAnySource',
  )
}
