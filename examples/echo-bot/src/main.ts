// A bot as one would leave it running: commands, a conversation, a limit against floods, figures, and an orderly end.
import { createServer } from 'node:http'
import { type CommandMessage, closeOnSignals, Messenger, rateLimit } from '@mimirjs/messenger'
import { prometheusMetrics } from '@mimirjs/messenger/prometheus'
import { Registry } from 'prom-client'

const { BOT_FOLDER = './bot', BOT_LISTEN = 'tcp://[::]:5050', BOT_TRACKERS = '', METRICS_PORT } = process.env

const registry = new Registry()
const bot = await Messenger.open(BOT_FOLDER, {
  name: 'Echo',
  trackers: BOT_TRACKERS.split(/\s+/).filter(Boolean),
  metrics: prometheusMetrics({ registry }),
})
// Whatever fails in the background is tried again; this only tells.
bot.on('error', (error) => console.error(error.message))

bot
  .use(
    rateLimit({
      messages: 20,
      perMs: 60_000,
      onLimit: (m, { retryAfterMs }) => m.reply(`Slow down: come back in ${Math.ceil(retryAfterMs / 1000)} s.`),
    }),
  )
  .command(['help', 'start'], (m) => m.reply(bot.helpText()), { description: 'what I can do' })
  .command('add', add, { description: 'adds numbers: /add 1 2 3' })
  .command('order', order, { description: 'asks you some questions' })
  .unknownCommand((m) => m.reply(`I do not know /${m.command.name}. /help says what I know.`))
  .hears(/^(hi|hello|good (morning|evening))\b/i, (m) => m.reply(`${m.match[0]}, ${m.fromName}!`))
  .on('message', (m) => (m.kind === 'text' ? m.reply(m.text) : undefined))

async function add(message: CommandMessage): Promise<void> {
  const numbers = message.command.args.map(Number)
  const sum = numbers.reduce((total, number) => total + number, 0)
  await message.reply(Number.isNaN(sum) ? 'These are not all numbers.' : String(sum))
}

/** From the first question on the command counts as handled: after a crash in the middle, /order begins anew. */
async function order(message: CommandMessage): Promise<void> {
  const talk = bot.conversation(message.from)
  const drink = await talk.ask('Coffee or tea?', { timeoutMs: 600_000 })
  const sugar = await talk.ask(`How many lumps of sugar in your ${drink.text}?`, { timeoutMs: 600_000 })
  await sugar.reply(`One ${drink.text} with ${sugar.text}, coming.`)
}

const metricsServer = createServer((request, response) => {
  if (request.url !== '/metrics') {
    response.writeHead(404).end()
    return
  }
  registry.metrics().then(
    (text) => response.setHeader('content-type', registry.contentType).end(text),
    () => response.writeHead(500).end(),
  )
})
if (METRICS_PORT !== undefined)
  metricsServer.listen(Number(METRICS_PORT), '127.0.0.1', () => {
    const address = metricsServer.address()
    if (typeof address === 'object') console.log(`metrics on http://127.0.0.1:${address?.port}/metrics`)
  })

closeOnSignals(bot, { after: () => metricsServer.close() })
console.log(`listening on ${await bot.listen(BOT_LISTEN)}`)
console.log(bot.link)
