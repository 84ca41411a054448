import type { RendezvousPlatform } from '@mimirjs/rendezvous'
import { type DatagramTransport, type Logger, TransportError, Transports, wallClock } from '@mimirjs/transport'
import { ws, wss } from '@mimirjs/transport/ws'
import type { Generation } from '@mimirjs/wire'
import { MessengerError } from '../../error.js'
import { isOverlayNode, type OverlayNode } from '../../overlay.js'
import type { Store } from '../../store.js'
import { openIndexedDbStore } from '../../store-indexeddb.js'
import type { MessengerOptions } from '../../types.js'
import type { PlatformParts } from '../types.js'
import { openIndexedDbDisk } from './disk.js'
import { openIdentity } from './identity.js'
import { lockName } from './lock.js'

/** What is spoken unless the options tell: the generation of those that browsers can reach. */
export const DEFAULT_GENERATION: Generation = 'current'

/** Names of databases begin with it. Ours end in one of these, and would be somebody else's. */
const NAME = /^(?!.*-(?:files|identity)$)[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u

/**
 * What a messenger stands on in a browser: databases of IndexedDB named after it, WebSockets, the browser's clock.
 * @throws {MessengerError} `store` for a name that none can have | `overlay` | `multicast` | `in-use` | `passphrase`
 */
export async function openParts(name: string, options: MessengerOptions): Promise<PlatformParts> {
  // Before anything is made or opened.
  demandName(name)
  const overlay = overlayOf(options)
  if (options.multicast !== undefined && options.multicast !== false)
    throw new MessengerError('multicast', 'multicast: a browser has no UDP: leave this option out')
  const unlock = await lockName(name)
  let store: Store | undefined
  try {
    const signer = options.signer ?? (await openIdentity(name, { passphrase: options.passphrase }))
    askToKeep()
    store = options.store ?? openIndexedDbStore(`mimir-${name}`, { onError: (error) => warn(options.logger, error) })
    const disk = openIndexedDbDisk(name)
    const transports = options.transports ?? new Transports([ws(), wss()])
    return {
      signer,
      store,
      transports:
        overlay === undefined || transports.has(overlay.streams.scheme) ? transports : transports.with(overlay.streams),
      datagrams: options.datagrams ?? noDatagrams,
      clock: options.clock ?? wallClock,
      hostAddresses: options.hostAddresses ?? (() => []),
      overlay,
      multicast: undefined,
      rendezvous: undefined,
      disk,
      async release() {
        await disk.close()
        unlock()
      },
    }
  } catch (cause) {
    await store?.close().catch(() => {})
    unlock()
    throw cause
  }
}

/** WebRTC of the browser. */
export async function rendezvousPlatform(): Promise<RendezvousPlatform> {
  const { browserPlatform } = await import('@mimirjs/rendezvous/browser')
  return browserPlatform()
}

function warn(logger: Logger | undefined, error: MessengerError): void {
  logger?.warn({ code: error.code, err: error }, error.message)
}

function demandName(name: string): void {
  if (typeof name === 'string' && NAME.test(name)) return
  const rule =
    "at most 64 letters, digits, '.', '_' and '-', the first a letter or digit, without -files or -identity at the end"
  throw new MessengerError(
    'store',
    `expected a name for the databases in this browser (${rule}), got '${String(name)}'`,
  )
}

function overlayOf({ overlay }: MessengerOptions): OverlayNode | undefined {
  if (overlay === undefined || isOverlayNode(overlay)) return overlay
  throw new MessengerError('overlay', 'overlay: in a browser, start a node yourself and give it here')
}

/** What a browser may throw away when room gets scarce is no place for messages. It may ask the user, or say no. */
function askToKeep(): void {
  const storage = (globalThis.navigator as Navigator | undefined)?.storage as Partial<StorageManager> | undefined
  storage?.persist?.().catch(() => {})
}

const noDatagrams: DatagramTransport = {
  scheme: 'udp',
  open: (address) =>
    Promise.reject(
      new TransportError('unknown-scheme', `${address}: a browser has no UDP; use ws://, wss:// or rdv://`),
    ),
}
