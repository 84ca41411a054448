import { createRandom } from '@mimirjs/transport/testing'
import { type DataFrame, type DataHeader, encodeDataFrame, encodeDataHeader, type TextFrame } from '@mimirjs/wire/peer'
import { describe, expect, test } from 'vitest'
import { DataInbox, type InboxHost } from '../src/data/data-inbox.js'
import { PeerError } from '../src/error.js'
import type { DataSink } from '../src/types.js'
import { dataFrame } from './support/bench-by-hand.js'
import { digest, pattern } from './support/current.js'
import { concat, turn } from './support/machine.js'

/** What an inbox said, in order; data is put together. */
class Record implements InboxHost {
  readonly maxMessageBytes = 1_000_000
  readonly said: string[] = []
  isWanted = true
  readonly inbox: DataInbox = new DataInbox(this, () => this.inbox.resume())
  makeSink: (header: DataHeader) => DataSink | undefined = () => this.sink()

  wants(): boolean {
    return this.isWanted
  }

  message({ guid, payload, messageType }: TextFrame): void {
    this.said.push(`message ${guid} of type ${messageType}: ${digest(payload)}`)
  }

  file(header: DataHeader): DataSink | undefined {
    this.said.push(`file ${header.guid}, ${header.dataBytes} bytes`)
    return this.makeSink(header)
  }

  fileEnded(guid: bigint): void {
    this.said.push(`ended ${guid}`)
  }

  sinkFailed(cause: unknown): void {
    this.said.push(`sink failed: ${String(cause)}`)
  }

  call(_: string, work: () => void): void {
    work()
  }

  sink(write: (bytes: Uint8Array) => void | Promise<void> = () => {}): DataSink {
    const parts: Uint8Array[] = []
    return {
      write: (bytes) => {
        const copy = bytes.slice()
        const busy = write(bytes)
        if (busy === undefined) parts.push(copy)
        else return busy.then(() => void parts.push(bytes.slice()))
        return undefined
      },
      end: () => this.said.push(`whole: ${digest(concat(parts))}`),
      failed: ({ code }) => this.said.push(`failed: ${code}`),
    }
  }
}

const FRAMES: readonly DataFrame[] = [
  dataFrame(1n, pattern(70_000)),
  dataFrame(2n, pattern(0), 4001),
  dataFrame(-3n, pattern(5_000, 2), 4001),
  dataFrame(4n, pattern(0)),
  dataFrame(5n, pattern(100, 3), 10),
]
const BYTES = concat(FRAMES.map(encodeDataFrame))
const WHOLE = [
  `message 1 of type 0: ${digest(pattern(70_000))}`,
  'file 2, 0 bytes',
  'ended 2',
  `whole: ${digest(pattern(0))}`,
  'file -3, 5000 bytes',
  'ended -3',
  `whole: ${digest(pattern(5_000, 2))}`,
  `message 4 of type 0: ${digest(pattern(0))}`,
  `message 5 of type 10: ${digest(pattern(100, 3))}`,
]

/** Memory that is overwritten as soon as it was handed over, as that of a socket is. */
function borrowed(bytes: Uint8Array, use: (chunk: Uint8Array) => void): void {
  const chunk = bytes.slice()
  use(chunk)
  chunk.fill(0xa5)
}

describe('frames in any cut', () => {
  test.each(Array.from({ length: 30 }, (_, seed) => seed))('seed %i', (seed) => {
    const random = createRandom(seed)
    const record = new Record()
    for (let at = 0; at < BYTES.length; ) {
      const end = Math.min(BYTES.length, at + 1 + random.integer(random.chance(0.2) ? 30_000 : 60))
      borrowed(BYTES.subarray(at, end), (chunk) => record.inbox.receive(chunk))
      at = end
    }
    record.inbox.end()
    expect(record.said).toEqual(WHOLE)
    expect(record.inbox.isInside).toBe(false)
  })

  test.each(Array.from({ length: 30 }, (_, seed) => seed))('with sinks that take their time, seed %i', async (seed) => {
    const random = createRandom(seed ^ 0x77)
    const record = new Record()
    record.makeSink = () => record.sink(() => (random.chance(0.5) ? turn() : undefined))
    for (let at = 0; at < BYTES.length; ) {
      const end = Math.min(BYTES.length, at + 1 + random.integer(40_000))
      // Mostly as it is asked for; now and then more comes although we hold.
      if (random.chance(0.8)) while (record.inbox.isHeld) await turn()
      borrowed(BYTES.subarray(at, end), (chunk) => record.inbox.receive(chunk))
      at = end
    }
    while (record.inbox.isHeld) await turn()
    record.inbox.end()
    expect(record.said).toEqual(WHOLE)
  })

  test('truncated at every offset: what is whole was told, the rest is an error and fails its sink once', () => {
    const frames = [dataFrame(1n, pattern(10)), dataFrame(2n, pattern(20), 4001)]
    const bytes = concat(frames.map(encodeDataFrame))
    for (let length = 0; length <= bytes.length; length++) {
      const record = new Record()
      record.inbox.receive(bytes.slice(0, length))
      const isBorder = length === 0 || length === 54 || length === bytes.length
      if (isBorder) record.inbox.end()
      else expect(() => record.inbox.end(), `after ${length}`).toThrow(expect.objectContaining({ code: 'truncated' }))
      record.inbox.close(new PeerError('truncated', 'the end'))
      record.inbox.close(new PeerError('truncated', 'again'))
      const failures = record.said.filter((line) => line.startsWith('failed'))
      expect(failures).toHaveLength(length >= 54 + 44 && length < bytes.length ? 1 : 0)
      expect(record.said.filter((line) => line.startsWith('message'))).toHaveLength(length >= 54 ? 1 : 0)
    }
  })
})

describe('sinks', () => {
  const file = (guid: bigint, dataBytes: number): Uint8Array =>
    encodeDataFrame(dataFrame(guid, pattern(dataBytes), 4001))
  const behind = encodeDataFrame(dataFrame(9n, pattern(3)))

  test('one that holds gets nothing more, and its bytes stay as they are', async () => {
    const record = new Record()
    let release = (): void => {}
    const seen: Uint8Array[] = []
    record.makeSink = () =>
      record.sink((bytes) => {
        seen.push(bytes)
        return new Promise<void>((resolve) => {
          release = resolve
        })
      })
    borrowed(concat([file(1n, 100), behind]), (chunk) => record.inbox.receive(chunk))
    expect(record.inbox.isHeld).toBe(true)
    await turn()
    expect(digest(seen[0]!)).toBe(digest(pattern(100)))
    expect(record.said).toEqual(['file 1, 100 bytes'])
    release()
    await turn()
    expect(record.inbox.isHeld).toBe(false)
    expect(record.said.slice(1)).toEqual([
      'ended 1',
      `whole: ${digest(pattern(100))}`,
      `message 9 of type 0: ${digest(pattern(3))}`,
    ])
  })

  test.each([
    [
      'throws',
      (): void => {
        throw new Error('disk')
      },
    ],
    ['rejects', (): Promise<void> => Promise.reject(new Error('disk'))],
  ])('one that %s: told once, the rest is skipped, the stream goes on', async (_, write) => {
    const record = new Record()
    record.makeSink = () => record.sink(write)
    record.inbox.receive(file(1n, 100).slice(0, 60))
    await turn()
    record.inbox.receive(concat([file(1n, 100).slice(60), behind]))
    await turn()
    expect(record.said).toEqual([
      'file 1, 100 bytes',
      'sink failed: Error: disk',
      'failed: handler',
      `message 9 of type 0: ${digest(pattern(3))}`,
    ])
  })

  test('one that is busy when the stream is lost is told afterwards, once', async () => {
    for (const isRejected of [false, true]) {
      const record = new Record()
      let settle = (): void => {}
      const busy = new Promise<void>((resolve, reject) => {
        settle = () => (isRejected ? reject(new Error('disk')) : resolve())
      })
      record.makeSink = () => record.sink(() => busy)
      record.inbox.receive(file(1n, 100).slice(0, 60))
      record.inbox.close(new PeerError('transport', 'gone'))
      record.inbox.receive(file(1n, 100).slice(60))
      await turn()
      expect(record.said).toEqual(['file 1, 100 bytes'])
      settle()
      await turn()
      expect(record.said.filter((line) => line.startsWith('failed'))).toEqual([
        isRejected ? 'failed: handler' : 'failed: transport',
      ])
    }
  })

  test('nobody wants it: skipped', () => {
    const record = new Record()
    record.makeSink = () => undefined
    record.inbox.receive(concat([file(1n, 100), behind]))
    expect(record.said).toEqual(['file 1, 100 bytes', `message 9 of type 0: ${digest(pattern(3))}`])
  })
})

describe('memory', () => {
  test('a message that is not wanted is skipped from its header on', () => {
    const record = new Record()
    record.isWanted = false
    record.inbox.receive(encodeDataFrame(dataFrame(1n, pattern(5_000))))
    record.isWanted = true
    record.inbox.receive(encodeDataFrame(dataFrame(2n, pattern(10))))
    expect(record.said).toEqual([`message 2 of type 0: ${digest(pattern(10))}`])
  })

  test('a message grows with what comes; one that is too large is not kept at all', () => {
    const record = new Record()
    const heldBytes = process.memoryUsage().arrayBuffers
    record.inbox.receive(encodeDataHeader({ ...dataFrame(1n, pattern(0)), dataBytes: 1_000_000 }))
    expect(process.memoryUsage().arrayBuffers - heldBytes).toBeLessThan(500_000)
    const large = new Record()
    large.inbox.receive(encodeDataHeader({ ...dataFrame(1n, pattern(0)), dataBytes: 1_000_001 }))
    const chunk = pattern(50_000)
    for (let sent = 0; sent < 1_000_001; sent += chunk.length) large.inbox.receive(chunk.slice(0, 1_000_001 - sent))
    large.inbox.receive(encodeDataFrame(dataFrame(2n, pattern(4))))
    expect(large.said).toEqual([`message 2 of type 0: ${digest(pattern(4))}`])
  })

  test('a megabyte in pieces of one byte takes no more than its time', () => {
    const record = new Record()
    const bytes = encodeDataFrame(dataFrame(1n, pattern(1_000_000)))
    const startMs = performance.now()
    for (let at = 0; at < bytes.length; at++) record.inbox.receive(bytes.subarray(at, at + 1))
    expect(record.said).toHaveLength(1)
    expect(performance.now() - startMs).toBeLessThan(5_000)
  })
})
