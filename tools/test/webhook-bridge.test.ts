// The webhook bridge as it is: a hook that fails in every way, a killed bridge, and its endpoint.
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { IN_ORDER, newFolder, openPerson, reach, startBot, until } from './support/bot-process.js'

const TIMEOUT_MS = 60_000

interface Hooked {
  readonly key: string
  readonly body: { readonly id: string; readonly from: string; readonly text: string }
}

/** A hook that answers as it is told. */
async function startHook(answer: (request: Hooked, response: ServerResponse) => void) {
  const requests: Hooked[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
    request.on('end', () => {
      const hooked = { key: String(request.headers['idempotency-key']), body: JSON.parse(text) as Hooked['body'] }
      requests.push(hooked)
      answer(hooked, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { requests, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` }
}

function settings(url: string): Record<string, string> {
  return {
    BOT_FOLDER: newFolder(),
    BOT_LISTEN: 'tcp://127.0.0.1:0',
    HOOK_URL: url,
    HOOK_RETRY_MS: '20',
    HOOK_TIMEOUT_MS: '500',
    HTTP_PORT: '0',
    HTTP_TOKEN: 'correct horse',
  }
}

test('every message reaches the hook, in order, whatever the hook does and however the bridge dies', {
  timeout: TIMEOUT_MS,
}, async () => {
  const accepted: string[] = []
  const ways: ((response: ServerResponse) => void)[] = [
    (response) => response.writeHead(500).end('no'),
    (response) => void response.socket?.destroy(),
    (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    () => {}, // never answers
    (response) => response.writeHead(404).end(),
  ]
  let isUp = true
  const hook = await startHook(({ key, body }, response) => {
    const way = ways.shift()
    if (way) way(response)
    else if (isUp) {
      if (!accepted.includes(key)) accepted.push(key)
      response.writeHead(204).end()
    } else if (body.text === 'third') response.writeHead(503).end()
  })
  const env = settings(hook.url)
  const first = startBot('webhook-bridge', env)
  const { address, publicKey } = await reach(first)
  const ann = await openPerson({ name: 'Ann' })
  ann.messenger.addAddress(publicKey, address)
  const sent = await ann.say(publicKey, 'first', 'second')
  await until(() => accepted.length === 2)
  expect(hook.requests).toHaveLength(7)
  expect(hook.requests.slice(0, 6).map(({ body }) => body.text)).toEqual(Array(6).fill('first'))
  expect(hook.requests[0]!.body).toMatchObject({
    id: sent[0]!.id,
    from: ann.messenger.publicKey,
    kind: 'text',
    file: null,
  })
  expect(hook.requests[0]!.key).toBe(`${ann.messenger.publicKey}-${sent[0]!.id}`)

  // Killed with a message at the hook that is not answered; it comes again with the same key.
  isUp = false
  sent.push(...(await ann.say(publicKey, 'third', 'fourth')))
  await ann.messenger.whenDelivered(sent.at(-1)!)
  await until(() => hook.requests.filter(({ body }) => body.text === 'third').length >= 2)
  expect(await first.end('SIGKILL')).toBe('SIGKILL')

  // Told to end while the hook is down: it does not wait for it, and gives nothing up.
  const second = startBot('webhook-bridge', env)
  await reach(second)
  const before = hook.requests.length
  await until(() => hook.requests.length > before)
  const startMs = performance.now()
  expect(await second.end('SIGTERM')).toBe(IN_ORDER)
  expect(performance.now() - startMs).toBeLessThan(4_000)

  isUp = true
  const third = startBot('webhook-bridge', env)
  await until(() => accepted.length === 4)
  expect(accepted).toEqual(sent.map(({ id }) => `${ann.messenger.publicKey}-${id}`))
  expect(new Set(hook.requests.map(({ key }) => key)).size).toBe(4)
  expect(await third.end('SIGTERM')).toBe(IN_ORDER)
})

test('whoever knows the token sends, others do not', { timeout: TIMEOUT_MS }, async () => {
  const hook = await startHook((_, response) => response.writeHead(204).end())
  const bridge = startBot('webhook-bridge', settings(hook.url))
  const { address, publicKey } = await reach(bridge)
  const [, url = ''] = await bridge.line(/^endpoint on (\S+)$/)
  const ann = await openPerson()
  ann.messenger.addAddress(publicKey, address)
  await ann.say(publicKey, 'I am here')
  await until(() => hook.requests.length === 1)

  const call = async (path: string, body: string | undefined, token = 'correct horse'): Promise<[number, unknown]> => {
    const response = await fetch(new URL(path, url), {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body }),
    })
    return [response.status, await response.json()]
  }
  const to = ann.messenger.publicKey
  const [status, sent] = await call('/messages', JSON.stringify({ to, text: 'hello over HTTP' }))
  expect([status, sent]).toEqual([202, { id: expect.stringMatching(/^-?\d+$/), to }])
  await until(() => ann.heard.length === 1)
  expect(ann.heard).toEqual(['hello over HTTP'])
  expect(await call('/health', undefined)).toMatchObject([200, { connections: 1, unhandled: 0 }])

  const good = JSON.stringify({ to, text: 'x' })
  for (const token of ['', 'wrong', 'CORRECT HORSE', 'correct horse, too'])
    expect((await call('/messages', good, token))[0]).toBe(401)
  expect((await fetch(new URL('/health', url))).status).toBe(401)
  expect((await call('/elsewhere', good))[0]).toBe(404)
  for (const body of ['', '{', 'null', '[]', '{"to":"x"}', '{"to":"x","text":"y"}', JSON.stringify({ to, text: '' })])
    expect([body, (await call('/messages', body))[0]]).toEqual([body, 400])
  expect((await call('/messages', JSON.stringify({ to, text: 'x'.repeat(1_100_000) })))[0]).toBe(400)
  expect((await call('/messages', 'x'.repeat(2_200_000)))[0]).toBe(413)
  expect(await bridge.end('SIGTERM')).toBe(IN_ORDER)
  expect(ann.heard).toHaveLength(1)
})

test('without a hook or a token it says what it needs', { timeout: TIMEOUT_MS }, async () => {
  const { HTTP_TOKEN: _, ...env } = settings('http://127.0.0.1:1/')
  const bridge = startBot('webhook-bridge', { ...env, HTTP_TOKEN: '' })
  await expect(bridge.line(/^listening/)).rejects.toThrow(/set HOOK_URL/)
  expect(await bridge.end('SIGTERM')).toBe(2)
})
