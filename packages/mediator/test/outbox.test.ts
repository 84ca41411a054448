import { expect, test } from 'vitest'
import { Joiner, Outbox, type Sink } from '../src/outbox.js'
import { randomOf } from './support/random.js'

/** Takes `room` bytes at a time and says no after that, as a stream with a high-water mark does. */
class SlowSink implements Sink {
  readonly chunks: Uint8Array[] = []
  readonly #room: number
  #held = 0

  constructor(room: number) {
    this.#room = room
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks)
  }

  write(chunk: Uint8Array): boolean {
    this.chunks.push(chunk)
    this.#held += chunk.length
    return this.#held < this.#room
  }

  writeAll(chunks: readonly Uint8Array[]): boolean {
    return chunks.map((chunk) => this.write(chunk)).every(Boolean)
  }

  drain(): void {
    this.#held = 0
  }
}

test('whatever the sizes and however slow the reader: every byte once, in order', () => {
  const random = randomOf(5)
  for (let round = 0; round < 50; round++) {
    const outbox = new Outbox()
    const joiner = new Joiner()
    const sink = new SlowSink(1 + random() * 400_000)
    const expected: Uint8Array[] = []
    let handedOver = 0
    for (let step = 0; step < 60; step++) {
      const bytes = Math.floor(random() < 0.1 ? random() * 900_000 : random() * 300)
      const frame = new Uint8Array(bytes).fill(step)
      outbox.push(frame)
      expected.push(frame)
      if (random() < 0.5) handedOver += outbox.flush(sink, joiner)
      if (random() < 0.3) joiner.clear()
      if (random() < 0.5) {
        sink.drain()
        outbox.drained()
      }
    }
    while (!outbox.isEmpty) {
      sink.drain()
      outbox.drained()
      handedOver += outbox.flush(sink, joiner)
    }
    expect(Buffer.compare(sink.bytes, Buffer.concat(expected))).toBe(0)
    expect(handedOver).toBe(sink.bytes.length)
    expect(outbox.bytes).toBe(0)
    expect(outbox.waiting).toEqual({ frames: 0, bytes: 0 })
  }
})

test('a blocked stream is given nothing, and what waits beyond the frame being written is counted', () => {
  const outbox = new Outbox()
  const sink = new SlowSink(1)
  outbox.push(new Uint8Array(1_000_000))
  outbox.flush(sink, new Joiner())
  expect(sink.bytes.length).toBe(262_144)
  for (let frame = 0; frame < 3; frame++) outbox.push(new Uint8Array(10))
  outbox.flush(sink, new Joiner())
  expect(sink.bytes.length).toBe(262_144)
  expect(outbox.waiting).toEqual({ frames: 3, bytes: 30 })
  expect(outbox.bytes).toBe(1_000_000 - 262_144 + 30)
})

test('who gets the same frames gets the same bytes, joined once', () => {
  const joiner = new Joiner()
  const [a, b, c] = [Uint8Array.of(1), Uint8Array.of(2, 2), Uint8Array.of(3)]
  const sinks = [new SlowSink(1e9), new SlowSink(1e9), new SlowSink(1e9)]
  for (const [at, frames] of [
    [a, b],
    [a, b],
    [a, c],
  ].entries()) {
    const outbox = new Outbox()
    for (const frame of frames) outbox.push(frame as Uint8Array)
    outbox.flush(sinks[at] as SlowSink, joiner)
  }
  expect(sinks[0]?.chunks[0]).toBe(sinks[1]?.chunks[0])
  expect(sinks.map((sink) => [...sink.bytes])).toEqual([
    [1, 2, 2],
    [1, 2, 2],
    [1, 3],
  ])
  // Equal lengths are not equal frames.
  expect(joiner.join([a, c], 2)).not.toBe(joiner.join([c, a], 2))
})
