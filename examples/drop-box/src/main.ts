// People send files; they are put into a folder, and each is answered with a receipt once it is safe there.
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { closeOnSignals, type IncomingMessage, Messenger, type MessengerOptions } from '@mimirjs/messenger'
import { type Kept, keep, lookAt } from './keep.js'
import { placeOf } from './names.js'
import { Room } from './room.js'

const { BOT_FOLDER = './bot', BOT_LISTEN = 'tcp://[::]:5050', BOT_TRACKERS = '' } = process.env
const { BOT_GENERATION = 'overlay', DROP_FOLDER = './files', DROP_MAX_MIB = '1024' } = process.env

const FETCH_TIMEOUT_MS = 600_000

await mkdir(DROP_FOLDER, { recursive: true, mode: 0o700 })
const room = await Room.measure(DROP_FOLDER, Number(DROP_MAX_MIB) * 1_048_576)
const bot = await Messenger.open(BOT_FOLDER, {
  name: 'Drop box',
  trackers: BOT_TRACKERS.split(/\s+/).filter(Boolean),
  generation: BOT_GENERATION as NonNullable<MessengerOptions['generation']>,
})
bot.on('error', (error) => console.error(error.message))
bot.on('message', async (message) => {
  if (message.file) await receive(message)
  else if (message.kind === 'text') await message.reply('Send me a file, and I keep it.')
})

async function receive(message: IncomingMessage): Promise<void> {
  const { name, sizeBytes, damaged } = message.file!
  const place = placeOf(DROP_FOLDER, message)
  // It may have been kept by a process that died before it could say so.
  const before = await lookAt(place)
  if (before === undefined && damaged) await message.reply(`${name} came damaged: please send it again.`)
  else if (before === undefined && !room.take(sizeBytes)) await message.reply(`There is no room left for ${name}.`)
  else await message.reply(receipt(name, before ?? (await keepAnew(message, place))))
}

async function keepAnew(message: IncomingMessage, place: string): Promise<Kept | undefined> {
  const { sizeBytes } = message.file!
  // Whoever announces a file and leaves must not keep the others waiting.
  const signal = AbortSignal.any([bot.closing, AbortSignal.timeout(FETCH_TIMEOUT_MS)])
  try {
    await keep(message, place, signal)
    console.log(`kept ${path.relative(DROP_FOLDER, place)}`)
    return await lookAt(place)
  } catch (error) {
    room.giveBack(sizeBytes)
    // We were told to end: the message comes again at the next start.
    bot.closing.throwIfAborted()
    console.error(`${place} was not kept:`, error)
    return undefined
  }
}

function receipt(name: string, kept: Kept | undefined): string {
  if (kept === undefined) return `${name} could not be kept: please try again later.`
  return `Kept ${name}: ${kept.sizeBytes} bytes, SHA-256 ${kept.sha256}`
}

closeOnSignals(bot)
console.log(`listening on ${await bot.listen(BOT_LISTEN)}`)
console.log(bot.link)
