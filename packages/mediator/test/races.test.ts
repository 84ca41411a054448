// What happens between the store's answer and what is made of it: a store whose results can be held back.
import { expect, test } from 'vitest'
import type { MediatorStore, Program } from '../src/operations.js'
import { ModelStore } from './support/model-store.js'
import { DIALECTS, keyOf, type Server, startServer } from './support/server.js'

const CHAT = 5n
const blob = new Uint8Array(10)

/** Holds back the results of programs that do this, until they are let go. */
class HeldStore implements MediatorStore {
  readonly shared = false
  readonly #store = new ModelStore()
  #held: string | undefined
  #release: (() => void) | undefined
  #isHolding: (() => void) | undefined

  /** From now on. @returns when one is held */
  hold(operation: string): Promise<void> {
    this.#held = operation
    return new Promise((resolve) => {
      this.#isHolding = resolve
    })
  }

  release(): void {
    this.#held = undefined
    this.#release?.()
  }

  async run<T>(program: () => Program<T>): Promise<T> {
    const seen: string[] = []
    const result = await this.#store.run(function* () {
      const running = program()
      let step = running.next()
      while (step.done !== true) {
        seen.push(step.value.op)
        step = running.next(yield step.value)
      }
      return step.value
    })
    if (this.#held !== undefined && seen.includes(this.#held)) {
      this.#held = undefined
      await new Promise<void>((resolve) => {
        this.#release = resolve
        this.#isHolding?.()
      })
    }
    return result
  }

  backup(path: string): Promise<void> {
    return this.#store.backup(path)
  }

  close(): Promise<void> {
    return this.#store.close()
  }
}

async function start(): Promise<{ server: Server; store: HeldStore }> {
  const store = new HeldStore()
  const server = await startServer({ store })
  await server.chat(CHAT, [{ number: 2, permissions: 0x10 }])
  return { server, store }
}

test('a message that is stored while a SUBSCRIBE is under way is in its answer or pushed', async () => {
  for (const dialect of DIALECTS) {
    const { server, store } = await start()
    const sender = await server.login('tlv', 1)
    const reader = await server.login(dialect, 2)
    await sender.ok('sendMessage', { chatId: CHAT, guid: 1n, blob })
    const held = store.hold('lastMessageId')
    const id = reader.send('subscribe', { chatId: CHAT })
    await held
    await sender.ok('sendMessage', { chatId: CHAT, guid: 2n, blob })
    store.release()
    expect(await reader.answerTo('subscribe', id)).toEqual({ ok: true, value: { messageId: 2n } })
    await sender.ok('sendMessage', { chatId: CHAT, guid: 3n, blob })
    expect((await reader.push('gotMessage', ({ messageId }) => messageId > 0n)).messageId).toBe(3n)
  }
})

test('a ban while a SUBSCRIBE is under way leaves no subscription', async () => {
  const { server, store } = await start()
  const owner = await server.login('tlv', 1)
  const member = await server.login('tlv-push', 2)
  const held = store.hold('lastMessageId')
  const id = member.send('subscribe', { chatId: CHAT })
  await held
  await owner.ok('deleteUser', { chatId: CHAT, userPublicKey: keyOf(2) })
  store.release()
  expect(await member.answerTo('subscribe', id)).toMatchObject({ ok: false, text: 'not a member or banned' })
  expect(server.mediator.stats()).toMatchObject({ subscriptions: 0, rooms: 0 })
})

test('a client that goes while its SUBSCRIBE is under way leaves no subscription', async () => {
  const { server, store } = await start()
  const member = await server.login('tlv-push', 2)
  const held = store.hold('lastMessageId')
  member.send('subscribe', { chatId: CHAT })
  await held
  await member.close()
  await expect.poll(() => server.mediator.stats().connections).toBe(0)
  store.release()
  await expect.poll(() => server.mediator.stats().rooms).toBe(0)
  expect(server.mediator.stats().subscriptions).toBe(0)
})

test('an invite that is written while its recipient logs in is pushed once', async () => {
  const { server, store } = await start()
  const owner = await server.login('tlv', 1)
  const invitee = await server.connect('tlv-push', 7)
  invitee.open()
  const { publicKey, signer } = invitee
  const { nonce } = await invitee.ok('getNonce', { publicKey })
  const held = store.hold('invitesFor')
  const id = invitee.send('auth', { publicKey, nonce, signature: signer.sign(nonce) })
  await held
  await owner.ok('sendInvite', { chatId: CHAT, toPublicKey: publicKey, data: blob })
  store.release()
  expect((await invitee.answerTo('auth', id)).ok).toBe(true)
  await invitee.settle()
  expect(invitee.pushes.map(({ name }) => name)).toEqual(['gotInvite'])
  expect(invitee.order.slice(-3, -1)).toEqual([id, 'gotInvite'])
})

test('an invite that is replaced while it is on its way is pushed once more, the newer one last', async () => {
  const { server, store } = await start()
  const owner = await server.login('tlv', 1)
  const invite = { chatId: CHAT, toPublicKey: keyOf(2), data: new Uint8Array(92).fill(1) }
  await owner.ok('sendInvite', invite)
  const held = store.hold('invite')
  const member = await server.login('tlv-push', 2)
  await held
  await owner.ok('sendInvite', { ...invite, data: new Uint8Array(92).fill(2) })
  store.release()
  const pushed = [await member.push('gotInvite'), await member.push('gotInvite')]
  expect(pushed.map(({ data }) => data[0])).toEqual([1, 2])
})

test('who comes back before its going was written down was never away', async () => {
  const { server, store } = await start()
  const watcher = await server.login('tlv', 1)
  await watcher.ok('subscribe', { chatId: CHAT })
  const member = await server.login('tlv-push', 2)
  await member.ok('subscribe', { chatId: CHAT })
  const held = store.hold('changeUser')
  await member.close()
  await held
  const again = await server.login('tlv-push', 2)
  await again.ok('subscribe', { chatId: CHAT })
  store.release()
  await again.settle()
  await watcher.settle()
  const offline = watcher.pushes.filter(({ value }) => 'blob' in value && value.blob[0] === 9 && value.blob[33] === 0)
  expect(offline).toEqual([])
})

test('a login that the store fails is no login, and can be repeated', async () => {
  const { server } = await start()
  const client = await server.connect('tlv', 2)
  client.open()
  const { publicKey, signer } = client
  const first = await client.ok('getNonce', { publicKey })
  const run = server.store.run.bind(server.store)
  server.store.run = () => Promise.reject(new Error('gone'))
  expect(await client.refused('auth', { publicKey, nonce: first.nonce, signature: signer.sign(first.nonce) })).toBe(
    'unknown nonce',
  )
  server.store.run = run
  expect(await client.refused('getUserChats', {})).toBe('auth required')
  await client.login()
  expect(await client.ok('getUserChats', {})).toEqual({ chatIds: [CHAT] })
})
