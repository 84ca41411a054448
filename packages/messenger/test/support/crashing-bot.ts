// A bot in a process of its own that dies at one exact step: before or after one call of its store.
import { join } from 'node:path'
import { createSigner } from '@mimirjs/crypto'
import { Messenger, openSqliteStore, type Store } from '../../src/index.js'

export interface BotOptions {
  readonly folder: string
  /** 64 hex digits. */
  readonly seed: string
  readonly point?: { readonly method: CrashMethod; readonly when: 'before' | 'after' }
  /** Where the other side listens. */
  readonly other: { readonly peer: string; readonly address: string }
  /** Write this to the other side, too, once started. */
  readonly text?: string
}

export type CrashMethod = 'enqueue' | 'markDelivered' | 'receive' | 'handled'

const { folder, seed, point, other, text } = JSON.parse(process.argv[2]!) as BotOptions
process.on('disconnect', () => process.exit(0))

function die(): never {
  process.kill(process.pid, 'SIGKILL')
  // The signal is on its way; nothing may happen any more.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

function crashing(store: Store): Store {
  if (point === undefined) return store
  const { method, when } = point
  const inner = store[method].bind(store) as (...args: unknown[]) => Promise<unknown>
  const replaced = async (...args: unknown[]): Promise<unknown> => {
    if (when === 'before') die()
    await inner(...args)
    return die()
  }
  return Object.assign(store, { [method]: replaced })
}

const messenger = await Messenger.open(folder, {
  signer: createSigner(Uint8Array.from(Buffer.from(seed, 'hex'))),
  store: crashing(openSqliteStore(join(folder, 'messenger.sqlite'))),
  retry: { minMs: 20, maxMs: 100 },
})
messenger.command('order', async (message) => {
  const size = await messenger.conversation(message.from).ask('Which size?')
  await size.reply(`One ${size.text}.`)
})
messenger.on('message', async (message) => {
  if (message.replyTo === undefined) await message.reply(`re: ${message.text}`)
})
messenger.addAddress(other.peer, other.address)
process.send!({ event: 'listening', address: await messenger.listen('tcp://127.0.0.1:0') })
if (text !== undefined) {
  const { id } = await messenger.send(other.peer, text)
  process.send!({ event: 'accepted', id })
}
