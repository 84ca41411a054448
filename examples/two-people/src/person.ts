// One person: a messenger in a process of its own, driven by the main program through messages.
import { Messenger } from '@mimirjs/messenger'
import type { Command, PersonSettings, Report } from './protocol.js'

const { folder, name, tracker, overlayPeers } = JSON.parse(process.argv[2] ?? '') as PersonSettings
const messenger = await Messenger.open(folder, {
  name,
  trackers: [tracker],
  retry: { minMs: 250, maxMs: 2_000 },
  ...(overlayPeers === undefined ? {} : { overlay: { peers: overlayPeers } }),
})
const sentAtMs = new Map<string, number>()

function report(message: Report): void {
  // The main program may be gone already; a person does not die of that.
  if (process.connected) process.send!(message, undefined, undefined, () => {})
}

messenger.on('message', async (message) => {
  const { id, kind, text, replyTo, file } = message
  report({ event: 'received', id, kind, text, replyTo, bytes: file?.sizeBytes, damaged: file?.damaged })
  // Answer every message that is not itself an answer.
  if (replyTo === undefined) await message.reply(`${name} has read: ${text}`)
})
messenger.on('delivered', ({ id }) => {
  const sent = sentAtMs.get(id)
  sentAtMs.delete(id)
  report({ event: 'delivered', id, roundTripMs: sent === undefined ? undefined : performance.now() - sent })
})
messenger.on('announced', ({ address }) => report({ event: 'announced', address }))
messenger.on('state', (link) => {
  if (link.state === 'up') report({ event: 'connected', address: link.address, handshakeMs: link.handshakeMs })
  if (link.state === 'waiting') report({ event: 'waiting', reason: link.reason })
})

process.on('message', async (command: Command) => {
  switch (command.do) {
    case 'send': {
      const startMs = performance.now()
      const { id } = await messenger.send(command.to, command.content)
      sentAtMs.set(id, startMs)
      report({ event: 'accepted', token: command.token, id })
      break
    }
    case 'close':
      await messenger.close()
      process.disconnect()
  }
})

const address = await messenger.listen(overlayPeers === undefined ? 'tcp://127.0.0.1:0' : {})
report({ event: 'ready', address, publicKey: messenger.publicKey })
