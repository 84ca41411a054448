import { existsSync, mkdirSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { dirname, join } from 'node:path'
import { createSigner } from '@mimirjs/crypto'
import { loadOrCreateKeyFile } from '@mimirjs/crypto/keyfile'
import type { RendezvousPlatform } from '@mimirjs/rendezvous'
import { isStoreError } from '@mimirjs/store'
import { type StreamTransport, Transports, wallClock } from '@mimirjs/transport'
import { tcp } from '@mimirjs/transport/tcp'
import { udp } from '@mimirjs/transport/udp'
import { ws, wss } from '@mimirjs/transport/ws'
import type { Generation } from '@mimirjs/wire'
import { MessengerError } from '../../error.js'
import type { LocalNetwork } from '../../multicast.js'
import { multicastOptionsOf } from '../../multicast-options.js'
import { isOverlayNode, type OverlayNode } from '../../overlay.js'
import type { Store } from '../../store.js'
import { openSqliteStore } from '../../store-sqlite.js'
import type { MessengerOptions, MessengerParts } from '../../types.js'
import type { PlatformParts } from '../types.js'
import { nodeDisk } from './disk.js'
import { openLocalNetwork } from './local-network.js'

/** What is spoken unless the options tell: the generation of the apps that most have. */
export const DEFAULT_GENERATION: Generation = 'classic'

/** What a messenger stands on under Node: a folder with key and database, TCP and UDP, the system's clock. */
export async function openParts(folder: string, options: MessengerOptions): Promise<PlatformParts> {
  // Before anything is made or opened.
  if (options.passphrase !== undefined)
    throw new MessengerError('unsupported', 'passphrase: key files are not encrypted: leave this option out under Node')
  const wanted = multicastOptionsOf(options.multicast)
  const signer = options.signer ?? openSigner(folder)
  const store = options.store ?? openStore(folder, options)
  const transports = options.transports ?? new Transports([tcp(), ws(), wss()])
  let overlay: OverlayNode | undefined
  let multicast: LocalNetwork | undefined
  try {
    overlay = await openOverlay(folder, options)
    multicast = wanted && (await openLocalNetwork(wanted, { signer, clock: options.clock, logger: options.logger }))
  } catch (error) {
    if (overlay !== options.overlay) await overlay?.close({ timeoutMs: 0 })
    await store.close().catch(() => {})
    throw error
  }
  return {
    signer,
    store,
    transports: withStreams(transports, [overlay?.streams, multicast?.node.streams]),
    datagrams: options.datagrams ?? udp(),
    clock: options.clock ?? wallClock,
    hostAddresses: options.hostAddresses ?? hostAddresses,
    overlay,
    multicast,
    rendezvous: undefined,
    disk: nodeDisk,
  }
}

/** WebRTC under Node. */
export async function rendezvousPlatform(): Promise<RendezvousPlatform> {
  const { nodePlatform } = await import('@mimirjs/rendezvous/node')
  return nodePlatform()
}

/** What a program gave under the same scheme stays. */
function withStreams(given: Transports, ours: readonly (StreamTransport | undefined)[]): Transports {
  return ours.reduce<Transports>(
    (all, streams) => (streams === undefined || all.has(streams.scheme) ? all : all.with(streams)),
    given,
  )
}

/** @throws {MessengerError} `overlay` */
async function openOverlay(folder: string, options: MessengerOptions): Promise<OverlayNode | undefined> {
  const { overlay, logger } = options
  if (overlay === undefined || isOverlayNode(overlay)) return overlay
  const { peers = [], listen = [] } = overlay
  if (peers.length === 0 && listen.length === 0)
    throw new MessengerError('overlay', 'overlay: expected peers to connect to, or listen: such a node reaches nobody')
  makeFolder(folder)
  // Loaded only by those who use it.
  const { generateNodeSeed, Yggdrasil } = await import('@mimirjs/yggdrasil')
  try {
    const { seed } = loadOrCreateKeyFile(join(folder, 'node.key'), generateNodeSeed)
    return await Yggdrasil.start({ seed, peers, listen, ...(logger === undefined ? {} : { logger }) })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new MessengerError('overlay', `the node of the overlay network cannot start: ${why}`, { cause })
  }
}

/**
 * Level by level: Node's own way never ends where the system makes no folders, as below /proc.
 * @throws {MessengerError} `store`
 */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return
  makeFolder(dirname(folder))
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (cause) {
    // Another process may have made it at the same moment.
    if (existsSync(folder)) return
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new MessengerError('store', `cannot make the folder ${folder}: ${why}`, { cause })
  }
}

function openSigner(folder: string): MessengerParts['signer'] {
  makeFolder(folder)
  return createSigner(loadOrCreateKeyFile(join(folder, 'identity.key')).seed)
}

function openStore(folder: string, options: MessengerOptions): Store {
  makeFolder(folder)
  try {
    return openSqliteStore(join(folder, 'messenger.sqlite'), { durability: options.durability ?? 'power' })
  } catch (cause) {
    if (!isStoreError(cause)) throw cause
    if (cause.code === 'in-use')
      throw new MessengerError('in-use', `${folder} is in use by another process: stop it, or choose another folder`, {
        cause,
      })
    throw new MessengerError('store', `cannot open ${folder}: ${cause.message}`, { cause })
  }
}

/** IP addresses of this machine's interfaces, as text. */
function hostAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address))
}
