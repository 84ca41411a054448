import { createSha256 } from '@mimirjs/crypto'
import { type ByteStream, Transports } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { tcp } from '@mimirjs/transport/tcp'
import { createClock, createFaultyProxy, faultyStreams, type StreamFaults } from '@mimirjs/transport/testing'
import { describe, expect, test } from 'vitest'
import { bytesOf, createNet, fileOf, later, sink, turn, turns, until } from './support/file-server.js'

const MIB = 1_048_576
const SEEDS = 12

/** A faulty link between a client and a server, both ends ours. */
async function faultyPair(faults: StreamFaults, seed: number) {
  const transports = new Transports([faultyStreams(createMemoryNetwork().streams, faults, { seed })])
  const net = createNet()
  const server = await net.server({ transports, address: 'memory://files' })
  let dials = 0
  const client = net.client(server, {
    dial: (signal) => {
      dials++
      return transports.dial(server.address, { signal })
    },
  })
  return {
    server,
    client,
    get dials() {
      return dials
    },
  }
}

describe('over a link that is cut, split and slow, with seeds', () => {
  test('uploads and downloads end with the right bytes', async () => {
    let dials = 0
    for (let seed = 1; seed <= SEEDS; seed++) {
      const pair = await faultyPair({ cutAfterBytes: 2_000_000, cutChance: 0.5, splitBytes: 20_000, delayMs: 1 }, seed)
      const file = fileOf(bytesOf(500_000, seed), 77_777)
      await pair.client.upload(file)
      const whole = sink()
      let parts = 0
      const write = (bytes: Uint8Array): void | Promise<void> => {
        whole.write(bytes)
        return parts++ % 2 === 0 ? Promise.resolve() : undefined
      }
      expect(await pair.client.download(file.hash, { offset: 0, write })).toEqual({ sizeBytes: 500_000 })
      expect(whole.hash).toEqual(file.hash)
      expect(pair.server.stats()).toMatchObject({ files: 1, storedBytes: 500_000 })
      dials += pair.dials
    }
    // Without a cut it would be one for each.
    expect(dials).toBeGreaterThan(SEEDS)
  })

  test('a download goes on through many cuts without a byte twice', async () => {
    const net = createNet('tcp')
    const server = await net.server()
    const file = fileOf(bytesOf(6 * MIB))
    await net.client(server).upload(file)
    const proxy = later(
      await createFaultyProxy({
        listen: 'tcp://127.0.0.1:0',
        target: server.address,
        faults: { cutAfterBytes: 2 * MIB },
        seed: 7,
      }),
    )
    let dials = 0
    const client = net.client(proxy, {
      dial: (signal) => {
        dials++
        return net.transports.dial(proxy.address, { signal })
      },
    })
    const whole = sink()
    await client.download(file.hash, { offset: 0, sizeBytes: 6 * MIB, write: whole.write })
    expect([whole.sizeBytes, whole.hash]).toEqual([6 * MIB, file.hash])
    expect(dials).toBeGreaterThan(3)
  })

  test('a link that freezes is left after 60 s, and one that is cut at once', async () => {
    const net = createNet('tcp')
    const server = await net.server()
    const proxy = later(await createFaultyProxy({ listen: 'tcp://127.0.0.1:0', target: server.address }))
    const clock = createClock()
    let dials = 0
    const client = net.client(proxy, {
      clock,
      dial: (signal) => {
        dials++
        return net.transports.dial(proxy.address, { signal })
      },
    })
    const file = fileOf(bytesOf(3 * MIB))
    let frozen = false
    const onProgress = (doneBytes: number): void => {
      if (frozen || doneBytes < MIB) return
      frozen = true
      proxy.freeze()
    }
    let done = false
    const transfers = (async () => {
      await client.upload(file, { onProgress })
      const whole = sink()
      const write = (bytes: Uint8Array): void => {
        whole.write(bytes)
        if (whole.sizeBytes % MIB === 0) proxy.cut()
      }
      await client.download(file.hash, { offset: 0, write })
      return whole.hash
    })().finally(() => {
      done = true
    })
    await until(() => frozen)
    await turns(50)
    expect(done).toBe(false)
    clock.advance(60_000)
    proxy.thaw()
    while (!done) {
      await turn()
      // The pauses between attempts pass; nothing else is that near.
      const dueMs = clock.nextDueMs ?? Number.POSITIVE_INFINITY
      if (dueMs < clock.nowMs() + 100) clock.advance(dueMs - clock.nowMs())
    }
    expect(await transfers).toEqual(file.hash)
    expect(dials).toBeGreaterThanOrEqual(4)
  })
})

describe('64 MiB', () => {
  const SIZE = 64 * MIB
  const block = bytesOf(MIB)

  /** Blocks that are all different, made as they are asked for. */
  function* blocks(): Generator<Uint8Array> {
    for (let index = 0; index < SIZE / MIB; index++) {
      const bytes = block.slice()
      bytes[0] = index
      yield bytes
    }
  }

  const hash = createSha256()
  for (const bytes of blocks()) hash.update(bytes)
  const fileHash = hash.digest()

  /** Counts what goes through a stream. */
  function counted(stream: ByteStream) {
    const counts = { written: 0, delivered: 0 }
    const view: ByteStream = {
      remoteAddress: stream.remoteAddress,
      localAddress: stream.localAddress,
      start: (handlers) =>
        stream.start({
          data: (chunk) => {
            counts.delivered += chunk.length
            handlers.data(chunk)
          },
          end: () => handlers.end(),
          drain: () => handlers.drain(),
          closed: (error) => handlers.closed(error),
        }),
      write: (chunk) => {
        counts.written += chunk.length
        return stream.write(chunk)
      },
      writeAll: (chunks) => {
        for (const chunk of chunks) counts.written += chunk.length
        return stream.writeAll(chunks)
      },
      pause: () => stream.pause(),
      resume: () => stream.resume(),
      end: () => stream.end(),
      abort: (error) => stream.abort(error),
    }
    return { view, counts }
  }

  test.each([
    ['memory', createMemoryNetwork().streams, 'memory://files'],
    ['tcp', tcp(), 'tcp://127.0.0.1:0'],
  ] as const)('go and come back over %s, and little of them is held at any time', async (_name, transport, address) => {
    const transports = new Transports([transport])
    const net = createNet()
    const server = await net.server({ transports, address })
    let counts = { written: 0, delivered: 0 }
    const client = net.client(server, {
      dial: async (signal) => {
        const stream = counted(await transports.dial(server.address, { signal }))
        counts = stream.counts
        return stream.view
      },
    })

    let taken = 0
    let acknowledged = 0
    let mostWaiting = 0
    const open = async function* () {
      for (const bytes of blocks()) {
        mostWaiting = Math.max(mostWaiting, taken - acknowledged)
        taken += bytes.length
        yield bytes
      }
    }
    await client.upload(
      { hash: fileHash, guid: 1n, sizeBytes: SIZE, open },
      {
        onProgress: (doneBytes) => {
          acknowledged = doneBytes
          mostWaiting = Math.max(mostWaiting, counts.written - acknowledged)
        },
      },
    )
    // One block that is being cut, and four chunks on their way; of what was written, a header for every chunk.
    expect(mostWaiting).toBeLessThan(2 * MIB)
    expect(server.stats()).toMatchObject({ files: 1, storedBytes: SIZE, temporaryBytes: 0 })

    const got = createSha256()
    let written = 0
    let mostHeld = 0
    let writing = 0
    const deliveredBefore = counts.delivered
    await client.download(fileHash, {
      offset: 0,
      sizeBytes: SIZE,
      write: async (bytes) => {
        expect(writing++).toBe(0)
        got.update(bytes)
        // A slow disk: what comes meanwhile has to wait outside.
        await new Promise((resolve) => setImmediate(resolve))
        writing--
        written += bytes.length
        mostHeld = Math.max(mostHeld, counts.delivered - deliveredBefore - written)
      },
    })
    expect(got.digest()).toEqual(fileHash)
    // A frame that is not whole yet, and what one delivery of the network brought.
    expect(mostHeld).toBeLessThan(MIB)
    await client.close()
    await until(() => server.stats().connections === 0)
  })
})
