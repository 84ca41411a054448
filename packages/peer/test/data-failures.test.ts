import { createClock } from '@mimirjs/transport/testing'
import { describe, expect, test } from 'vitest'
import type { Connection, PeerError } from '../src/index.js'
import { currentPair, digest, fileOf, Kept, type Pair, PLACES, type Place, pattern } from './support/current.js'
import { Cutting } from './support/cutting.js'
import { message, turn } from './support/machine.js'
import type { Resident } from './support/world.js'

/** Both keep files, with their OK when they are whole. */
function keeping(kept: Kept[]): (...residents: Resident[]) => void {
  return (...residents) => {
    for (const resident of residents) {
      resident.handlers = (connection) => ({
        file(header) {
          const sink = new Kept(header, () => {
            if (sink.ended) connection.acknowledge(header.guid)
            resident.changed()
          })
          kept.push(sink)
          return sink
        },
      })
    }
  }
}

/** Resolves with what `done` was told. */
function send(
  from: Resident,
  connection: Connection,
  guid: bigint,
  file: Partial<ReturnType<typeof fileOf>>,
): Promise<PeerError | undefined> {
  return new Promise((resolve) => {
    connection.sendData({ ...fileOf(guid, pattern(0)), ...file, done: resolve })
    from.changed()
  })
}

function directions({ a, b, connection, back }: Pair): readonly [Resident, Connection, Resident][] {
  return [
    [a, connection, b],
    [b, back, a],
  ]
}

for (const { name, make, provesKeys } of PLACES) {
  describe(`over ${name}`, () => {
    test('a source that fails, is short or is long takes the data stream along, and nothing else', async () => {
      const kept: Kept[] = []
      const pair = await currentPair(make(), {}, keeping(kept))
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield pattern(100_000)
        throw new Error('disk')
      }
      async function* of(byteLength: number): AsyncGenerator<Uint8Array> {
        for (let left = byteLength; left > 0; left -= 50_000) yield pattern(Math.min(left, 50_000))
      }
      for (const [from, connection, to] of directions(pair)) {
        kept.length = 0
        for (const [dataBytes, source, code] of [
          [300_000, broken(), 'handler'],
          [300_000, of(200_000), 'message'],
          [200_000, of(300_000), 'message'],
        ] as const) {
          const error = await send(from, connection, 7n, { dataBytes, source })
          expect(error).toMatchObject({ code, blame: 'local' })
          expect(connection.windowFor(1e6), 'its place is free').toBe(1)
          await to.until(() => kept.at(-1)?.error !== undefined)
          expect(kept.at(-1)).toMatchObject({ ended: false, error: { code: 'transport' } })
        }
        expect(await send(from, connection, 8n, fileOf(8n, pattern(150_000)))).toBeUndefined()
        await from.until(() => from.acknowledged.length === 1)
        expect(kept).toHaveLength(4)
        expect(digest(kept[3]!.bytes)).toBe(digest(pattern(150_000)))
      }
      expect([pair.a.ended, pair.b.ended]).toEqual([[], []])
      await pair.close()
    })

    test('the connection ends in the middle of a file: both sides are told, and the source is let go', async () => {
      const kept: Kept[] = []
      const { a, b, connection, back, close } = await currentPair(make(), {}, keeping(kept))
      let isReturned = false
      async function* endless(): AsyncGenerator<Uint8Array> {
        try {
          for (;;) yield pattern(70_000)
        } finally {
          isReturned = true
        }
      }
      const done = send(a, connection, 7n, { dataBytes: 500_000_000, source: endless() })
      await b.until(() => (kept[0]?.pieces.length ?? 0) > 2)
      connection.abort()
      expect(await done).toMatchObject({ code: 'aborted' })
      await b.until(() => kept[0]?.error !== undefined && b.ended.length === 1)
      expect(kept[0]!.ended).toBe(false)
      while (!isReturned) await turn()
      expect([connection.closed, back.closed]).toEqual([true, true])
      await close()
    })

    test('an orderly end in the middle of a large message is one on both sides', async () => {
      const place = make()
      for (let round = 0; round < 5; round++) {
        const { a, b, connection, close } = await currentPair(place)
        const done = send(a, connection, 7n, fileOf(7n, pattern(20_000_000)))
        for (let count = 0; count < round; count++) await turn()
        connection.close()
        expect(await done).toMatchObject({ code: 'closed' })
        await b.until(() => b.ended.length === 1)
        expect([a.ended, b.ended]).toEqual([[undefined], [undefined]])
        await close()
      }
    })

    test('a stream that takes nothing for two minutes is lost; then the connection is', async () => {
      const clock = createClock()
      const timers = { pingMs: 1e9, stallMs: 1e9, idleMs: 1e9 }
      const { a, b, connection, close } = await currentPair(make(), { clock, timers }, (_, resident) => {
        resident.handlers = () => ({ file: () => ({ write: () => new Promise(() => {}), end() {}, failed() {} }) })
      })
      for (const round of [1, 2]) {
        let error: PeerError | undefined
        const startMs = clock.nowMs()
        const file = fileOf(7n, pattern(20_000_000))
        connection.sendData({ ...file, done: (given) => (error = given) })
        for (; error === undefined; await turn()) clock.advance(1_000)
        expect(error).toMatchObject({ code: 'timeout', blame: 'timeout' })
        expect(clock.nowMs() - startMs).toBeGreaterThanOrEqual(120_000)
        expect(a.ended).toHaveLength(round - 1)
      }
      connection.abort()
      await b.until(() => b.ended.length === 1)
      await close()
    })

    test('a sink that takes its time holds the source back: memory stays flat', async () => {
      const FILE_BYTES = 30_000_000
      const open: (() => void)[] = []
      let takenBytes = 0
      let pulledBytes = 0
      let mostBytes = 0
      let isEnded = false
      const { a, b, connection, close } = await currentPair(make(), {}, (_, resident) => {
        resident.handlers = (back) => ({
          file: ({ guid }) => ({
            write(bytes) {
              takenBytes += bytes.length
              mostBytes = Math.max(mostBytes, pulledBytes - takenBytes)
              return new Promise((resolve) => {
                open.push(resolve)
                resident.changed()
              })
            },
            end() {
              isEnded = true
              back.acknowledge(guid)
            },
            failed() {},
          }),
        })
      })
      const piece = pattern(65_536)
      async function* source(): AsyncGenerator<Uint8Array> {
        for (let left = FILE_BYTES; left > 0; left -= piece.length) {
          const next = piece.slice(0, left)
          pulledBytes += next.length
          yield next
        }
      }
      connection.sendData({ ...fileOf(7n, pattern(0)), dataBytes: FILE_BYTES, source: source() })
      while (!isEnded) {
        await b.until(() => open.length > 0 || isEnded)
        expect(open.length, 'one write at a time').toBeLessThanOrEqual(1)
        open.pop()?.()
        await turn()
      }
      await a.until(() => a.acknowledged.length === 1)
      expect(takenBytes).toBe(FILE_BYTES)
      expect(mostBytes).toBeLessThan(10_000_000)
      await close()
    })

    test('messages that the application has in hand pause both streams', async () => {
      const open: bigint[] = []
      let back: Connection | undefined
      const { a, b, connection, close } = await currentPair(
        make(),
        { limits: { unauthenticated: 1_000, unauthenticatedPerAddress: 1_000, inboundMessages: 2 } },
        (_, resident) => {
          resident.handlers = (its) => {
            back = its
            return {
              message({ guid }) {
                open.push(guid)
                resident.changed()
              },
            }
          }
        },
      )
      connection.send(message(1n))
      connection.send({ ...message(2n), payload: pattern(200_000) })
      await b.until(() => open.length === 2)
      connection.send(message(3n))
      for (let count = 0; count < 20; count++) await turn()
      expect(open.sort()).toEqual([1n, 2n])
      for (const guid of [1n, 2n]) back!.acknowledge(guid)
      await b.until(() => open.length === 3)
      back!.acknowledge(3n)
      await a.until(() => a.acknowledged.length === 3)
      await close()
    })

    const cutting = (cuts: number[]): { readonly place: Place; readonly net: Cutting } => {
      const place = make()
      const net = new Cutting(place.alice, cuts)
      return { place: { ...place, alice: net }, net }
    }

    test('nothing is opened before there is something to send; what is open serves what follows', async () => {
      const { place, net } = cutting([])
      const { a, connection, close } = await currentPair(place)
      for (const guid of [1n, 2n, 3n]) {
        expect(net.roles).toEqual(guid === 1n ? [0] : [0, 1])
        connection.send({ ...message(guid), payload: pattern(70_000) })
        await a.until(() => a.acknowledged.length === Number(guid))
      }
      await close()
    })

    test('a stream that breaks is opened anew, and the message written from its start', async () => {
      const { place, net } = cutting([100_000])
      const got: string[] = []
      const { a, connection, close } = await currentPair(place, {}, (_, b) => {
        b.handlers = (back) => ({
          message({ guid, payload }) {
            got.push(digest(payload))
            back.acknowledge(guid)
          },
        })
      })
      const payload = pattern(900_000)
      connection.send({ ...message(1n), payload })
      await a.until(() => a.acknowledged.length === 1)
      expect(net.roles).toEqual([0, 1, 1])
      expect(got).toEqual([digest(payload)])
      net.streams.at(-1)!.abort()
      for (let count = 0; count < 5; count++) await turn()
      net.cuts.push(50_000)
      connection.send({ ...message(2n), payload })
      await a.until(() => a.acknowledged.length === 2)
      expect(a.ended, 'a delivery in between: it may break again').toEqual([])
      await close()
    })

    test('one that breaks twice ends the connection', async () => {
      const { place } = cutting([100_000, 100_000])
      const { a, connection, close } = await currentPair(place)
      connection.send({ ...message(1n), payload: pattern(900_000) })
      await a.until(() => a.ended.length === 1)
      expect(a.ended).toMatchObject([{ code: 'transport', blame: 'transport' }])
      await close()
    })

    test('a file from a source is lost with its stream, the connection is not', async () => {
      const { place } = cutting([100_000])
      const kept: Kept[] = []
      const { a, connection, close } = await currentPair(place, {}, keeping(kept))
      async function* slowly(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < bytes.length; at += 70_000) {
          yield bytes.subarray(at, at + 70_000)
          await turn()
        }
      }
      const source = slowly(pattern(900_000))
      expect(await send(a, connection, 7n, { dataBytes: 900_000, source })).toMatchObject({ code: 'transport' })
      expect(await send(a, connection, 7n, fileOf(7n, pattern(900_000)))).toBeUndefined()
      await a.until(() => a.acknowledged.length === 1)
      expect(digest(kept.at(-1)!.bytes)).toBe(digest(pattern(900_000)))
      expect(a.ended).toEqual([])
      await close()
    })

    test('one that breaks behind the last byte of a file leaves the window, and is answered for by nobody', async () => {
      const { place } = cutting([44 + 100_000 - 1])
      const unanswered: bigint[] = []
      const { a, connection, close } = await currentPair(place, {}, (one) => {
        one.handlers = () => ({
          unanswered(guid) {
            unanswered.push(guid)
            one.changed()
          },
        })
      })
      expect(await send(a, connection, 7n, fileOf(7n, pattern(100_000)))).toBeUndefined()
      await a.until(() => unanswered.length === 1)
      expect(unanswered).toEqual([7n])
      expect(connection.windowFor(1e6)).toBe(1)
      await close()
    })

    test('an idle stream that breaks is no failure', async () => {
      const { place, net } = cutting([])
      const { a, connection, close } = await currentPair(place)
      for (let guid = 1n; guid <= 4n; guid++) {
        connection.send({ ...message(guid), payload: pattern(70_000) })
        await a.until(() => a.acknowledged.length === Number(guid))
        net.streams.at(-1)!.abort()
        for (let count = 0; count < 5; count++) await turn()
      }
      expect(net.roles).toEqual([0, 1, 1, 1, 1])
      expect(a.ended).toEqual([])
      await close()
    })

    if (!provesKeys) return
    test('whoever cannot be reached cannot be sent large messages', async () => {
      const place = make()
      let listener: { close(): Promise<void> } | undefined
      const alice = {
        ...place.alice,
        listen: async (...args: Parameters<typeof place.alice.listen>) => {
          listener = await place.alice.listen(...args)
          return listener as Awaited<ReturnType<typeof place.alice.listen>>
        },
      }
      const { b, back, close } = await currentPair({ ...place, alice })
      await listener!.close()
      back.send({ ...message(1n), payload: pattern(70_000) })
      await b.until(() => b.ended.length === 1)
      expect(b.ended).toMatchObject([{ code: 'transport' }])
      await close()
    })
  })
}

test('what there is no room for, and what cannot be written', async () => {
  const { a, connection, close } = await currentPair(PLACES[1]!.make())
  connection.send({ ...message(1n), payload: pattern(70_000) })
  const full = expect.objectContaining({ code: 'window-full', blame: 'local' })
  expect(() => connection.send({ ...message(2n), payload: pattern(70_000) })).toThrow(full)
  expect(() => connection.sendData(fileOf(2n, pattern(5)))).toThrow(full)
  expect(() => connection.send(message(1n))).toThrow(expect.objectContaining({ code: 'duplicate-guid' }))
  await a.until(() => a.acknowledged.length === 1)
  const bad = expect.objectContaining({ code: 'message', blame: 'local' })
  const large = { ...message(3n), payload: { length: 16 * 1_048_576 + 1 } as Uint8Array }
  expect(() => connection.send(large)).toThrow(bad)
  expect(() => connection.sendData({ ...fileOf(0n, pattern(5)) })).toThrow(bad)
  expect(() => connection.sendData({ ...fileOf(4n, pattern(5)), dataBytes: 536_870_913 })).toThrow(bad)
  expect(() => connection.sendData({ ...fileOf(4n, pattern(5)), dataBytes: -1 })).toThrow(bad)
  expect(() => connection.sendData({ ...fileOf(4n, pattern(5)), messageType: 2 ** 40 })).toThrow(bad)
  expect(connection.windowFor(70_000)).toBe(1)
  await close()
  expect(() => connection.sendData(fileOf(5n, pattern(5)))).toThrow(expect.objectContaining({ code: 'closed' }))
  expect(connection.windowFor(70_000)).toBe(0)
})
