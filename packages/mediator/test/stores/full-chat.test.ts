// A chat that holds all it may: what members are told, and what goes on working.
import { expect, test } from 'vitest'
import { call } from '../../src/operations.js'
import { DIALECTS, NOW_SECONDS, startServer } from '../support/server.js'

const CHAT = 5n
const TEXTS = {
  binary: 'db error - failed to insert message',
  tlv: 'db error - failed to insert message: the store failed',
  'tlv-push': 'db error',
}

test.each(DIALECTS)(
  'a full chat (%s) refuses more, repeats what it has, and goes on when there is room',
  async (dialect) => {
    const server = await startServer({ limits: { chatBytes: 1_000 } })
    await server.chat(CHAT, [{ number: 2, permissions: 0x20 }])
    const client = await server.login(dialect, 2)
    const request = { chatId: CHAT, guid: 1n, timestampSeconds: NOW_SECONDS, blob: new Uint8Array(400) }
    const { messageId } = await client.ok('sendMessage', request)
    expect(await client.refused('sendMessage', { ...request, guid: 2n, blob: new Uint8Array(201) })).toBe(
      TEXTS[dialect],
    )
    expect((await client.ok('sendMessage', request)).messageId).toBe(messageId)
    expect(await server.run(() => call('lastMessageId', CHAT))).toBe(messageId)
    await client.ok('sendMessage', { ...request, guid: 2n, blob: new Uint8Array(200) })
    // What the mediator says itself has room: else nothing could be deleted any more.
    await client.ok('deleteMessage', dialect === 'binary' ? { chatId: CHAT, messageId } : { chatId: CHAT, guid: 1n })
    await client.ok('sendMessage', { ...request, guid: 3n, blob: new Uint8Array(50) })
  },
)

test('a picture of the chat takes no room that only messages may fill', async () => {
  const server = await startServer({ limits: { chatBytes: 1_000 } })
  await server.chat(CHAT)
  const client = await server.login('tlv-push', 1)
  await client.ok('updateChatInfo', { chatId: CHAT, name: 'short' })
  const avatar = new Uint8Array(900)
  expect(await client.refused('updateChatInfo', { chatId: CHAT, avatar })).toBe('broadcast error')
  expect((await server.run(() => call('settings', CHAT)))?.avatar).toBeUndefined()
})

test('Infinity switches it off', async () => {
  const server = await startServer({ limits: { chatBytes: Infinity } })
  await server.chat(CHAT)
  const client = await server.login('tlv-push', 1)
  await client.ok('sendMessage', { chatId: CHAT, guid: 1n, timestampSeconds: NOW_SECONDS, blob: new Uint8Array(9) })
})
