// A process that writes until it is killed, and says on stdout what was acknowledged to it: one word and numbers a line.
import { once } from 'node:events'
import { openSqliteStore } from '../../src/index.js'
import { call } from '../../src/operations.js'
import { createChat, keyNumber, message } from './suite-calls.js'

const [path, first] = [process.argv[2]!, BigInt(process.argv[3]!)]
await once(process.stdin, 'data')
process.stdin.destroy()
const say = (line: string): void => void process.stdout.write(`${line}\n`)

const store = openSqliteStore(path)
await createChat(store, 1n)
say('ready')
for (let n = first; ; ) {
  // Some programs of one turn: messages, a user, every now and then a chat that comes and goes.
  const batch: Promise<void>[] = []
  for (let count = 0n; count <= n % 7n; count++, n++) {
    const guid = n
    const sending = store.run(() => call('insertMessage', 1n, message(guid, new Uint8Array(Number(guid % 3_000n)))), {
      chatId: 1n,
    })
    batch.push(sending.then((id) => say(`message ${guid} ${id}`)))
  }
  const chatId = 1_000n + n
  const created = createChat(store, chatId).then(() => say(`created ${chatId}`))
  batch.push(created)
  if (n % 2n === 0n) {
    await created
    batch.push(store.run(() => call('deleteChat', chatId), { chatId }).then(() => say(`deleted ${chatId}`)))
  } else {
    const user = { permissions: 0x10, banned: false, acceptedAtSeconds: 1n, changedAtSeconds: 0n }
    batch.push(
      store.run(() => call('putUser', chatId, keyNumber(9), user), { chatId }).then(() => say(`user ${chatId}`)),
    )
  }
  await Promise.all(batch)
}
