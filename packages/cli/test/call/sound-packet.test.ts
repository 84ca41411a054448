import { describe, expect, test } from 'vitest'
import { decodeSound, encodeSound } from '../../src/call/sound-packet.js'

describe('a packet of sound', () => {
  test('is number, time and samples in network byte order', () => {
    const samples = Uint8Array.of(0x34, 0x12, 0x78, 0x56)
    const packet = encodeSound({ sequence: 0xfffffffe, timestampMs: 20, samples })
    expect(Buffer.from(packet).toString('hex')).toBe('fffffffe000000141234' + '5678')
    expect(samples).toEqual(Uint8Array.of(0x34, 0x12, 0x78, 0x56))
    const decoded = decodeSound(packet, 2)
    expect(decoded).toMatchObject({ sequence: 0xfffffffe, timestampMs: 20 })
    expect(new Uint8Array(decoded?.samples ?? [])).toEqual(samples)
  })

  test('numbers go on from 0 after the last', () => {
    const packet = encodeSound({ sequence: 2 ** 32 + 1, timestampMs: 2 ** 32 + 2, samples: new Uint8Array(0) })
    expect(decodeSound(packet, 2)).toMatchObject({ sequence: 1, timestampMs: 2 })
  })

  test('wherever it stands in a larger memory', () => {
    const memory = new Uint8Array(32)
    memory.set(encodeSound({ sequence: 7, timestampMs: 8, samples: Uint8Array.of(1, 2) }), 5)
    expect(decodeSound(memory.subarray(5, 15), 2)).toMatchObject({ sequence: 7, timestampMs: 8 })
  })

  test('anything else is none', () => {
    for (const length of [0, 1, 7, 9, 11]) expect(decodeSound(new Uint8Array(length), 2)).toBeUndefined()
    expect(decodeSound(new Uint8Array(10), 4)).toBeUndefined()
    expect(decodeSound(new Uint8Array(8), 4)?.samples).toHaveLength(0)
  })
})
