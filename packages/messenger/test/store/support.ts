import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe } from 'vitest'
import {
  createMemoryStore,
  type NewFile,
  type NewIncoming,
  type NewOutgoing,
  openSqliteStore,
  type Store,
  type StoredFile,
} from '../../src/index.js'

export const ANN = '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c'
export const BEN = '8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394'
export const EVE = 'e'.repeat(64)

const folders: string[] = []
const open: Store[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((store) => store.close()))
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** The path of a database that is gone after the test. */
export function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mimir-store-'))
  folders.push(folder)
  return join(folder, 'messenger.sqlite')
}

/** Closed when the test is over. */
export function openAt(path: string): Store {
  const store = openSqliteStore(path, { durability: 'process' })
  open.push(store)
  return store
}

/** One suite, every kind of store: they must not differ in anything a messenger sees. */
export function describeStores(suite: (newStore: () => Store) => void): void {
  describe('memory', () => suite(createMemoryStore))
  describe('sqlite', () => suite(() => openAt(newFile())))
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
