import { CIPHER_KEY_BYTES, FILE_MAX_BYTES } from '@mimirjs/crypto'
import { toHex } from '@mimirjs/wire'
import type { AnnouncedFile } from '@mimirjs/wire/content'
import { MessengerError } from '../error.js'
import type { Store, StoredFile } from '../store.js'
import { storeError } from '../store-access.js'
import { announcedFile } from '../view.js'
import { safeFileName } from './names.js'

/** A file that a message we got announces, before anything was done about it. */
export interface Announcement {
  readonly file: StoredFile
  /** The sender's name for it, made harmless. */
  readonly name: string
  readonly mimeType: string | undefined
}

/**
 * What a message of the peer announces.
 * @param ownServer - our file server, 64 hex digits: where a file is that names none
 * @throws {MessengerError} `unknown-file` | `unsupported` | `store`
 */
export async function findAnnouncement(
  store: Store,
  peer: string,
  guid: bigint,
  ownServer: string | undefined,
): Promise<Announcement> {
  const { announced, isGroup } = await readAnnouncement(store, peer, guid)
  const { key, sizeBytes } = announced
  if (key && key.length !== CIPHER_KEY_BYTES) {
    throw new MessengerError('unsupported', 'the key of this file is itself encrypted, as groups of old did')
  }
  if (sizeBytes > FILE_MAX_BYTES) throw new MessengerError('unsupported', `a file of ${sizeBytes} bytes is none`)
  const server = announced.server ? toHex(announced.server) : ownServer
  if (key && server === undefined) {
    throw new MessengerError('unsupported', 'the message names no file server, and we have none')
  }
  if (isGroup && key === undefined)
    throw new MessengerError('unsupported', 'in a group nobody can be asked for a file that is on no file server')
  return {
    name: safeFileName(announced.originalName ?? announced.name),
    mimeType: announced.mimeType,
    file: {
      peer,
      guid,
      outgoing: false,
      name: announced.name,
      hash: announced.hash,
      sizeBytes,
      key,
      server: key && server !== undefined ? server : '',
      path: '',
      state: 'known',
      doneBytes: 0,
      partPath: '',
    },
  }
}

async function readAnnouncement(
  store: Store,
  peer: string,
  guid: bigint,
): Promise<{ announced: AnnouncedFile; isGroup: boolean }> {
  const message = await store.message(peer, guid, false).catch((cause: unknown) => {
    throw storeError(cause)
  })
  let announced: AnnouncedFile | undefined
  try {
    announced = message && announcedFile(message.messageType, message.payload)
  } catch (cause) {
    throw new MessengerError('unknown-file', `message ${guid} announces no file`, { cause })
  }
  if (announced) return { announced, isGroup: message?.group !== undefined }
  const why = message ? 'announces no file to be fetched' : 'is not in the history'
  throw new MessengerError('unknown-file', `message ${guid} from ${peer} ${why}`)
}

/** Whether both are about the same bytes: a sender may have changed what the message announces. */
export function isSameFile(one: StoredFile, other: StoredFile): boolean {
  return (
    one.name === other.name &&
    one.hash === other.hash &&
    one.sizeBytes === other.sizeBytes &&
    toHex(one.key ?? new Uint8Array(0)) === toHex(other.key ?? new Uint8Array(0))
  )
}
