import { describe } from 'vitest'
import { contentOf } from '../../src/store/content-of.js'
import type { NewFile, NewIncoming, NewOutgoing, Received, Store, StoredFile } from '../../src/store.js'
import type { NewGroupMessage, StoredGroup } from '../../src/store-groups.js'
import { openIndexedDbStore } from '../../src/store-indexeddb.js'
import { createMemoryStore } from '../../src/store-memory.js'
import { isBrowser, newDatabases } from './databases.js'
import { reopeningStore } from './reopening.js'

export const ANN = '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c'
export const BEN = '8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394'
export const EVE = 'e'.repeat(64)

const sqlite = isBrowser ? undefined : await import('./sqlite-support.js')

/** One suite, every kind of store there is here: they must not differ in anything a messenger sees. */
export function describeStores(suite: (newStore: () => Store) => void): void {
  describe('memory', () => suite(createMemoryStore))
  if (sqlite) describe('sqlite', () => suite(() => sqlite.openAt(sqlite.newFile())))
  describe('indexeddb', () => suite(() => openIndexedDbStore('test', { indexedDB: newDatabases() })))
  describe('indexeddb, opened again before every look', () => suite(() => reopeningStore(1_000)))
  describe('indexeddb, with a snapshot before every look', () => suite(() => reopeningStore(0)))
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
export const texts = (rows: readonly { payload: Uint8Array }[]): string[] =>
  rows.map(({ payload }) => new TextDecoder().decode(payload))
export const guids = (rows: readonly { guid: bigint }[]): bigint[] => rows.map(({ guid }) => guid)

/** A text to Ann, or from her. */
export function message(guid: bigint, text = String(guid)): NewOutgoing {
  const payload = bytes(text)
  return { peer: ANN, guid, replyTo: 0n, sendTimeMs: 1_700_000_000_000, editTimeMs: 0, messageType: 0, payload }
}

export function incoming(guid: bigint, change: Partial<NewIncoming> = {}): NewIncoming {
  return { ...message(guid), receivedMs: 1, ...change }
}

/** Receive what is new. */
export async function take(store: Store, message: NewIncoming): Promise<number> {
  const received = await store.receive(message)
  if (received === undefined) throw new Error(`message ${message.guid} was there before`)
  return received.message.seq
}

export const FILE: NewFile = {
  name: 'aB3dE6gH9jK2mN5p.pdf',
  hash: '0f'.repeat(32),
  sizeBytes: 3,
  key: undefined,
  server: '',
  path: '/folder/files/1',
  state: 'preparing',
  doneBytes: 0,
  partPath: '',
}

/** A file from Ann. */
export function fileOf(guid: bigint, change: Partial<StoredFile> = {}): StoredFile {
  return { peer: ANN, outgoing: false, guid, ...FILE, state: 'known', path: '', ...change }
}

export const GROUP: string = '6'.repeat(64)
export const OTHER_GROUP: string = '9'.repeat(64)

export function groupOf(change: Partial<StoredGroup> = {}): StoredGroup {
  return {
    id: GROUP,
    mediator: 'ab'.repeat(32),
    mediatorAddress: 'tcp://127.0.0.1:7000',
    dialect: 'tlv-push',
    chatId: -5n,
    name: 'Bees',
    description: 'about bees',
    avatar: undefined,
    key: new Uint8Array(32).fill(1),
    formerKeys: [],
    cipher: 'rfc8439',
    permissions: 0x10,
    state: 'joined',
    syncedTo: 0n,
    infoSinceSeconds: 0n,
    ...change,
  }
}

/** A message to the group. */
export function toGroup(guid: bigint, change: Partial<NewOutgoing> = {}): NewOutgoing {
  return { ...message(guid), peer: GROUP, sealed: { blob: bytes(`sealed ${guid}`), timestampSeconds: 77n }, ...change }
}

/** A message of Ann's in the group. */
export function said(messageId: bigint, change: Partial<NewGroupMessage> = {}): NewGroupMessage {
  const { guid: ofNumber, ...content } = contentOf(message(messageId + 1_000n))
  const guid = change.guid ?? ofNumber
  const numbers = { messageId, outerGuid: guid, timestampSeconds: 77n, receivedMs: 1 }
  return { ...content, guid, author: ANN, outgoing: false, ...numbers, ...change }
}

/** Take in one page, whatever its last number. */
export function takeIn(store: Store, ...messages: NewGroupMessage[]): Promise<Received[]> {
  return store.receiveGroup(GROUP, { messages, syncedTo: 0n })
}
