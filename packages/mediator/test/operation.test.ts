// What an operator touches: the key file, the page for health and metrics, backups.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createSigner, publicKeyFromSeed } from '@mimirjs/crypto'
import { expect, onTestFinished, test } from 'vitest'
import { createMediator, loadMediatorKey } from '../src/index.js'
import { call } from '../src/operations.js'
import { RawClient, signerOf, transports } from './support/raw-client.js'
import { startServer } from './support/server.js'

function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), 'mimir-mediator-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return made
}

test('the key file: made with mode 0600, read in all three forms, never overwritten', () => {
  const file = path.join(folder(), 'mediator.key')
  const made = loadMediatorKey(file)
  expect(made.created).toBe(true)
  expect(readFileSync(file)).toHaveLength(32)
  if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600)
  const again = loadMediatorKey(file)
  expect(again.created).toBe(false)
  expect(again.signer.publicKey).toEqual(made.signer.publicKey)
  const seed = new Uint8Array(32).fill(5)
  const publicKey = publicKeyFromSeed(seed)
  const forms = [seed, Buffer.concat([seed, publicKey]), Buffer.from(`${Buffer.from(seed).toString('hex')}\n`)]
  for (const form of forms) {
    writeFileSync(file, form)
    expect(loadMediatorKey(file).signer.publicKey).toEqual(publicKey)
    expect(readFileSync(file)).toEqual(Buffer.from(form))
  }
  const message = new Uint8Array(3)
  expect(loadMediatorKey(file).signer.sign(message)).toEqual(createSigner(seed).sign(message))
  for (const wrong of [Buffer.concat([seed, seed]), Buffer.alloc(31), Buffer.alloc(0)]) {
    writeFileSync(file, wrong)
    expect(() => loadMediatorKey(file)).toThrow()
    expect(readFileSync(file)).toEqual(wrong)
  }
})

test('the page: health, metrics, nothing else', async () => {
  const server = await startServer({ http: { address: 'http://127.0.0.1:0' } })
  await server.chat(5n, [{ number: 2, permissions: 0x10 }])
  const client = await server.login('tlv', 2)
  await client.ok('subscribe', { chatId: 5n })
  await client.ok('sendMessage', { chatId: 5n, guid: 1n, blob: new Uint8Array(1) })
  const page = server.mediator.httpAddress ?? ''
  const health = await fetch(`${page}/health`)
  expect([health.status, await health.text()]).toEqual([200, 'ok\n'])
  const metrics = await fetch(`${page}/metrics?x=1`)
  expect(metrics.headers.get('content-type')).toContain('version=0.0.4')
  const text = await metrics.text()
  for (const line of [
    'mimir_mediator_connections 1',
    'mimir_mediator_subscriptions 1',
    'mimir_mediator_messages_total 1',
    'mimir_mediator_cut_total{reason="slow-reader"} 0',
    '# TYPE mimir_mediator_requests_total counter',
  ])
    expect(text.split('\n')).toContain(line)
  expect((await fetch(`${page}/`)).status).toBe(404)
  expect((await fetch(`${page}/health`, { method: 'POST' })).status).toBe(405)
  server.store.run = () => Promise.reject(new Error('gone'))
  expect((await fetch(`${page}/health`)).status).toBe(503)
})

test('a backup made while serving opens as a mediator with the same chats', async () => {
  const [file, copy] = [path.join(folder(), 'mediator.db'), path.join(folder(), 'copy.db')]
  const options = { signer: signerOf(0), transports, listen: ['tcp://127.0.0.1:0'], durability: 'process' } as const
  const mediator = await createMediator({ ...options, store: file })
  const client = await RawClient.login(mediator.addresses[0] ?? '', 'tlv-push', signerOf(1))
  const { nonce } = await client.ok('getNonce', { publicKey: client.publicKey })
  const proof = await client.signer.signProofOfWork(nonce)
  const chat = { ownerPublicKey: client.publicKey, nonce, ...proof, name: 'kept', description: '' }
  const { chatId } = await client.ok('createChat', chat)
  await client.ok('sendMessage', { chatId, guid: 1n, blob: new Uint8Array(10).fill(7) })
  await mediator.backup(copy)
  await mediator.close()
  await expect(mediator.backup(copy)).rejects.toMatchObject({ code: 'closed' })

  const restored = await createMediator({ ...options, store: copy })
  const reader = await RawClient.login(restored.addresses[0] ?? '', 'tlv-push', signerOf(1))
  const { messages } = await reader.ok('getMessagesSince', { chatId, sinceId: 0n, limit: 10 })
  expect(messages).toMatchObject([{ messageId: 1n, blob: new Uint8Array(10).fill(7) }])
  expect(call('chatsOf', reader.publicKey).next().value).toMatchObject({ op: 'chatsOf' })
  await restored.close()
  await reader.until(() => reader.isClosed)
})
