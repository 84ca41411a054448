import { describe, expect, test } from 'vitest'
import { FrameWriter } from '../../src/frames/frame-writer.js'
import { WriteTurn } from '../../src/frames/write-turn.js'
import { concat } from '../support/machine.js'

const turnOver = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A stream that keeps what it is given and says `false` on demand. */
class Sink {
  readonly writes: Uint8Array[][] = []
  open = true

  write(chunk: Uint8Array): boolean {
    this.writes.push([chunk])
    return this.open
  }

  writeAll(chunks: readonly Uint8Array[]): boolean {
    this.writes.push([...chunks])
    return this.open
  }

  get bytes(): number[] {
    return [...concat(this.writes.flat())]
  }
}

function put(writer: FrameWriter, ...values: number[]): void {
  const at = writer.reserve(values.length)
  writer.bytes.set(values, at)
  writer.commit()
}

describe('frame writer', () => {
  test('the frames of a turn are one write', async () => {
    const sink = new Sink()
    const writer = new FrameWriter(sink, true)
    for (let value = 0; value < 10; value++) put(writer, value, value)
    expect(sink.writes).toEqual([])
    await turnOver()
    expect(sink.writes).toHaveLength(1)
    expect(sink.bytes).toEqual(Array.from({ length: 20 }, (_, at) => at >> 1))
  })

  test('two writers that share a slab keep their frames apart and in order', async () => {
    const turn = new WriteTurn()
    const [a, b] = [new Sink(), new Sink()]
    const [writerA, writerB] = [new FrameWriter(a, true, turn), new FrameWriter(b, true, turn)]
    for (let value = 0; value < 50; value++) {
      put(writerA, value)
      if (value % 3 === 0) put(writerB, 100 + value)
    }
    await turnOver()
    expect(a.bytes).toEqual(Array.from({ length: 50 }, (_, at) => at))
    expect(b.bytes).toEqual(Array.from({ length: 17 }, (_, at) => 100 + 3 * at))
    expect([a.writes.length, b.writes.length]).toEqual([1, 1])
  })

  test('what was handed over is never written again', async () => {
    const sink = new Sink()
    const writer = new FrameWriter(sink, true)
    for (let round = 0; round < 40; round++) {
      const values = new Uint8Array(5_000).fill(round)
      put(writer, ...values)
      await turnOver()
    }
    for (const [round, write] of sink.writes.entries()) {
      for (const chunk of write) expect(chunk.every((byte) => byte === round)).toBe(true)
    }
    expect(sink.writes).toHaveLength(40)
  })

  test('megabytes go piece by piece, each after the last one drained; the end waits for nobody', async () => {
    const sink = new Sink()
    const writer = new FrameWriter(sink, true)
    const large = new Uint8Array(2_000_000).map((_, at) => at % 251)
    put(writer, 1)
    writer.reference(large)
    writer.commit()
    put(writer, 2)
    sink.open = false
    await turnOver()
    let pieces = 1
    for (let before = 0; sink.writes.length > before && sink.bytes.length < 1_500_000; pieces++) {
      before = sink.writes.length
      expect(writer.blocked).toBe(true)
      expect(concat(sink.writes.at(-1)!).length).toBeLessThanOrEqual(512 * 1024)
      put(writer, 3)
      writer.drained()
    }
    expect(pieces).toBeGreaterThan(2)
    writer.finish()
    expect(sink.bytes.length).toBe(2_000_000 + 2 + pieces - 1)
    expect(sink.bytes.slice(1, 2_000_001).every((byte, at) => byte === at % 251)).toBe(true)
    expect(sink.bytes.slice(2_000_001)).toEqual([2, ...new Array<number>(pieces - 1).fill(3)])
  })

  test('large parts go by reference, in their place', async () => {
    const sink = new Sink()
    const writer = new FrameWriter(sink, true)
    const large = Uint8Array.of(7, 7, 7)
    put(writer, 1)
    writer.reference(large)
    writer.commit()
    put(writer, 2)
    await turnOver()
    expect(sink.writes).toHaveLength(1)
    expect(sink.writes[0]![1]).toBe(large)
    expect(sink.bytes).toEqual([1, 7, 7, 7, 2])
  })

  test('the first part of a long turn leaves at once', async () => {
    const sink = new Sink()
    const writer = new FrameWriter(sink, true)
    for (let count = 0; count < 100; count++) put(writer, ...new Uint8Array(100))
    expect(sink.writes).toHaveLength(1)
    await turnOver()
    expect(sink.writes).toHaveLength(2)
    expect(sink.bytes).toHaveLength(10_000)
  })

  test('corked, it waits for the end of a chunk and not for the end of the turn', () => {
    const sink = new Sink()
    const writer = new FrameWriter(sink, true)
    writer.cork()
    put(writer, 1)
    put(writer, 2)
    expect(sink.writes).toEqual([])
    writer.uncork()
    expect(sink.bytes).toEqual([1, 2])
  })

  test('without coalescing every frame is a write', () => {
    const sink = new Sink()
    const writer = new FrameWriter(sink, false)
    put(writer, 1)
    const at = writer.reserve(1)
    writer.bytes[at] = 2
    writer.reference(Uint8Array.of(3))
    writer.commit()
    expect(sink.writes.map((write) => write.length)).toEqual([1, 2])
    expect(sink.bytes).toEqual([1, 2, 3])
  })

  test('a stream that asks to stop is left alone until it drains', async () => {
    const sink = new Sink()
    const writer = new FrameWriter(sink, true)
    sink.open = false
    put(writer, 1)
    await turnOver()
    expect(writer.blocked).toBe(true)
    put(writer, 2)
    const at = writer.reserveAnswer(2)
    writer.bytes.set([3, 3], at)
    writer.commit()
    await turnOver()
    expect(sink.bytes).toEqual([1])
    expect(writer.queuedAnswerBytes).toBe(2)
    sink.open = true
    writer.drained()
    expect(sink.bytes).toEqual([1, 2, 3, 3])
    expect([writer.blocked, writer.queuedAnswerBytes]).toEqual([false, 0])
  })

  test('finish hands everything over, discard nothing', async () => {
    const sink = new Sink()
    const [finished, discarded] = [new FrameWriter(sink, true), new FrameWriter(sink, true)]
    sink.open = false
    put(finished, 1)
    await turnOver()
    put(finished, 2)
    finished.finish()
    put(finished, 3)
    put(discarded, 4)
    discarded.discard()
    put(discarded, 5)
    await turnOver()
    expect(sink.bytes).toEqual([1, 2])
  })
})
