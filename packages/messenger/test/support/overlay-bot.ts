// A bot on a node of its own, in a process that can be killed: it answers every message.
import { Messenger } from '../../src/index.js'

export interface OverlayBotOptions {
  readonly folder: string
  /** Nodes to connect to. */
  readonly peers: readonly string[]
  readonly tracker: string
}

export type OverlayBotReport =
  | { readonly event: 'announced'; readonly publicKey: string; readonly address: string }
  | { readonly event: 'message'; readonly text: string }

const { folder, peers, tracker } = JSON.parse(process.argv[2] ?? '') as OverlayBotOptions
process.on('disconnect', () => process.exit(0))
// Whoever started us may be gone before we listen for that.
if (!process.connected) process.exit(0)

const report = (message: OverlayBotReport): void => void process.send?.(message)
const bot = await Messenger.open(folder, {
  overlay: { peers },
  trackers: [tracker],
  retry: { minMs: 50, maxMs: 500 },
})
bot.on('message', async (message) => {
  report({ event: 'message', text: message.text })
  await message.reply(`re: ${message.text}`)
})
bot.on('announced', ({ address }) => report({ event: 'announced', publicKey: bot.publicKey, address }))
await bot.listen()
