// The echo bot as it is, over TCP: asked, killed in the middle, ended in order.
import { expect, test } from 'vitest'
import { IN_ORDER, newFolder, openPerson, reach, startBot, until } from './support/bot-process.js'

const TIMEOUT_MS = 60_000

test('the echo bot answers, also what came while it was dead, and shows its figures', {
  timeout: TIMEOUT_MS,
}, async () => {
  const env = { BOT_FOLDER: newFolder(), BOT_LISTEN: 'tcp://127.0.0.1:0', METRICS_PORT: '0' }
  const first = startBot('echo-bot', env)
  const { address, publicKey } = await reach(first)
  const ann = await openPerson({ name: 'Ann' })
  ann.messenger.addAddress(publicKey, address)
  await ann.say(publicKey, '/help', '/add 1 2 39', '/fly', 'just so')
  await until(() => ann.heard.length === 4)
  expect(ann.heard).toEqual([
    '/help, /start – what I can do\n/add – adds numbers: /add 1 2 3\n/order – asks you some questions',
    '42',
    'I do not know /fly. /help says what I know.',
    'just so',
  ])
  const [, metricsUrl = ''] = await first.line(/^metrics on (\S+)$/)
  const figures = await (await fetch(metricsUrl)).text()
  expect(figures).toMatch(/^mimir_messages_received_total 4$/m)
  expect(figures).toMatch(/^mimir_undelivered \d$/m)
  expect((await fetch(new URL('/', metricsUrl))).status).toBe(404)

  await ann.say(publicKey, '/order')
  await until(() => ann.heard.length === 5)
  expect(await first.end('SIGKILL')).toBe('SIGKILL')
  await ann.say(publicKey, 'tea', 'hello')
  const second = startBot('echo-bot', env)
  ann.messenger.addAddress(publicKey, (await reach(second)).address)
  await until(() => ann.heard.length === 7)
  // The conversation died with the process, so its answer is a text like any other; nothing is asked or answered twice.
  expect(ann.heard.slice(4)).toEqual(['Coffee or tea?', 'tea', 'hello, Ann!'])

  await ann.say(publicKey, '/order')
  await until(() => ann.heard.length === 8)
  await ann.say(publicKey, 'coffee')
  await until(() => ann.heard.length === 9)
  await ann.say(publicKey, 'two')
  await until(() => ann.heard.length === 10)
  expect(ann.heard.slice(7)).toEqual([
    'Coffee or tea?',
    'How many lumps of sugar in your coffee?',
    'One coffee with two, coming.',
  ])
  expect(await second.end('SIGTERM')).toBe(IN_ORDER)
  expect(second.errors()).toBe('')
})

test('a flood is told to slow down, and not with every message', { timeout: TIMEOUT_MS }, async () => {
  const bot = startBot('echo-bot', { BOT_FOLDER: newFolder(), BOT_LISTEN: 'tcp://127.0.0.1:0' })
  const { address, publicKey } = await reach(bot)
  const ann = await openPerson()
  ann.messenger.addAddress(publicKey, address)
  const sent = await ann.say(publicKey, ...Array.from({ length: 40 }, (_, index) => `message ${index}`))
  await ann.messenger.whenDelivered(sent.at(-1)!)
  const isWarning = (text: string): boolean => /^Slow down: come back in [1-3] s\.$/.test(text)
  await until(() => ann.heard.some(isWarning))
  expect(await bot.end('SIGTERM')).toBe(IN_ORDER)
  // A slow machine lets one more through every three seconds.
  expect(ann.heard.findIndex(isWarning)).toBeGreaterThanOrEqual(20)
  expect(ann.heard.length).toBeLessThan(40)
})
