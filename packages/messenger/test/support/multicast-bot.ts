// A bot on the local network of loopback, in a process that can be killed: it answers every message.
import { Messenger } from '../../src/index.js'
import { onLoopback } from './loopback.js'

export interface MulticastBotOptions {
  readonly folder: string
  /** UDP port of discovery. */
  readonly port: number
}

export type MulticastBotReport =
  | { readonly event: 'ready'; readonly publicKey: string; readonly address: string }
  | { readonly event: 'message'; readonly text: string }

const { folder, port } = JSON.parse(process.argv[2] ?? '') as MulticastBotOptions
process.on('disconnect', () => process.exit(0))
// Whoever started us may be gone before we listen for that.
if (!process.connected) process.exit(0)

const report = (message: MulticastBotReport): void => void process.send?.(message)
const bot = await Messenger.open(folder, { multicast: onLoopback(port), retry: { minMs: 50, maxMs: 500 } })
bot.on('message', async (message) => {
  report({ event: 'message', text: message.text })
  await message.reply(`re: ${message.text}`)
})
const { multicast } = await bot.health()
report({ event: 'ready', publicKey: bot.publicKey, address: multicast?.address ?? '' })
