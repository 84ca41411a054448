import { platform } from 'node:os'
import type { ByteStream } from '@mimirjs/transport'
import { expect, onTestFinished, test } from 'vitest'
import { MulticastNode, type MulticastNodeOptions } from '../../src/index.js'
import { multicastUdp } from '../../src/udp.js'
import { bytes, failure, signer, text } from '../node/support.js'
import { LOOPBACK } from './support.js'

async function open(number: number, options: Partial<MulticastNodeOptions> = {}): Promise<MulticastNode> {
  const node = await MulticastNode.open({
    signer: signer(number),
    network: multicastUdp(),
    interface: LOOPBACK,
    group: 'ipv4',
    port: 0,
    joinDelayMs: 0,
    ...options,
  })
  onTestFinished(() => node.close())
  return node
}

test('a request and its answer over real sockets', async () => {
  const [a, b] = [await open(1), await open(2, { policy: 'anybody' })]
  b.answer((payload) => bytes(`${text(payload)} to you`))
  const session = await a.connect(b.address)
  expect(a.interfaceName).toBe(LOOPBACK)
  for (const shown of ['one', 'two']) expect(text(await session.request(bytes(shown)))).toBe(`${shown} to you`)
  // The largest message that is allowed at all.
  const c = await open(3, { limits: { payloadBytes: 1455 } })
  const d = await open(4, { limits: { payloadBytes: 1455 }, policy: 'anybody' })
  d.answer((payload) => payload)
  const largest = new Uint8Array(1455).fill(9)
  expect(await (await c.connect(d.address)).request(largest)).toEqual(largest)
})

test.runIf(platform() === 'linux')('two nodes of one machine can have one port, on groups of their own', async () => {
  const a = await open(1)
  const port = Number(a.address.split(':').at(-1))
  const b = await open(2, { port, policy: 'anybody' })
  b.answer((payload) => payload)
  expect(text(await (await a.connect(b.address)).request(bytes('neighbour')))).toBe('neighbour')
  const group = a.address.slice(a.address.indexOf('@') + 1).replace(/:.*/, '')
  expect(await failure(open(3, { port, group }))).toMatchObject({ code: 'address-in-use' })
})

test('an interface that is not there, or cannot do it, is named at once', async () => {
  expect(await failure(open(1, { interface: 'nosuch0' }))).toMatchObject({
    code: 'bad-interface',
    message: expect.stringContaining(LOOPBACK),
  })
  expect(await failure(open(1, { interface: '203.0.113.77' }))).toMatchObject({ code: 'bad-interface' })
})

test('streams over real sockets, in both directions, that end with their node', async () => {
  const [a, b] = [await open(1), await open(2, { policy: 'anybody' })]
  expect(b.streams).toBe(b.streams)
  const accepted: ByteStream[] = []
  await b.streams.listen(b.address, {
    onStream: (stream) => {
      accepted.push(stream)
      stream.start({
        data: (chunk) => stream.write(chunk.slice()),
        end: () => stream.end(),
        drain: () => {},
        closed: () => {},
      })
    },
  })
  const stream = await a.streams.dial(b.address)
  expect(stream.remotePublicKey).toEqual(b.publicKey)
  let got = ''
  const closed: (string | undefined)[] = []
  stream.start({
    data: (chunk) => {
      got += text(chunk)
    },
    end: () => {},
    drain: () => {},
    closed: (error) => closed.push(error?.code),
  })
  const sent = 'all that glitters '.repeat(5000)
  stream.write(bytes(sent))
  await expect.poll(() => got.length).toBe(sent.length)
  expect(got).toBe(sent)
  expect(accepted[0]?.remotePublicKey).toEqual(a.publicKey)
  // No program sees the sessions below.
  expect([a.sessions, b.sessions]).toEqual([[], []])
  await b.close()
  await expect.poll(() => closed).toEqual(['reset'])
  expect(await failure(b.streams.dial(a.address))).toMatchObject({ name: 'TransportError', code: 'aborted' })
})
