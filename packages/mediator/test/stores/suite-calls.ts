// What the tests of stores ask for, over and over.
import { type ChatSettings, call, type MediatorStore, type Operations } from '../../src/operations.js'

export const keyNumber = (n: number): Uint8Array => new Uint8Array(32).fill(n)

export const OWNER = keyNumber(1)
export const CHAT = 0x7fff_ffff_ffff_fff1n
export const SETTINGS: ChatSettings = { name: 'Grün 🌱', description: '', avatar: undefined }

/** One operation in a transaction of its own. */
export function ask<K extends keyof Operations>(
  store: MediatorStore,
  op: K,
  ...args: Parameters<Operations[K]>
): Promise<ReturnType<Operations[K]>> {
  const [first] = args
  const options = typeof first === 'bigint' && op !== 'invite' ? { chatId: first } : {}
  return store.run(() => call(op, ...args), options)
}

export function createChat(store: MediatorStore, chatId: bigint = CHAT, owner: Uint8Array = OWNER): Promise<boolean> {
  return store.run(
    () => call('createChat', { chatId, owner, createdAtSeconds: 1_000n, permissions: 0x90, ...SETTINGS }),
    { chatId },
  )
}

export function message(
  guid: bigint,
  blob: Uint8Array = Uint8Array.of(1, 2, 3),
): Parameters<Operations['insertMessage']>[1] {
  return { guid, timestampSeconds: 1_700_000_000n, clientTimestampSeconds: undefined, author: OWNER, blob }
}
