import { describe, expect, test } from 'vitest'
import type { Connection, PeerError } from '../src/index.js'
import { currentPair, digest, fileOf, Kept, PLACES, pattern } from './support/current.js'
import { message } from './support/machine.js'
import type { Resident } from './support/world.js'

/** What a resident received, as bytes: of those that keep `received` as text. */
function keepBytes(resident: Resident): Uint8Array[] {
  const got: Uint8Array[] = []
  resident.handlers = (connection) => ({
    message({ guid, payload }) {
      got.push(payload.slice())
      connection.acknowledge(guid)
      resident.changed()
    },
  })
  return got
}

for (const { name, make } of PLACES) {
  describe(`data streams over ${name}`, () => {
    test('messages above 64 KiB go on streams of their own, both ways, one at a time', async () => {
      const got: Record<'a' | 'b', Uint8Array[]> = { a: [], b: [] }
      const { a, b, connection, back, close } = await currentPair(make(), {}, (one, other) => {
        got.a = keepBytes(one)
        got.b = keepBytes(other)
      })
      const payloads = [65_537, 1_000_000, 65_536, 3_000_001].map((byteLength, at) => pattern(byteLength, at + 1))
      const sendAll = async (from: Resident, over: Connection): Promise<void> => {
        for (const [at, payload] of payloads.entries()) {
          await from.until(() => over.windowFor(payload.length) > 0)
          over.send({ ...message(BigInt(at + 1)), payload })
          if (payload.length > 65_536) expect(over.windowFor(payload.length)).toBe(0)
          await from.until(() => from.acknowledged.length === at + 1)
        }
      }
      await Promise.all([sendAll(a, connection), sendAll(b, back)])
      for (const side of [got.a, got.b]) expect(side.map(digest)).toEqual(payloads.map(digest))
      await close()
      expect([a.ended, b.ended]).toEqual([[undefined], [undefined]])
    })

    test('a file goes from its source to a sink, both ways', async () => {
      const kept: Kept[] = []
      const { a, b, connection, back, close } = await currentPair(make(), {}, (one, other) => {
        for (const resident of [one, other]) {
          resident.handlers = (over) => ({
            file(header) {
              const sink = new Kept(header, () => {
                if (sink.ended) over.acknowledge(header.guid)
                resident.changed()
              })
              kept.push(sink)
              return sink
            },
          })
        }
      })
      const keptOf = (guid: bigint): Uint8Array => kept.find(({ header }) => header.guid === guid)!.bytes
      const progress: number[] = []
      const done: (PeerError | undefined)[] = []
      const there = pattern(2_500_000, 5)
      const here = pattern(700_001, 6)
      connection.sendData({
        ...fileOf(7n, there),
        onProgress: (sentBytes) => progress.push(sentBytes),
        done: (error) => done.push(error),
      })
      back.sendData(fileOf(8n, here, 1_000))
      await Promise.all([a.until(() => a.acknowledged.length === 1), b.until(() => b.acknowledged.length === 1)])
      expect(a.acknowledged).toEqual([7n])
      expect(b.acknowledged).toEqual([8n])
      expect(digest(keptOf(7n))).toBe(digest(there))
      expect(digest(keptOf(8n))).toBe(digest(here))
      expect(done).toEqual([undefined])
      expect(progress.at(-1)).toBe(there.length)
      expect(progress).toEqual([...progress].sort((x, y) => x - y))
      await close()
      expect([a.ended, b.ended]).toEqual([[undefined], [undefined]])
    })
  })
}
