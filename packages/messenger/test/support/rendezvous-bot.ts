// A bot that is met through rendezvous, in a process that can be killed: it answers every message, and fetches every file.
import { join } from 'node:path'
import { Messenger } from '../../src/index.js'

export interface RendezvousBotOptions {
  readonly folder: string
  readonly servers: readonly string[]
  /** Whom it knows: public key. */
  readonly contact: string
}

export type RendezvousBotReport =
  | { readonly event: 'ready'; readonly publicKey: string }
  | { readonly event: 'message'; readonly text: string }
  | { readonly event: 'progress'; readonly doneBytes: number }
  | { readonly event: 'fetched'; readonly path: string }

const { folder, servers, contact } = JSON.parse(process.argv[2] ?? '') as RendezvousBotOptions
process.on('disconnect', () => process.exit(0))
// Whoever started us may be gone before we listen for that.
if (!process.connected) process.exit(0)

const report = (message: RendezvousBotReport): void => void process.send?.(message)
const bot = await Messenger.open(folder, {
  rendezvous: { servers },
  retry: { minMs: 50, maxMs: 500 },
  // What came of a file is written down so often that a second of it is much.
  transferLimits: { countMs: 20 },
})
await bot.addContact(contact)
bot.on('file', ({ doneBytes }) => report({ event: 'progress', doneBytes }))
bot.on('message', async (message) => {
  report({ event: 'message', text: message.text })
  if (message.file === undefined) await message.reply(`re: ${message.text}`)
  else report({ event: 'fetched', path: (await message.download({ to: join(folder, 'fetched.bin') })).path })
})
report({ event: 'ready', publicKey: bot.publicKey })
