// One device of the chaos run. Whatever it learns that the verdict needs, it writes down before it says so.
import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createSigner } from '@mimirjs/crypto'
import { Messenger, openSqliteStore } from '@mimirjs/messenger'
import { createRandom, faultyDatagrams } from '@mimirjs/transport/testing'
import { udp } from '@mimirjs/transport/udp'
import { fromHex } from '@mimirjs/wire'
import { Acts } from './acts.js'
import { isAnswered, markOf } from './content.js'
import { LOGS } from './logs.js'
import type { Command, DeviceOptions, Report } from './protocol.js'

const options = JSON.parse(process.argv[2]!) as DeviceOptions
const random = createRandom(options.seed)
let { announce } = options

function report(message: Report): void {
  if (process.connected) process.send!(message, undefined, undefined, () => {})
}
// A process that fails by itself is a finding, not a fault to live with.
process.on('uncaughtException', (error) => {
  console.error(`${options.name} died: ${error.stack ?? error.message}`)
  process.exit(70)
})
process.on('disconnect', () => process.exit(0))
// Whoever started us may be gone before we listen for that.
if (!process.connected) process.exit(0)

mkdirSync(options.folder, { recursive: true })
const store = openSqliteStore(join(options.folder, 'messenger.sqlite'), { durability: 'process' })
const { fileServer, fileServerAddress } = options
const messenger = await Messenger.open(options.folder, {
  name: options.name,
  signer: createSigner(fromHex(options.key)),
  store,
  generation: options.generation,
  trackers: [options.tracker],
  datagrams: faultyDatagrams(
    udp(),
    { dropChance: 0.1, duplicateChance: 0.1, reorderChance: 0.1 },
    { seed: options.seed },
  ),
  contactRequests: 'accept',
  ...(fileServerAddress !== undefined && { fileServerAddress: () => fileServerAddress }),
  ...(fileServer !== undefined && fileServerAddress !== undefined
    ? { fileServer: { key: fileServer, address: fileServerAddress } }
    : {}),
  retry: { minMs: 100, maxMs: 1_000 },
  // Everybody comes from one address here, and comes back often.
  limits: { signaturesPerMinute: 1_000_000, unauthenticated: 1_000, unauthenticatedPerAddress: 1_000 },
})
const acts = new Acts({ messenger, store, options, random })
const handledLog = join(options.folder, LOGS.handled)

messenger.on('message', async (message) => {
  // A handler takes its time now and then, so that some kills hit it in the middle.
  if (random.next() < 0.2) await new Promise((resolve) => setTimeout(resolve, random.next() * 20))
  if (message.replyTo === undefined && isAnswered(markOf(message.text), options.replies)) {
    // The same whatever version of the text this device has: another may answer it, too.
    await message.reply(`re:${markOf(message.text).slice(-40) || message.id}`)
  }
  if (message.file && message.file.bytes === undefined) await acts.fetch(message)
  appendFileSync(handledLog, `${process.pid} ${message.from} ${message.id}\n`)
})

process.on('message', async (command: Command) => {
  switch (command.do) {
    case 'send': {
      const { token } = command
      try {
        const isMessage = await acts.send(command.kind, command.to, token)
        report({ event: 'accepted', token, isMessage })
      } catch (error) {
        report({ event: 'rejected', token, reason: `${command.kind}: ${String(error)}` })
      }
      break
    }
    case 'move':
      announce = command.announce
      break
    case 'status': {
      const { undelivered, unhandled } = await messenger.health()
      report({ event: 'status', undelivered, unhandled, files: await acts.openFiles() })
      break
    }
    case 'close':
      await messenger.close()
      process.disconnect()
  }
})

const address = await messenger.listen({ address: 'tcp://127.0.0.1:0', announce: () => announce })
await acts.resume()
report({ event: 'ready', address, publicKey: messenger.publicKey })
