import type { ByteStream } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { tcp } from '@mimirjs/transport/tcp'
import { describe, expect, test } from 'vitest'
import type { PeerError } from '../../src/error.js'
import { FrameLink, type FrameLinkOptions, OPAQUE_TYPE } from '../../src/frames/index.js'

async function streams(
  scheme: string,
  highWaterMarkBytes = 65_536,
): Promise<{ near: ByteStream; far: ByteStream; close(): Promise<void> }> {
  const transport = scheme === 'tcp' ? tcp() : createMemoryNetwork({ highWaterMarkBytes }).streams
  let accepted: (stream: ByteStream) => void = () => {}
  const arrival = new Promise<ByteStream>((resolve) => {
    accepted = resolve
  })
  const listener = await transport.listen(scheme === 'tcp' ? 'tcp://127.0.0.1:0' : 'memory://far', {
    onStream: accepted,
  })
  const near = await transport.dial(listener.address)
  return { near, far: await arrival, close: () => listener.close() }
}

async function linked(scheme: string, near: FrameLinkOptions, far: FrameLinkOptions) {
  const pair = await streams(scheme)
  return { near: new FrameLink(pair.near, near), far: new FrameLink(pair.far, far), close: pair.close }
}

for (const scheme of ['tcp', 'memory']) {
  describe(`frame link over ${scheme}`, () => {
    test('requests of all sizes, 300 deep, in order, both ways', async () => {
      const sizes = Array.from({ length: 300 }, (_, at) => [0, 1, 100, 4_095, 4_096, 70_000][at % 6]!)
      const got: Record<'near' | 'far', number[]> = { near: [], far: [] }
      const { near, far, close } = await linked(
        scheme,
        { onRequest: (body) => void got.near.push(body.length) },
        {
          onRequest(body) {
            expect(body.every((byte) => byte === body.length % 251)).toBe(true)
            got.far.push(body.length)
          },
        },
      )
      const bodies = sizes.map((size) => new Uint8Array(size).fill(size % 251))
      await Promise.all([...bodies.map((body) => near.request(body)), ...bodies.map((body) => far.request(body))])
      expect(got).toEqual({ near: sizes, far: sizes })
      expect([near.window, far.window]).toEqual([1024, 1024])
      near.close()
      await close()
    })

    test('one after the other', async () => {
      const { near, close } = await linked(scheme, {}, {})
      for (let count = 0; count < 50; count++) await near.request(new Uint8Array(count))
      near.close()
      await close()
    })

    test('what is unanswered fails when the link ends', async () => {
      const ended: (PeerError | undefined)[] = []
      const pair = await streams(scheme)
      const near = new FrameLink(pair.near, { onClosed: (error) => ended.push(error) })
      const lost = near.request(new Uint8Array(10))
      pair.far.start({ data() {}, end() {}, drain() {}, closed() {} })
      pair.far.end()
      await expect(lost).rejects.toMatchObject({ code: 'closed', blame: 'local' })
      expect(ended).toEqual([undefined])
      expect(near.window).toBe(0)
      await expect(near.request(new Uint8Array(1))).rejects.toMatchObject({ code: 'closed' })
      pair.far.abort()
      await pair.close()
    })
  })
}

describe('frame link', () => {
  test('limits: window, body', async () => {
    const { near, close } = await linked('memory', { windowRequests: 2, bodyBytes: 10 }, {})
    const [first, second] = [near.request(new Uint8Array(10)), near.request(new Uint8Array(10))]
    await expect(near.request(new Uint8Array(1))).rejects.toMatchObject({ code: 'window-full' })
    await expect(near.request(new Uint8Array(11))).rejects.toMatchObject({ code: 'length' })
    await Promise.all([first, second])
    near.close()
    await close()
  })

  test('a request that is larger than the other side takes ends the link', async () => {
    const { near, close } = await linked('memory', {}, { bodyBytes: 10 })
    await expect(near.request(new Uint8Array(11))).rejects.toMatchObject({ code: 'transport' })
    await close()
  })

  test('a handler that throws ends the link, and nothing else', async () => {
    const ended: (PeerError | undefined)[] = []
    const { near, close } = await linked(
      'memory',
      {},
      {
        onRequest() {
          throw new Error('no')
        },
        onClosed: (error) => ended.push(error),
      },
    )
    await expect(near.request(new Uint8Array(1))).rejects.toMatchObject({ code: 'transport' })
    expect(ended).toMatchObject([{ code: 'handler', blame: 'local', cause: { message: 'no' } }])
    await close()
  })

  test.each([
    [
      'a frame that is neither request nor OK',
      [0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0],
      'unexpected-type',
    ],
    ['an OK without id', [0, 0, 0, 0, 0, 0, 0x7f, 0xff, 0, 0, 0, 0, 0, 0, 0, 0], 'length'],
    [
      'a request without id',
      [0, 0, 0, 0, 0, 0, OPAQUE_TYPE >> 8, OPAQUE_TYPE & 0xff, 0, 0, 0, 0, 0, 0, 0, 0],
      'length',
    ],
    ['half a header, then the end', [0, 0, 0], 'truncated'],
  ])('%s', async (_, bytes, code) => {
    const pair = await streams('memory')
    const error = new Promise((resolve) => new FrameLink(pair.near, { onClosed: resolve }))
    pair.far.start({ data() {}, end() {}, drain() {}, closed() {} })
    pair.far.write(Uint8Array.from(bytes))
    pair.far.end()
    expect(await error).toMatchObject({ code, blame: 'remote' })
    await pair.close()
  })

  test.each(['onRequest', 'the callback of a request'])(
    'closed from inside %s: nothing is handed out any more',
    async (where) => {
      const pair = await streams('memory')
      let requests = 0
      const far: FrameLink = new FrameLink(pair.far, {
        onRequest() {
          requests++
          if (where === 'onRequest') far.close()
        },
      })
      const near = new FrameLink(pair.near)
      const outcomes: (string | undefined)[] = []
      for (let count = 0; count < 5; count++) {
        near.send(new Uint8Array(1), (error) => {
          outcomes.push(error?.code)
          if (where !== 'onRequest') near.close()
        })
      }
      while (outcomes.length < 5) await new Promise((resolve) => setImmediate(resolve))
      expect(requests).toBe(where === 'onRequest' ? 1 : 5)
      expect(outcomes).toEqual(
        where === 'onRequest' ? Array(5).fill('closed') : [undefined, ...Array(4).fill('closed')],
      )
      near.close()
      far.close()
      await pair.close()
    },
  )

  test('one OK for all that a read brought', async () => {
    const pair = await streams('memory')
    let bytes = 0
    const far = new FrameLink(pair.far)
    const near = new FrameLink(pair.near)
    const start = near.window
    const original = pair.far.write.bind(pair.far)
    pair.far.write = (chunk) => {
      bytes += chunk.length
      return original(chunk)
    }
    await Promise.all(Array.from({ length: 20 }, () => near.request(new Uint8Array(3))))
    expect(bytes).toBe(24)
    expect(near.window).toBe(start)
    near.close()
    far.close()
    await pair.close()
  })

  test('OKs for nobody are of no consequence', async () => {
    const pair = await streams('memory')
    const near = new FrameLink(pair.near)
    pair.far.start({ data() {}, end() {}, drain() {}, closed() {} })
    pair.far.write(Uint8Array.from([0, 0, 0, 0, 0, 0, 0x7f, 0xff, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 9]))
    const asked = near.request(new Uint8Array(1))
    pair.far.write(Uint8Array.from([0, 0, 0, 0, 0, 0, 0x7f, 0xff, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0]))
    await asked
    near.close()
    pair.far.end()
    await pair.close()
  })

  test('a side that asks and never reads is left', async () => {
    const pair = await streams('memory', 100)
    const error = new Promise((resolve) => new FrameLink(pair.near, { queuedBytes: 1_000, onClosed: resolve }))
    const request = new Uint8Array(24)
    request.set([OPAQUE_TYPE >> 8, OPAQUE_TYPE & 0xff], 6)
    request[15] = 8
    let closed = false
    pair.far.start({
      data() {},
      end() {},
      drain() {},
      closed() {
        closed = true
      },
    })
    pair.far.pause()
    let requests = 0
    while (!closed) {
      pair.far.write(request.slice())
      requests++
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await error).toMatchObject({ code: 'slow-reader', blame: 'remote' })
    expect(requests).toBeLessThan(60)
    await pair.close()
  })
})

describe('requests that leave together', () => {
  test('have a promise each', async () => {
    const { near, far, close } = await linked('memory', {}, {})
    const requests = Array.from({ length: 10 }, () => near.request(new Uint8Array(10)))
    expect(new Set(requests).size).toBe(10)
    await Promise.all(requests)
    near.close()
    far.close()
    await close()
  })

  test('promises and callbacks settle in the order of writing', async () => {
    const { near, far, close } = await linked('memory', {}, {})
    const order: number[] = []
    const first = near.request(new Uint8Array(1)).then(() => order.push(1))
    const second = new Promise<void>((resolve) => {
      near.send(new Uint8Array(1), () => queueMicrotask(() => resolve(void order.push(2))))
    })
    const third = near.request(new Uint8Array(1)).then(() => order.push(3))
    await Promise.all([first, second, third])
    expect(order).toEqual([1, 2, 3])
    near.close()
    far.close()
    await close()
  })
})
