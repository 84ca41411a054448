import { once } from 'node:events'
import { createServer } from 'node:net'
import { createSigner } from '@mimirjs/crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { formatKey } from '../../src/key.js'
import type { YggdrasilNode } from '../../src/node/types.js'
import { Nodes, until } from './support/nodes.js'

const nodes = new Nodes()
afterEach(() => nodes.close())

const stranger = createSigner(new Uint8Array(32).fill(77)).publicKey
const timeoutMs = 300

/** What everything that waits for others says in the end. */
function outcomes(node: YggdrasilNode): Promise<Error[]> {
  const failed = (promise: Promise<unknown>) =>
    promise.then(
      () => new Error('done'),
      (error: Error) => error,
    )
  return Promise.all([
    failed(node.online({ timeoutMs })),
    failed(node.ping(stranger, { timeoutMs })),
    failed(node.lookup(stranger, { timeoutMs })),
    failed(node.openStream(stranger, 42, { timeoutMs })),
    failed(node.streams.dial(`ygg://${formatKey(stranger)}:42`, { timeoutMs })),
  ])
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

describe('what ends by timeout', () => {
  test('says that no peer is reached, and why', async () => {
    const uri = `tcp://127.0.0.1:${await freePort()}`
    const errors = await outcomes(await nodes.start({ peers: [`${uri}?password=secret`] }))
    const why = `no peer is reached (${uri}: nobody listens there (ECONNREFUSED))`
    const address = `ygg://${formatKey(stranger)}:42`
    expect(errors.map(({ message }) => message)).toEqual([
      `online: ${why}`,
      `ping: ${why}`,
      `look-up: ${why}`,
      `dial ${address}: ${why}`,
      `dial ${address}: ${why}`,
    ])
    const names = errors.map(({ name }) => name)
    expect(names).toEqual(['YggdrasilError', 'YggdrasilError', 'YggdrasilError', 'TransportError', 'TransportError'])
    for (const error of errors) {
      expect(error).toMatchObject({ code: 'timeout', cause: { name: 'YggdrasilError', code: 'refused' } })
    }
  })

  test('says that there are no peers', async () => {
    for (const error of await outcomes(await nodes.start())) {
      expect(error.message).toMatch(/: no peer is reached \(none is given, and nobody has connected\)$/)
      expect(error).toMatchObject({ code: 'timeout' })
    }
  })

  test('tells of three peers, and how many more there are', async () => {
    const port = await freePort()
    const peers = ['a', 'b', 'c', 'd', 'e'].map((_, at) => `tcp://127.0.0.${at + 1}:${port}`)
    const node = await nodes.start({ peers, transit: true })
    await until(() => node.peers().every(({ error }) => error !== undefined))
    await expect(node.online({ timeoutMs: 1 })).rejects.toThrow(/127\.0\.0\.1.*127\.0\.0\.3[^;]*; 2 more\)$/)
  })

  test('is what the other end did not answer, once a peer is up', async () => {
    const server = await nodes.start({ listen: ['tcp://127.0.0.1:0'] })
    const node = await nodes.start({ peers: [...server.listenAddresses] })
    await node.online()
    const [online, ...errors] = await outcomes(node)
    expect(online?.message).toBe('done')
    for (const error of errors) expect(error.message).toMatch(/no answer in time/)
  })
})

describe('an attempt that ends in the handshake names the peer, without its query', () => {
  test.each([
    ['wrong-password', '?password=wrong', {}],
    ['pinned-key', `?key=${formatKey(stranger)}`, {}],
    ['timeout', '?password=x', { silent: true }],
    ['self', '?priority=1', { self: true }],
    ['link', '?priority=2', { allowedKeys: [stranger] }],
  ])(
    '%s',
    async (code, query, {
      silent = false,
      self = false,
      allowedKeys,
    }: {
      silent?: boolean
      self?: boolean
      allowedKeys?: Uint8Array[]
    }) => {
      const seed = new Uint8Array(32).fill(9)
      const open = silent ? createServer(() => {}).listen(0, '127.0.0.1') : undefined
      if (open !== undefined) await once(open, 'listening')
      const server = await nodes.start({ listen: ['tcp://127.0.0.1:0'], seed, ...(allowedKeys && { allowedKeys }) })
      const port = (open?.address() as { port: number } | undefined)?.port
      const uri = port === undefined ? `${server.listenAddresses[0]}` : `tcp://127.0.0.1:${port}`
      const limits = { handshakeMs: 500 }
      const node = await nodes.start({ peers: [`${uri}${query}`], limits, ...(self ? { seed } : {}) })
      const error = await new Promise<Error>((resolve) => node.on('peerRetry', (event) => resolve(event.error)))
      open?.close()
      expect(error).toMatchObject({ code })
      expect(error.message).toMatch(code === 'link' ? `peer ${uri}: ` : `peer ${uri}: handshake: `)
      expect(error.message).not.toContain('?')
    },
  )
})
