// One person of the chaos run. Whatever it learns that the verdict needs, it writes down before it says so.
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { Messenger } from '@mimirjs/messenger'
import { createRandom, faultyDatagrams } from '@mimirjs/transport/testing'
import { udp } from '@mimirjs/transport/udp'
import type { Command, PersonOptions, Report } from './protocol.js'

const options = JSON.parse(process.argv[2]!) as PersonOptions
const random = createRandom(options.seed)

function report(message: Report): void {
  if (process.connected) process.send!(message, undefined, undefined, () => {})
}
// A process that fails by itself is a finding, not a fault to live with.
process.on('uncaughtException', (error) => {
  console.error(`${options.name} died: ${error.stack ?? error.message}`)
  process.exit(70)
})
process.on('disconnect', () => process.exit(0))

const messenger = await Messenger.open(options.folder, {
  name: options.name,
  trackers: [options.tracker],
  datagrams: faultyDatagrams(
    udp(),
    { dropChance: 0.1, duplicateChance: 0.1, reorderChance: 0.1 },
    { seed: options.seed },
  ),
  retry: { minMs: 100, maxMs: 1_000 },
  durability: 'process',
  // Everybody comes from one address here, and comes back often.
  limits: { signaturesPerMinute: 1_000_000, unauthenticated: 1_000, unauthenticatedPerAddress: 1_000 },
})
const acceptedLog = join(options.folder, 'accepted.log')
const handledLog = join(options.folder, 'handled.log')

messenger.on('message', async (message) => {
  // A handler takes its time now and then, so that some kills hit it in the middle.
  if (random.next() < 0.2) await new Promise((resolve) => setTimeout(resolve, random.next() * 20))
  if (message.replyTo === undefined && isAnswered(message.text, options.replies))
    await message.reply(`re:${message.text}`)
  appendFileSync(handledLog, `${process.pid} ${message.from} ${message.id}\n`)
})

process.on('message', async (command: Command) => {
  switch (command.do) {
    case 'send':
      try {
        const { id, to } = await messenger.send(command.to, command.text)
        appendFileSync(acceptedLog, `${to} ${id}\n`)
        report({ event: 'accepted', token: command.token })
      } catch (error) {
        report({ event: 'rejected', token: command.token, reason: String(error) })
      }
      break
    case 'status': {
      const { undelivered, unhandled } = await messenger.health()
      report({ event: 'status', undelivered, unhandled })
      break
    }
    case 'close':
      await messenger.close()
      process.disconnect()
  }
})

const address = await messenger.listen({ address: 'tcp://127.0.0.1:0', announce: options.announce })
report({ event: 'ready', address, publicKey: messenger.publicKey })

/** The same choice whenever the handler runs again. */
function isAnswered(text: string, share: number): boolean {
  let hash = 0
  for (const character of text) hash = (Math.imul(hash, 31) + character.charCodeAt(0)) >>> 0
  return (hash % 1000) / 1000 < share
}
