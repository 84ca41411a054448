// What our lines look like with the logger they are made for, and what is never in them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { createSigner, generateSeed } from '@mimirjs/crypto'
import { toHex } from '@mimirjs/wire'
import pino from 'pino'
import { expect, test } from 'vitest'
import { Messenger } from '../src/index.js'
import { createWorld, newFolder, open } from './support/world.js'

type Line = Readonly<Record<string, unknown>>

/** pino at its most talkative, into memory. */
function createLog() {
  const raw: string[] = []
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      raw.push(chunk.toString())
      done()
    },
  })
  const logger = pino({ level: 'trace', base: null }, destination)
  const lines = (): Line[] =>
    raw
      .join('')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Line)
  return { logger, raw, lines }
}

/** Every field that a line may have. A new one belongs into the table of the README first. */
const FIELDS = new Set([
  ...['level', 'time', 'msg', 'bot'],
  ...['peer', 'messageId', 'connection', 'role', 'address', 'remoteAddress'],
  ...['state', 'handshakeMs', 'reason', 'retryAtMs', 'ttlSeconds', 'code', 'blame', 'handler', 'err'],
])

test('lines of a child logger keep its fields and have ours, with errors that can be read', async () => {
  const world = createWorld()
  const log = createLog()
  const [bot, ann] = [await world.person({ logger: log.logger.child({ bot: 'echo' }) }), await world.person()]
  bot.messenger.on('message', ({ text, reply }) => {
    if (text === 'fail') throw new Error('as asked')
    return reply('yes')
  })
  bot.messenger.on('delivered', () => {
    throw new Error('a listener of mine')
  })
  ann.messenger.addAddress(bot.messenger.publicKey, await bot.messenger.listen(bot.address))
  const answered = new Promise((resolve) => ann.messenger.on('message', resolve))
  const [, failing] = [
    await ann.messenger.send(bot.messenger.publicKey, 'hello'),
    await ann.messenger.send(bot.messenger.publicKey, 'fail'),
  ]
  await answered
  await ann.messenger.whenDelivered(failing)
  await bot.messenger.close()

  const lines = log.lines()
  for (const line of lines) {
    expect(line).toMatchObject({ bot: 'echo', level: expect.any(Number), msg: expect.any(String) })
    expect(Object.keys(line).filter((field) => !FIELDS.has(field))).toEqual([])
  }
  const of = (msg: string): Line | undefined => lines.find((line) => line['msg'] === msg)
  const peer = ann.messenger.publicKey
  expect(of('connected')).toMatchObject({ level: 20, peer, connection: 1, role: 'acceptor' })
  expect(of('link is up')).toMatchObject({ level: 20, peer, state: 'up' })
  expect(of('delivered')).toMatchObject({ level: 20, peer, messageId: expect.stringMatching(/^-?\d+$/) })
  expect(lines.find(({ code }) => code === 'handler')).toMatchObject({
    level: 40,
    peer,
    messageId: failing.id,
    err: { type: 'MessengerError', message: expect.stringContaining('as asked'), stack: expect.any(String) },
  })
  expect(of('a listener threw')).toMatchObject({ level: 50, err: { message: 'a listener of mine' } })
})

test('neither the key nor what was said is ever in a line', async () => {
  const log = createLog()
  const [botFolder, annFolder] = [newFolder(), newFolder()]
  const retry = { minMs: 10, maxMs: 20 }
  const bot = await Messenger.open(botFolder, { logger: log.logger, retry })
  const ann = await Messenger.open(annFolder, { logger: log.logger, retry })
  open.push(bot, ann)
  const secret = 'what nobody else shall read'
  bot.on('message', async (message) => {
    await message.reply(`${secret}, indeed`)
    throw new Error('handled badly')
  })
  const answered = new Promise((resolve) => ann.on('message', resolve))
  const attempted = new Promise<void>((resolve) => ann.on('state', ({ state }) => state === 'waiting' && resolve()))
  await ann.send(bot.publicKey, secret)
  await attempted
  ann.addAddress(bot.publicKey, await bot.listen('tcp://127.0.0.1:0'))
  await answered
  await Promise.all([bot.close(), ann.close()])

  const everything = log.raw.join('')
  expect(log.lines().length).toBeGreaterThan(8)
  expect(everything).toContain(ann.publicKey)
  expect(everything).not.toContain(secret)
  for (const folder of [botFolder, annFolder]) {
    const key = readFileSync(join(folder, 'identity.key'))
    for (const form of [key.toString('latin1').trim(), key.toString('hex'), key.toString('base64')])
      expect(everything.includes(form)).toBe(false)
  }
})

test('a signer that is handed in is not logged either', async () => {
  const world = createWorld()
  const log = createLog()
  const seed = generateSeed()
  const signer = createSigner(seed)
  const [bot, ann] = [await world.person({ signer, logger: log.logger }), await world.person()]
  bot.messenger.addAddress(ann.messenger.publicKey, await ann.messenger.listen(ann.address))
  await bot.messenger.whenDelivered(await bot.messenger.send(ann.messenger.publicKey, 'hello'))
  await bot.messenger.close()
  const everything = log.raw.join('')
  expect(everything).toContain('link is up')
  for (const form of [toHex(seed), Buffer.from(seed).toString('base64'), JSON.stringify([...seed]).slice(1, -1)])
    expect(everything.includes(form)).toBe(false)
})
