// The mediator process of the chaos run: the same key and port whenever it starts, so that members find it again.
import { createSigner } from '@mimirjs/crypto'
import { call, createMediator, openSqliteStore } from '@mimirjs/mediator'
import { Transports } from '@mimirjs/transport'
import { tcp } from '@mimirjs/transport/tcp'
import { toHex } from '@mimirjs/wire'

const [address, database] = process.argv.slice(2)
process.on('disconnect', () => process.exit(0))
// Whoever started us may be gone before we listen for that.
if (!process.connected) process.exit(0)
const store = openSqliteStore(database!, { durability: 'process' })
const mediator = await createMediator({
  signer: createSigner(new Uint8Array(32).fill(0x0f)),
  transports: new Transports([tcp()]),
  listen: [address!],
  store,
  // Few keys write all there is, which the defaults exist to prevent.
  limits: { messagesPerSecond: 10_000, messagesBurst: 10_000, commandsPerSecond: 10_000, commandsBurst: 10_000 },
})
process.send!({ event: 'ready', address: mediator.addresses[0], publicKey: toHex(mediator.publicKey) })
process.on('message', async (command: 'close' | { lastMessageOf: string }) => {
  if (command === 'close') {
    await mediator.close()
    process.disconnect()
    return
  }
  const chatId = BigInt(command.lastMessageOf)
  const messageId = await store.run(() => call('lastMessageId', chatId))
  process.send!({ event: 'lastMessage', messageId: String(messageId) })
})
