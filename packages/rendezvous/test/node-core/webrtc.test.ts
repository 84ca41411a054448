import { createSigner } from '@mimirjs/crypto'
import { afterEach, expect, test } from 'vitest'
import { RendezvousNode } from '../../src/index.js'
import { nodePlatform } from '../../src/node.js'
import { RendezvousServer } from '../../src/server.js'

const closing: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const thing of closing.splice(0).reverse()) await thing.close()
})

test('two nodes meet through a server, over WebRTC', async () => {
  const server = await RendezvousServer.open({ listen: 'ws://127.0.0.1:0' })
  closing.push(server)
  const open = async (fill: number) => {
    const node = await RendezvousNode.open({
      signer: createSigner(new Uint8Array(32).fill(fill)),
      servers: [server.address],
      platform: nodePlatform(),
      policy: () => 'accept',
    })
    node.on('error', (e) => console.log('ERR', e))
    node.on('server', (e) => console.log('SRV', e))
    closing.push(node)
    return node
  }
  const [a, b] = [await open(1), await open(2)]
  await b.streams.listen(b.address, {
    onStream: (stream) => {
      stream.start({
        data: (chunk) => stream.write(chunk.slice()),
        end: () => stream.end(),
        drain() {},
        closed(error) {
          console.log('b closed', error)
        },
      })
    },
  })
  const t0 = performance.now()
  b.on('link', (link) => link.on('chat', ({ text }) => console.log('chat', text)))
  const link = await a.connect(b.publicKey)
  console.log('link', performance.now() - t0, link.role)
  await link.sendChat('hello')
  const stream = await a.streams.dial(b.address)
  console.log('stream', performance.now() - t0)
  const got: number[] = []
  await new Promise<void>((resolve) => {
    stream.start({
      data: (chunk) => got.push(...chunk),
      end() {},
      drain() {},
      closed(error) {
        console.log('a closed', error)
        resolve()
      },
    })
    stream.write(Uint8Array.of(1, 2, 3))
    stream.end()
  })
  expect(got).toEqual([1, 2, 3])
  console.log(link.counters, performance.now() - t0, a.counters)
})
