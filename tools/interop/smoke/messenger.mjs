// Two messengers on SQLite: a message is delivered and answered, and is still there when the folder is opened again.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Messenger } from '@mimirjs/messenger'

const folder = mkdtempSync(join(tmpdir(), 'mimirjs-smoke-'))
try {
  const ann = await Messenger.open(join(folder, 'ann'), { name: 'Ann' })
  const ben = await Messenger.open(join(folder, 'ben'), { name: 'Ben' })
  ben.on('message', (message) => message.reply(`you said: ${message.text}`))
  ann.addAddress(ben.publicKey, await ben.listen('tcp://127.0.0.1:0'))
  /** @type {Promise<string>} */
  const answered = new Promise((resolve) => ann.on('message', (message) => resolve(message.text)))
  await ann.whenDelivered(await ann.send(ben.publicKey, 'hello'))
  assert.equal(await answered, 'you said: hello')
  const { publicKey } = ann
  await Promise.all([ann.close(), ben.close()])

  const again = await Messenger.open(join(folder, 'ann'))
  assert.deepEqual(again.publicKey, publicKey)
  await again.close()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log('sent, delivered, answered, reopened')
