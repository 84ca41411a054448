import { createRandom } from '@mimirjs/transport/testing'
import { describe, expect, it } from 'vitest'
import { LinkInput } from '../../src/links/input.js'
import { LinkOutput } from '../../src/links/output.js'
import { SLAB_BYTES, SlabPool } from '../../src/links/slab.js'
import type { WriteOutcome } from '../../src/links/types.js'
import { encodeFrame, PacketType } from '../../src/wire/frame.js'
import { FrameReader } from '../../src/wire/frame-reader.js'

/** A transport that answers as it is told to, and keeps what it got as a transport would. */
class FakeRaw {
  outcome: WriteOutcome = 'sent'
  readonly writes: Uint8Array[] = []
  paused = 0
  resumed = 0

  write(bytes: Uint8Array): WriteOutcome {
    this.writes.push(this.outcome === 'sent' ? bytes.slice() : bytes)
    return this.outcome
  }

  pause(): void {
    this.paused++
  }

  resume(): void {
    this.resumed++
  }

  get written(): Uint8Array {
    return joined(this.writes)
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** Much faster for long arrays than `toEqual`. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}

function frames(count: number, seed: number, maxBytes: number): Uint8Array[] {
  const random = createRandom(seed)
  return Array.from({ length: count }, (_, at) => {
    const body = new Uint8Array(Math.floor(random.next() * maxBytes)).fill(at)
    return encodeFrame(PacketType.traffic, body)
  })
}

describe('LinkOutput', () => {
  it('hands the frames of a turn over in one write', () => {
    const raw = new FakeRaw()
    const output = new LinkOutput(raw, new SlabPool())
    const all = frames(10, 1, 100)
    for (const frame of all) expect(output.write(frame)).toBe(true)
    expect(raw.writes).toEqual([])
    expect(output.waitingBytes).toBe(joined(all).length)
    expect(output.flush()).toBe(true)
    expect(raw.writes).toEqual([joined(all)])
    expect(output.flush()).toBe(false)
    expect(output.waitingBytes).toBe(0)
  })

  it('copies what it takes', () => {
    const raw = new FakeRaw()
    const output = new LinkOutput(raw, new SlabPool())
    const frame = encodeFrame(PacketType.traffic, Uint8Array.of(7))
    output.write(frame)
    frame.fill(0)
    output.flush()
    expect(raw.written.at(-1)).toBe(7)
  })

  it('keeps order and content whatever the transport answers, and reuses no memory that is held', () => {
    const outcomes: readonly WriteOutcome[] = ['sent', 'kept', 'full']
    for (let seed = 1; seed <= 20; seed++) {
      const random = createRandom(seed)
      const raw = new FakeRaw()
      const output = new LinkOutput(raw, new SlabPool())
      const all = frames(200, seed, 4000)
      for (const frame of all) {
        output.write(frame)
        if (random.next() < 0.2) output.flush()
        raw.outcome = outcomes[Math.floor(random.next() * 3)]!
        if (output.isFull && random.next() < 0.3) output.drained()
      }
      raw.outcome = 'sent'
      while (output.isFull) output.drained()
      output.flush()
      expect(output.waitingBytes).toBe(0)
      expect(isSame(raw.written, joined(all))).toBe(true)
    }
  })

  it('takes frames that are larger than a slab, between smaller ones', () => {
    const raw = new FakeRaw()
    const output = new LinkOutput(raw, new SlabPool())
    const sizes = [10, SLAB_BYTES - 20, 131_060, 5, 131_060, 131_060, SLAB_BYTES - 4, 1]
    const all = sizes.map((size, at) => encodeFrame(PacketType.traffic, new Uint8Array(size).fill(at)))
    for (const frame of all) output.write(frame)
    output.flush()
    expect(isSame(raw.written, joined(all))).toBe(true)
  })

  it('goes on counting while the transport is full, and loses nothing', () => {
    const raw = new FakeRaw()
    raw.outcome = 'full'
    const output = new LinkOutput(raw, new SlabPool())
    const frame = encodeFrame(PacketType.traffic, new Uint8Array(1000))
    output.write(frame)
    output.flush()
    for (let count = 0; count < 300; count++) expect(output.write(frame)).toBe(false)
    expect(output.flush()).toBe(false)
    expect(output.waitingBytes).toBe(300 * frame.length)
    expect(raw.writes.length).toBe(1)
    raw.outcome = 'sent'
    output.drained()
    expect(output.isFull).toBe(false)
    expect(raw.written.length).toBe(301 * frame.length)
  })

  it('holds no memory between turns, and gives back what nobody holds', () => {
    const pool = new SlabPool()
    const slab = pool.take()
    pool.give(slab)
    const raw = new FakeRaw()
    const output = new LinkOutput(raw, pool)
    for (let turn = 0; turn < 3; turn++) {
      output.write(Uint8Array.of(1, 1))
      output.flush()
    }
    expect(pool.take()).toBe(slab)
    pool.give(slab)
    raw.outcome = 'kept'
    output.write(Uint8Array.of(1, 1))
    output.flush()
    expect(pool.take()).not.toBe(slab)
  })

  it('forgets everything when it is discarded', () => {
    const raw = new FakeRaw()
    const output = new LinkOutput(raw, new SlabPool())
    output.write(Uint8Array.of(1, 1))
    output.discard()
    output.flush()
    expect(raw.writes).toEqual([])
    expect(output.waitingBytes).toBe(0)
  })
})

describe('LinkInput', () => {
  function input(framesPerTurn: number): { input: LinkInput; raw: FakeRaw; seen: Uint8Array[] } {
    const raw = new FakeRaw()
    const seen: Uint8Array[] = []
    const reader = new FrameReader()
    return { raw, seen, input: new LinkInput(raw, reader, framesPerTurn, (_type, body) => seen.push(body.slice())) }
  }

  it('reads so many frames in a turn, and pauses the transport for the rest', () => {
    const { input: machine, raw, seen } = input(64)
    const all = frames(200, 3, 50)
    const chunk = joined(all)
    machine.data(chunk, 0)
    expect([seen.length, raw.paused, raw.resumed]).toEqual([64, 1, 0])
    // The memory of a chunk belongs to the transport.
    chunk.fill(0xff)
    // One turn, one portion.
    machine.proceed()
    expect(seen.length).toBe(64)
    for (const count of [128, 192, 200]) {
      machine.newTurn()
      expect(machine.hasRest).toBe(true)
      machine.proceed()
      expect(seen.length).toBe(count)
    }
    expect([raw.paused, raw.resumed]).toEqual([1, 1])
    machine.newTurn()
    expect(machine.hasRest).toBe(false)
    machine.proceed()
    expect(seen.map((body) => body[0])).toEqual(all.map((frame) => (frame.length === 2 ? undefined : frame.at(-1))))
  })

  it('counts the frames of all chunks of a turn', () => {
    const { input: machine, raw, seen } = input(10)
    for (let chunk = 0; chunk < 4; chunk++) machine.data(joined(frames(4, chunk, 5)), 0)
    expect([seen.length, raw.paused]).toEqual([10, 1])
    machine.newTurn()
    machine.proceed()
    expect([seen.length, raw.resumed]).toEqual([16, 1])
  })

  it('reads what a transport brings although it is paused, in order', () => {
    const { input: machine, seen } = input(2)
    const all = frames(9, 5, 20)
    machine.data(joined(all.slice(0, 4)), 0)
    machine.data(joined(all.slice(4)), 0)
    for (let turn = 0; turn < 5; turn++) {
      machine.newTurn()
      machine.proceed()
    }
    expect(seen).toEqual(all.map((frame) => frame.subarray(2)))
  })

  it('begins behind what is not a frame, and tells whether one is there in part', () => {
    const { input: machine, seen } = input(64)
    const frame = encodeFrame(PacketType.traffic, Uint8Array.of(1, 2, 3))
    expect(machine.partialAfter).toBeUndefined()
    machine.data(joined([Uint8Array.of(9, 9), frame, frame.subarray(0, 3)]), 2)
    expect(seen).toEqual([Uint8Array.of(1, 2, 3)])
    expect(machine.partialAfter).toBe(1)
    machine.data(frame.subarray(3), 0)
    expect(machine.partialAfter).toBeUndefined()
  })

  it('forgets the rest when it is discarded', () => {
    const { input: machine, seen } = input(1)
    machine.data(joined(frames(5, 1, 5)), 0)
    machine.discard()
    machine.newTurn()
    expect(machine.hasRest).toBe(false)
    machine.proceed()
    expect(seen.length).toBe(1)
  })
})
