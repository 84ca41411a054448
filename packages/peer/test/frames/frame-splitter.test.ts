import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameSplitter } from '../../src/frames/frame-splitter.js'
import { concat } from '../support/machine.js'

const frameOf = (typeCode: number, body: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(16 + body.length)
  const view = new DataView(bytes.buffer)
  view.setInt32(4, typeCode)
  view.setBigInt64(8, BigInt(body.length))
  bytes.set(body, 16)
  return bytes
}

function collector(maxBodyBytes = 1_000_000): {
  splitter: FrameSplitter
  got: { typeCode: number; body: string }[]
} {
  const got: { typeCode: number; body: string }[] = []
  const splitter = new FrameSplitter(maxBodyBytes, {
    frame: (typeCode, bytes, start, end) => void got.push({ typeCode, body: latin1(bytes.subarray(start, end)) }),
  })
  return { splitter, got }
}

/** Compared as text: vitest takes its time over large arrays. */
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

const bodies = [0, 1, 15, 16, 17, 300, 70_000, 0, 5].map((length, at) => ({
  typeCode: at - 3,
  body: Uint8Array.from({ length }, (_, byte) => byte * 7 + at),
}))
const sent = bodies.map(({ typeCode, body }) => ({ typeCode, body: latin1(body) }))
const bytes = concat(bodies.map(({ typeCode, body }) => frameOf(typeCode, body)))

describe('frame splitter', () => {
  test('whole', () => {
    const { splitter, got } = collector()
    splitter.push(bytes)
    expect(got).toEqual(sent)
    expect(splitter.bufferedBytes).toBe(0)
  })

  test('one byte at a time, from one buffer that is used again', () => {
    const { splitter, got } = collector()
    const one = new Uint8Array(1)
    for (const byte of bytes) {
      one[0] = byte
      splitter.push(one)
    }
    expect(got).toEqual(sent)
  })

  test('cut anywhere', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), (cuts) => {
        const { splitter, got } = collector()
        let at = 0
        for (const cut of [...cuts.sort((a, b) => a - b), bytes.length]) {
          const chunk = bytes.slice(at, cut)
          splitter.push(chunk)
          chunk.fill(0)
          at = cut
        }
        expect(got).toEqual(sent)
      }),
      { seed: 9, numRuns: 60 },
    )
  })

  test('refused at the header: too large, negative', () => {
    const header = frameOf(1, new Uint8Array(0))
    for (const [size, code] of [
      [101n, 'length'],
      [2n ** 62n, 'length'],
      [2n ** 32n, 'length'],
      [0xffff_ffffn, 'length'],
      [-1n, 'header-size'],
    ] as const) {
      new DataView(header.buffer).setBigInt64(8, size)
      for (const cut of [16, 3]) {
        const { splitter } = collector(100)
        expect(() => {
          splitter.push(header.slice(0, cut))
          splitter.push(header.slice(cut))
        }).toThrow(expect.objectContaining({ code }))
      }
    }
  })

  test('memory grows with what arrives, not with what is announced', () => {
    const { splitter } = collector(1_000_000_000)
    const header = frameOf(1, new Uint8Array(0))
    new DataView(header.buffer).setBigInt64(8, 900_000_000n)
    const before = process.memoryUsage().arrayBuffers
    for (let count = 0; count < 20; count++) {
      splitter.push(header.slice())
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000)
    expect(splitter.bufferedBytes).toBe(320)
  })

  test('stopped by a frame, it hands out nothing more', () => {
    const got: number[] = []
    const splitter: FrameSplitter = new FrameSplitter(100, {
      frame(typeCode) {
        got.push(typeCode)
        splitter.stop()
      },
    })
    splitter.push(concat([frameOf(1, new Uint8Array(3)), frameOf(2, new Uint8Array(3)), new Uint8Array(3)]))
    splitter.push(frameOf(3, new Uint8Array(3)))
    expect(got).toEqual([1])
    expect(splitter.bufferedBytes).toBe(0)
  })
})
