import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeStreamPacket,
  encodeStreamPacket,
  MAX_STREAM_DATA_BYTES,
  StreamFlag,
  type StreamPacket,
  writeStreamPacket,
} from '../../src/wire/stream-packet.js'
import { bytesOf, codeOf, expectTotal } from './support/bytes.js'

const SYN: StreamPacket = {
  sourcePort: 49_152,
  destinationPort: 42,
  seq: 0,
  ack: 0,
  flags: StreamFlag.syn,
  window: 524_288,
  data: new Uint8Array(0),
}
const u16 = fc.nat({ max: 0xffff })
const u32 = fc.nat({ max: 0xffff_ffff })
const packet: fc.Arbitrary<StreamPacket> = fc.record({
  sourcePort: u16,
  destinationPort: u16,
  seq: u32,
  ack: u32,
  flags: fc.nat({ max: 0xff }),
  window: fc.nat({ max: 0xff_ffff }),
  data: fc.uint8Array({ maxLength: 100 }),
})

test('any packet is the same there and back', () => {
  fc.assert(
    fc.property(packet, (value) => {
      expect(decodeStreamPacket(encodeStreamPacket(value))).toEqual(value)
    }),
    { seed: 1 },
  )
})

test('every field has its place', () => {
  const bytes = encodeStreamPacket({
    sourcePort: 0x0102,
    destinationPort: 0x0304,
    seq: 0x8506_0708,
    ack: 0xf90a_0b0c,
    flags: 0x1d,
    window: 0x0e0f10,
    data: bytesOf('1112'),
  })
  expect(bytes).toEqual(bytesOf('010203048506' + '0708f90a0b0c1d0e0f101112'))
})

test('it is written in the middle of other bytes', () => {
  const target = new Uint8Array(20).fill(0xee)
  expect(writeStreamPacket({ ...SYN, data: bytesOf('07') }, target, 2)).toBe(19)
  expect(target.subarray(0, 4)).toEqual(bytesOf('eeeec000'))
  expect(target.subarray(17)).toEqual(bytesOf('0007ee'))
})

test('a window above 24 bits is cut to its lowest ones', () => {
  expect(decodeStreamPacket(encodeStreamPacket({ ...SYN, window: 0x0100_0005 })).window).toBe(5)
})

test('the data is a view', () => {
  const bytes = encodeStreamPacket({ ...SYN, data: bytesOf('07') })
  const { data } = decodeStreamPacket(bytes)
  bytes[16] = 9
  expect(data).toEqual(bytesOf('09'))
})

test('any bytes are a packet or refused', () => {
  expectTotal([encodeStreamPacket(SYN)], decodeStreamPacket, encodeStreamPacket)
})

describe('refused', () => {
  test('fewer bytes than a header has', () => {
    for (let size = 0; size < 16; size++) {
      expect(codeOf(() => decodeStreamPacket(new Uint8Array(size)))).toBe('malformed')
    }
  })

  test.each([
    { sourcePort: 65_536 },
    { sourcePort: -1 },
    { destinationPort: 65_536 },
    { seq: 2 ** 32 },
    { seq: -1 },
    { ack: 0.5 },
    { flags: 256 },
    { window: -1 },
  ])('%o to encode', (change) => {
    expect(codeOf(() => encodeStreamPacket({ ...SYN, ...change }))).toBe('misuse')
  })

  test('more data than a packet has room for, to encode', () => {
    const data = new Uint8Array(MAX_STREAM_DATA_BYTES + 1)
    expect(codeOf(() => encodeStreamPacket({ ...SYN, data }))).toBe('too-large')
    expect(encodeStreamPacket({ ...SYN, data: data.subarray(1) })).toHaveLength(MAX_STREAM_DATA_BYTES + 16)
  })
})
