import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BloomFilter } from '../../src/bloom.js'
import { decodeAnnounce, encodeAnnounce } from '../../src/wire/announce.js'
import { encodeFrame, PacketType } from '../../src/wire/frame.js'
import { decodePacket, decodePacketFrame, encodePacket, encodePacketFrame, type Packet } from '../../src/wire/packet.js'
import { pathOf } from '../../src/wire/path.js'
import { decodePathLookup, decodePathNotify, encodePathLookup, signedPathBytes } from '../../src/wire/pathfinder.js'
import { decodeSigReq, signedParentBytes } from '../../src/wire/signature.js'
import { bytesOf, codeOf, concat, expectExact, expectTotal, keys, ports, signatures, u64 } from './support/bytes.js'

const KEY_A = new Uint8Array(32).fill(0xaa)
const KEY_B = new Uint8Array(32).fill(0xbb)
const SIGNATURE = new Uint8Array(64).fill(0x55)
const FILTER = new BloomFilter()
FILTER.add(KEY_A)

const SAMPLES: readonly Packet[] = [
  { type: 'dummy' },
  { type: 'keepAlive' },
  { type: 'sigReq', seq: 5n, nonce: 2n ** 64n - 1n },
  { type: 'sigRes', seq: 5n, nonce: 2n ** 53n + 1n, port: 3n, psig: SIGNATURE },
  { type: 'announce', key: KEY_A, parent: KEY_B, seq: 1n, nonce: 9n, port: 300n, psig: SIGNATURE, sig: SIGNATURE },
  { type: 'announce', key: KEY_A, parent: KEY_A, seq: 1n, nonce: 9n, port: 0n, psig: SIGNATURE, sig: SIGNATURE },
  { type: 'bloomFilter', filter: FILTER },
  { type: 'pathLookup', source: KEY_A, dest: KEY_B, from: pathOf([2, 7, 300]) },
  {
    type: 'pathNotify',
    path: pathOf([2, 2n ** 64n - 1n]),
    watermark: 2n ** 64n - 1n,
    source: KEY_A,
    dest: KEY_B,
    infoSeq: 1_750_000_000n,
    infoPath: pathOf([300]),
    infoSig: SIGNATURE,
  },
  { type: 'pathBroken', path: pathOf([]), watermark: 4n, source: KEY_A, dest: KEY_B },
  {
    type: 'traffic',
    path: pathOf([1, 2]),
    from: pathOf([]),
    source: KEY_A,
    dest: KEY_B,
    watermark: 5n,
    payload: bytesOf('c0ffee'),
  },
]

test.each(SAMPLES)('$type is the same there and back', (packet) => {
  expect(decodePacket(PacketType[packet.type], encodePacket(packet))).toEqual(packet)
  expect(decodePacketFrame(encodePacketFrame(packet))).toEqual(packet)
})

test.each(SAMPLES.filter(({ type }) => type !== 'traffic'))(
  '$type as a frame: no byte less, no byte more',
  (packet) => {
    expectExact(encodePacketFrame(packet), decodePacketFrame)
  },
)

test.each(SAMPLES.filter(({ type }) => !['traffic', 'dummy', 'keepAlive'].includes(type)))(
  '$type as a body: no byte less, no byte more',
  (packet) => {
    expectExact(encodePacket(packet), (body) => decodePacket(PacketType[packet.type], body))
  },
)

test('traffic cut off before its payload is refused, cut off in the payload it is shorter', () => {
  const body = encodePacket(SAMPLES.at(-1)!)
  for (let end = 0; end <= body.length; end++) {
    const isRefused = codeOf(() => decodePacket(PacketType.traffic, body.subarray(0, end))) === 'malformed'
    expect(isRefused).toBe(end < body.length - 3)
  }
})

test('any bytes behind any type are a packet or refused', () => {
  for (const type of Object.values(PacketType)) {
    const samples = SAMPLES.filter((packet) => PacketType[packet.type] === type).map(encodePacket)
    expectTotal(samples, (body) => decodePacket(type, body), encodePacket)
  }
  expectTotal(SAMPLES.map(encodePacketFrame), decodePacketFrame, encodePacketFrame)
})

test('any announcement, answer and lookup is the same there and back', () => {
  const announce = fc.record({
    key: keys,
    parent: keys,
    seq: u64,
    nonce: u64,
    port: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
    psig: signatures,
    sig: signatures,
  })
  fc.assert(
    fc.property(announce, ports, (value, list) => {
      expect(decodeAnnounce(encodeAnnounce(value))).toEqual(value)
      const lookup = { source: value.key, dest: value.parent, from: pathOf(list) }
      expect(decodePathLookup(encodePathLookup(lookup))).toEqual(lookup)
    }),
    { seed: 1 },
  )
})

describe('decoded values', () => {
  test('outlive the bytes they came from, but for the payload', () => {
    for (const packet of SAMPLES) {
      const body = encodePacket(packet)
      const decoded = decodePacket(PacketType[packet.type], body)
      body.fill(0)
      if (decoded.type === 'traffic') expect(decoded.payload).toEqual(new Uint8Array(3))
      else expect(decoded).toEqual(packet)
    }
  })

  test('numbers in longer forms are what they are', () => {
    expect(decodeSigReq(bytesOf('85008700'))).toEqual({ seq: 5n, nonce: 7n })
  })

  test('paths in longer forms become the shortest, so signed bytes do', () => {
    const [path, infoSeq, infoPath] = [bytesOf('820000'), bytesOf('8500'), bytesOf('8380008000')]
    const notify = decodePathNotify(concat(path, bytesOf('04'), KEY_A, KEY_B, infoSeq, infoPath, SIGNATURE))
    expect(notify).toMatchObject({ path: pathOf([2]), infoSeq: 5n, infoPath: pathOf([3]) })
    expect(signedPathBytes(notify.infoSeq, notify.infoPath)).toEqual(bytesOf('050300'))
  })
})

describe('refused', () => {
  test('a path above the limit, as something else than malformed', () => {
    const long = pathOf(Array.from({ length: 513 }, () => 7))
    const lookup = encodePathLookup({ source: KEY_A, dest: KEY_B, from: long })
    expect(codeOf(() => decodePathLookup(lookup))).toBe('too-large')
    expect(decodePathLookup(lookup, { maxPathPorts: 513 }).from).toEqual(long)
    for (const type of ['pathLookup', 'pathNotify', 'pathBroken', 'traffic'] as const) {
      const packet = SAMPLES.find((sample) => sample.type === type)!
      const body = encodePacket({ ...packet, path: long, from: long, infoPath: long } as unknown as Packet)
      expect(codeOf(() => decodePacket(PacketType[type], body))).toBe('too-large')
    }
  })

  test('an announcement with port 0 under another node', () => {
    const root = SAMPLES.find((packet) => packet.type === 'announce' && packet.port === 0n)!
    const body = encodePacket(root)
    body[32]! ^= 1
    expect(codeOf(() => decodeAnnounce(body))).toBe('malformed')
    expect(codeOf(() => encodePacket({ ...root, parent: KEY_B } as Packet))).toBe('misuse')
  })

  test('what has another length than its place, to encode', () => {
    const short = KEY_A.subarray(1)
    for (const packet of SAMPLES) {
      for (const [name, member] of Object.entries(packet)) {
        if (!(member instanceof Uint8Array) || ![32, 64].includes(member.length)) continue
        expect(codeOf(() => encodePacket({ ...packet, [name]: short } as Packet))).toBe('misuse')
      }
    }
    expect(codeOf(() => signedParentBytes(KEY_A, short, 1n, 1n, 1n))).toBe('misuse')
  })

  test('unknown types, and frames of another length than they say', () => {
    expect(codeOf(() => decodePacketFrame(bytesOf('010a')))).toBe('malformed')
    expect(codeOf(() => decodePacketFrame(bytesOf('00')))).toBe('malformed')
    expect(codeOf(() => decodePacketFrame(bytesOf('ffff07')))).toBe('too-large')
    expect(codeOf(() => encodeFrame(10, KEY_A))).toBe('misuse')
    expect(codeOf(() => encodeFrame(9, new Uint8Array(131_070)))).toBe('too-large')
    expect(encodeFrame(9, new Uint8Array(131_069)).length).toBe(131_073)
  })
})

test('what is signed is bytes behind bytes', () => {
  expect(signedParentBytes(KEY_A, KEY_B, 5n, 300n, 3n)).toEqual(concat(KEY_A, KEY_B, bytesOf('05ac0203')))
})
