import { Messenger } from '@mimirjs/messenger'

const bot = await Messenger.open('./bot')
bot.on('message', (m) => m.reply(m.text))
await bot.listen()
