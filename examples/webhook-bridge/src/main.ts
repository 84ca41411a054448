// Messages become HTTP requests, and HTTP requests become messages.
import { closeOnSignals, Messenger } from '@mimirjs/messenger'
import { createEndpoint } from './endpoint.js'
import { forward, type Hook } from './forward.js'

const { BOT_FOLDER = './bot', BOT_LISTEN = 'tcp://[::]:5050', BOT_TRACKERS = '' } = process.env
const { HOOK_URL, HOOK_TIMEOUT_MS = '10000', HOOK_RETRY_MS = '1000' } = process.env
const { HTTP_HOST = '127.0.0.1', HTTP_PORT = '8080', HTTP_TOKEN } = process.env
if (!HOOK_URL || !HTTP_TOKEN) {
  console.error('webhook-bridge: set HOOK_URL, where messages go, and HTTP_TOKEN, which those who send must know')
  process.exit(2)
}

const hook: Hook = {
  url: HOOK_URL,
  timeoutMs: Number(HOOK_TIMEOUT_MS),
  retry: { minMs: Number(HOOK_RETRY_MS), maxMs: 60_000 },
}
const bot = await Messenger.open(BOT_FOLDER, {
  name: 'Bridge',
  trackers: BOT_TRACKERS.split(/\s+/).filter(Boolean),
})
bot.on('error', (error) => console.error(error.message))
bot.on('message', (message) => forward(message, hook, bot.closing))

const endpoint = createEndpoint(bot, HTTP_TOKEN)
endpoint.listen(Number(HTTP_PORT), HTTP_HOST, () => {
  const address = endpoint.address()
  if (typeof address === 'object') console.log(`endpoint on http://${HTTP_HOST}:${address?.port}`)
})
endpoint.on('error', (error) => {
  console.error(`webhook-bridge: ${error.message}`)
  process.exitCode = 1
  void bot.close()
})

// Requests that are under way are answered; the messages at hand stay in the inbox.
closeOnSignals(bot, { before: () => endpoint.close(), after: () => endpoint.closeAllConnections() })
console.log(`listening on ${await bot.listen(BOT_LISTEN)}`)
console.log(bot.link)
