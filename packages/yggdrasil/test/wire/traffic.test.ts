import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PacketType } from '../../src/wire/frame.js'

import { decodePacketFrame, encodePacketFrame } from '../../src/wire/packet.js'
import { pathOf } from '../../src/wire/path.js'
import {
  decodeTraffic,
  encodeTraffic,
  scanTraffic,
  type Traffic,
  TrafficScan,
  trafficHead,
  writeForwardedTraffic,
} from '../../src/wire/traffic.js'
import { bytesOf, codeOf, concat, keys, mutated, ports, u64 } from './support/bytes.js'

const KEY_A = new Uint8Array(32).fill(0xaa)
const KEY_B = new Uint8Array(32).fill(0xbb)
const SAMPLE: Traffic = {
  path: pathOf([2, 300]),
  from: pathOf([2, 7, 1]),
  source: KEY_A,
  dest: KEY_B,
  watermark: 5n,
  payload: bytesOf('68656c6c6f'),
}
const traffic: fc.Arbitrary<Traffic> = fc.record({
  path: ports.map(pathOf),
  from: ports.map(pathOf),
  source: keys,
  dest: keys,
  watermark: u64,
  payload: fc.uint8Array({ maxLength: 300 }),
})

/** What a scan found, as a value. */
function read({ body, ...scan }: TrafficScan): Traffic {
  return {
    path: body.slice(0, scan.fromStart),
    from: body.slice(scan.fromStart, scan.sourceStart),
    source: body.slice(scan.sourceStart, scan.destStart),
    dest: body.slice(scan.destStart, scan.watermarkStart),
    watermark: BigInt(scan.watermark),
    payload: body.slice(scan.payloadStart),
  }
}

test('the scan finds what the decoder finds', () => {
  const scan = new TrafficScan()
  fc.assert(
    fc.property(traffic, (value) => {
      const watermark = value.watermark % 2n ** 53n
      expect(scanTraffic(encodeTraffic({ ...value, watermark }), scan)).toBe(true)
      expect(read(scan)).toEqual({ ...value, watermark })
    }),
    { seed: 1 },
  )
})

test('any bytes: scan and decoder agree on what is traffic', () => {
  const scan = new TrafficScan()
  const samples = [encodeTraffic(SAMPLE), concat(bytesOf('82008000'), KEY_A, KEY_B, bytesOf('8500ff'))]
  fc.assert(
    fc.property(mutated(samples), fc.constantFrom(0, 1, 2, 512), (body, maxPathPorts) => {
      const code = codeOf(() => decodeTraffic(body, { maxPathPorts }))
      let found: boolean | undefined
      const scanCode = codeOf(() => {
        found = scanTraffic(body, scan, maxPathPorts)
      })
      // A path that is too long hides what is wrong behind it, in both.
      expect(scanCode ?? (found === true ? undefined : 'too-large')).toBe(code)
      if (found !== true) return
      const { watermark, ...rest } = decodeTraffic(body, { maxPathPorts })
      expect(read(scan)).toMatchObject(rest)
      expect(scan.watermark).toBe(Number(watermark))
    }),
    { seed: 2, numRuns: 2000 },
  )
})

test('a forwarded packet differs in its watermark only', () => {
  const scan = new TrafficScan()
  fc.assert(
    fc.property(traffic, fc.nat({ max: 2000 }), fc.nat({ max: 5 }), (value, watermark, offset) => {
      scanTraffic(encodeTraffic(value), scan)
      const size = encodePacketFrame({ type: 'traffic', ...value, watermark: BigInt(watermark) }).length
      const target = new Uint8Array(offset + size + 2).fill(0xee)
      expect(writeForwardedTraffic(scan, watermark, target, offset)).toBe(offset + size)
      const expected = { type: 'traffic', ...value, watermark: BigInt(watermark) }
      expect(decodePacketFrame(target.slice(offset, offset + size))).toEqual(expected)
      expect(target.slice(offset + size)).toEqual(bytesOf('eeee'))
    }),
    { seed: 3 },
  )
})

test('the head is all of a body but its payload', () => {
  fc.assert(
    fc.property(traffic, (value) => {
      const { path, from, source, dest, watermark, payload } = value
      expect(concat(trafficHead(path, from, source, dest, watermark), payload)).toEqual(encodeTraffic(value))
    }),
    { seed: 4 },
  )
})

describe('longer forms', () => {
  const body = concat(bytesOf('8200ac820000'), bytesOf('8000'), KEY_A, KEY_B, bytesOf('8500ff'))

  test('of paths are found in the shortest form, and forwarded so', () => {
    const scan = new TrafficScan()
    expect(scanTraffic(body, scan)).toBe(true)
    expect(read(scan)).toMatchObject({ path: pathOf([2, 300]), from: pathOf([]), payload: bytesOf('ff') })
    const target = new Uint8Array(200)
    const frame = target.subarray(0, writeForwardedTraffic(scan, 3, target, 0))
    expect(frame[1]).toBe(PacketType.traffic)
    expect(decodePacketFrame(frame)).toMatchObject({ path: pathOf([2, 300]), from: pathOf([]), watermark: 3n })
  })

  test('are held to the limit of ports', () => {
    expect(scanTraffic(body, new TrafficScan(), 2)).toBe(true)
    expect(scanTraffic(body, new TrafficScan(), 1)).toBe(false)
    const second = concat(bytesOf('00'), bytesOf('8200ac820000'), KEY_A, KEY_B, bytesOf('05'))
    expect(scanTraffic(second, new TrafficScan(), 1)).toBe(false)
  })
})

test('cut off before its payload it is refused, at every offset', () => {
  const body = encodeTraffic({ ...SAMPLE, payload: new Uint8Array(0) })
  for (let end = 0; end < body.length; end++) {
    expect(codeOf(() => scanTraffic(body.subarray(0, end), new TrafficScan()))).toBe('malformed')
  }
})

test('a path above the limit is no fault of the link', () => {
  const long = pathOf(Array.from({ length: 513 }, () => 1))
  expect(scanTraffic(encodeTraffic({ ...SAMPLE, path: long }), new TrafficScan())).toBe(false)
  expect(scanTraffic(encodeTraffic({ ...SAMPLE, from: long }), new TrafficScan())).toBe(false)
  expect(scanTraffic(encodeTraffic({ ...SAMPLE, from: long }), new TrafficScan(), 513)).toBe(true)
})
