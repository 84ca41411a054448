import { existsSync, mkdirSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { dirname, join } from 'node:path'
import { createSigner } from '@mimirjs/crypto'
import { loadOrCreateKeyFile } from '@mimirjs/crypto/keyfile'
import { isStoreError } from '@mimirjs/store'
import { Transports, wallClock } from '@mimirjs/transport'
import { tcp } from '@mimirjs/transport/tcp'
import { udp } from '@mimirjs/transport/udp'
import { MessengerError } from './error.js'
import type { Store } from './store.js'
import { openSqliteStore } from './store-sqlite.js'
import type { MessengerOptions, MessengerParts } from './types.js'

/** What a messenger stands on under Node: a folder with key and database, TCP and UDP, the system's clock. */
export async function openFolder(folder: string, options: MessengerOptions): Promise<MessengerParts> {
  return {
    signer: options.signer ?? openSigner(folder),
    store: options.store ?? openStore(folder, options),
    transports: options.transports ?? new Transports([tcp()]),
    datagrams: options.datagrams ?? udp(),
    clock: options.clock ?? wallClock,
    hostAddresses: options.hostAddresses ?? hostAddresses,
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
