import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSigner } from '@mimirjs/crypto'
import type { Generation } from '@mimirjs/wire'
import { fromHex } from '@mimirjs/wire'
import type { FaultPoint } from '../../../src/files/faults.js'
import { Messenger, type MessengerOptions, openSqliteStore, type Store } from '../../../src/index.js'

export interface PersonOptions {
  readonly folder: string
  /** 64 hex digits. */
  readonly seed: string
  readonly generation: Generation
  readonly contactRequests: 'ask' | 'accept'
  /** Where the other side listens. */
  readonly other: { readonly peer: string; readonly address: string } | undefined
  /** Where all file servers are; with it, files go there. */
  readonly fileServerAddress: string | undefined
}

/** Nobody looks at it: there is one file server. */
const FILE_SERVER_KEY = '5e'.repeat(32)

export interface PersonParts extends Pick<MessengerOptions, 'transports'> {
  readonly store: Store
  onHandler?(when: 'started' | 'answered'): void
  onFile?(point: FaultPoint): void
}

/** Where the handler of a person writes down that it began and that it ended. */
export const HANDLED_LOG = 'handled.log'

/** Enough of a text to know it by. */
export const labelOf = (text: string): string => text.slice(0, 20)

/** A person who fetches files, and answers every message that is no answer, in whatever process. */
export async function openPerson(
  options: PersonOptions,
  parts: PersonParts,
): Promise<{ messenger: Messenger; address: string }> {
  const { folder, seed, generation, contactRequests, other, fileServerAddress } = options
  const { store, transports, onHandler, onFile } = parts
  const log = (line: string): void => appendFileSync(join(folder, HANDLED_LOG), `${line}\n`)
  const messenger = await Messenger.open(folder, {
    signer: createSigner(fromHex(seed)),
    store,
    ...(transports && { transports }),
    generation,
    contactRequests,
    retry: { minMs: 20, maxMs: 100 },
    limits: { signaturesPerMinute: 1_000_000 },
    // So that a file has parts, and they are counted.
    transferLimits: { rangeBytes: 100_000, countMs: 0 },
    ...(fileServerAddress !== undefined && {
      fileServer: { key: FILE_SERVER_KEY, address: fileServerAddress },
      fileServerAddress: () => fileServerAddress,
    }),
    ...(onFile && { faults: onFile }),
  })
  messenger.on('message', async (message) => {
    const label = labelOf(message.text)
    log(`began ${label}`)
    onHandler?.('started')
    if (message.file) await message.download()
    if (message.replyTo === undefined) await message.reply(`re: ${label}`)
    onHandler?.('answered')
    log(`ended ${label}`)
  })
  if (other) messenger.addAddress(other.peer, other.address)
  return { messenger, address: await messenger.listen('tcp://127.0.0.1:0') }
}

/** The database of a person. */
export function openFolderStore(folder: string): Store {
  return openSqliteStore(join(folder, 'messenger.sqlite'))
}
