// A bot in a process of its own that ends with signals. Its handler takes as long as the text says: `wait` until told to
// finish, `stuck` for ever.
import { closeOnSignals, Messenger } from '../../src/index.js'

const [folder] = process.argv.slice(2)
const bot = await Messenger.open(folder!)
let finish = (): void => {}
process.on('message', () => finish())

bot.on('message', async (message) => {
  process.send!({ event: 'handling', text: message.text })
  await new Promise<void>((resolve) => {
    finish = resolve
  })
  await message.reply(`done: ${message.text}`)
})
closeOnSignals(bot, {
  timeoutMs: 60_000,
  before: () => process.send!({ event: 'closing' }),
  // What still holds the process is the channel to the test.
  after: () => process.disconnect(),
})
process.send!({ event: 'listening', address: await bot.listen('tcp://127.0.0.1:0'), publicKey: bot.publicKey })
