import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSigner, generateSeed } from '@mimirjs/crypto'
import { Transports } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { afterEach } from 'vitest'
import {
  createMemoryStore,
  type IncomingMessage,
  Messenger,
  type MessengerOptions,
  type Store,
} from '../../src/index.js'

/** Closed when the test is over. */
export const open: Messenger[] = []
const folders: string[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((messenger) => messenger.close()))
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mimir-messenger-'))
  folders.push(folder)
  return folder
}

export function createWorld() {
  const network = createMemoryNetwork()
  let places = 0
  return {
    network,
    /** A messenger without files or sockets. Give the same parts again and it is the same person after a restart. */
    async person(options: MessengerOptions = {}) {
      const parts = {
        signer: options.signer ?? createSigner(generateSeed()),
        store: options.store ?? createMemoryStore(),
        transports: options.transports ?? new Transports([network.streams]),
      }
      const messenger = await Messenger.open('unused', { retry: { minMs: 5, maxMs: 50 }, ...options, ...parts })
      open.push(messenger)
      return { messenger, parts, address: `memory://place-${++places}` }
    },
  }
}

/** A store that survives the end of its messenger, as a file would. */
export function keepOpen(store: Store): Store {
  store.close = async () => {}
  return store
}

/** The first `count` messages that arrive. */
export function collect(messenger: Messenger, count: number): Promise<IncomingMessage[]> {
  const messages: IncomingMessage[] = []
  return new Promise((resolve) => {
    messenger.on('message', (message) => {
      messages.push(message)
      if (messages.length === count) resolve(messages)
    })
  })
}
