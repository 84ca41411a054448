// What `ws` makes of servers that speak something else.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { createSigner } from '@mimirjs/crypto'
import { expect, onTestFinished, test } from 'vitest'
import { RendezvousNode } from '../../src/index.js'
import { nodePlatform } from '../../src/node.js'

/** A server of WebSockets that selects this subprotocol, whatever it is offered. @returns its URL */
async function serverOf(protocol: string | undefined): Promise<string> {
  const server = createServer()
  const sockets: Duplex[] = []
  server.on('upgrade', ({ headers }, socket) => {
    const accept = createHash('sha1').update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    const lines = [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${accept.digest('base64')}`,
      ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
    ]
    sockets.push(socket.on('error', () => {}))
    socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test.each([undefined, 'something.else'])(
  'a server that selects the subprotocol %s is left, and shown as such',
  async (protocol) => {
    const servers = [await serverOf(protocol)]
    const signer = createSigner(new Uint8Array(32).fill(1))
    const node = await RendezvousNode.open({ signer, servers, platform: nodePlatform() })
    onTestFinished(() => node.close())
    await expect.poll(() => node.servers()).toMatchObject([{ state: 'left', reason: 'subprotocol' }])
  },
)

test('whoever wants no subprotocol gets no socket with one', async () => {
  const socket = nodePlatform().webSocket(await serverOf('something.else'), [])
  const told: string[] = []
  socket.onopen = () => told.push('open')
  await new Promise<void>((resolve) => {
    socket.onclose = () => resolve()
  })
  expect(told).toEqual([])
})

test('a server that is not there is not reached', async () => {
  const signer = createSigner(new Uint8Array(32).fill(1))
  const node = await RendezvousNode.open({ signer, servers: ['ws://127.0.0.1:1'], platform: nodePlatform() })
  onTestFinished(() => node.close())
  await expect.poll(() => node.servers()).toMatchObject([{ state: 'waiting', reason: 'unreachable' }])
})
