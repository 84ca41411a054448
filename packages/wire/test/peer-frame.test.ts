import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, type Generation, toHex, type WireErrorCode } from '../src/index.js'
import {
  CURRENT_FRAME_LIMITS,
  DEFAULT_FRAME_LIMITS,
  decodeFrame,
  encodeFrame,
  encodeFrameInto,
  encodeTextHead,
  FrameType,
  frameByteLength,
  frameLimits,
  type InfoResponseFrame,
  type PeerFrame,
  type TextFrame,
} from '../src/peer/index.js'
import { codeOf } from './support/errors.js'
import { peerFrame, SAMPLE_FRAMES, textFrame } from './support/frames.js'
import { mutated } from './support/mutate.js'

const GENERATIONS: readonly Generation[] = ['classic', 'overlay', 'current']
const generation = fc.constantFrom(...GENERATIONS)
const KEY = '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c'
const HELLO_HEAD = `0000000000000001000000000000005000000001`
const header = (type: number, size: number) => toHex(encodeHeader(type, size))

function encodeHeader(type: number, size: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(16))
  view.setInt32(4, type)
  view.setBigInt64(8, BigInt(size))
  return new Uint8Array(view.buffer)
}

test('a frame is decoded as it was encoded, in the length announced', () => {
  fc.assert(
    fc.property(peerFrame, generation, (frame, variant) => {
      const bytes = encodeFrame(frame, variant)
      expect(bytes.length).toBe(frameByteLength(frame, variant))
      expect(decodeFrame(bytes)).toEqual(frame)
    }),
    { seed: 1, numRuns: 400 },
  )
})

test('encodeFrameInto writes the frame and nothing else', () => {
  fc.assert(
    fc.property(peerFrame, generation, fc.nat(30), (frame, variant, offset) => {
      const bytes = encodeFrame(frame, variant)
      const target = new Uint8Array(offset + bytes.length + 3).fill(0xee)
      expect(encodeFrameInto(frame, variant, target, offset)).toBe(offset + bytes.length)
      expect(toHex(target)).toBe(`${'ee'.repeat(offset)}${toHex(bytes)}eeeeee`)
      expect(codeOf(() => encodeFrameInto(frame, variant, target, offset + 4))).toBe('out-of-range')
    }),
    { seed: 2 },
  )
})

test('with room to spare the same is written, and refused', () => {
  fc.assert(
    fc.property(peerFrame, generation, (frame, variant) => {
      const target = new Uint8Array(2000).fill(0xee)
      const bytes = encodeFrame(frame, variant)
      expect(encodeFrameInto(frame, variant, target, 7)).toBe(7 + bytes.length)
      expect(toHex(target)).toBe('ee'.repeat(7) + toHex(bytes) + 'ee'.repeat(2000 - 7 - bytes.length))
    }),
    { seed: 5 },
  )
  const target = new Uint8Array(2000)
  const frame = SAMPLE_FRAMES.find((each) => each.type === 'text')!
  expect(codeOf(() => encodeFrameInto({ ...frame, guid: 2n ** 63n }, 'classic', target, 0))).toBe('out-of-range')
  expect(target.every((byte) => byte === 0)).toBe(true)
})

test('encodeTextHead is the frame without its payload', () => {
  fc.assert(
    fc.property(textFrame, generation, (frame, variant) => {
      expect(toHex(encodeTextHead(frame, variant)) + toHex(frame.payload)).toBe(toHex(encodeFrame(frame, variant)))
    }),
    { seed: 3 },
  )
})

test('a frame cut off anywhere is truncated, one with more behind it has trailing bytes', () => {
  for (const frame of SAMPLE_FRAMES) {
    const bytes = encodeFrame(frame, 'classic')
    for (let end = 0; end < bytes.length; end++) {
      expect(codeOf(() => decodeFrame(bytes.subarray(0, end)))).toBe('truncated')
    }
    expect(codeOf(() => decodeFrame(Uint8Array.from([...bytes, 0])))).toBe('trailing')
  }
})

test('any bytes give a frame or a WireError; what was decoded stays the same when encoded again', () => {
  const seeds = SAMPLE_FRAMES.map((frame) => encodeFrame(frame, 'overlay'))
  fc.assert(
    fc.property(mutated(seeds), (bytes) => {
      let frame: PeerFrame | undefined
      codeOf(() => {
        frame = decodeFrame(bytes)
      })
      if (frame === undefined || frame.type === 'unknown') return
      expect(decodeFrame(encodeFrame(frame, 'overlay'))).toEqual(frame)
    }),
    { seed: 4, numRuns: 3000 },
  )
})

describe('generations', () => {
  const frame: TextFrame = {
    type: 'text',
    guid: -1_308_683_000_760_531_126n,
    replyTo: 7n,
    sendTimeMs: 1_700_000_000_000n,
    editTimeMs: 5n,
    messageType: 0,
    payload: new TextEncoder().encode('Hello, Mimir!'),
  }
  const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset)
  const envelopeOf = (bytes: Uint8Array) =>
    new TextDecoder().decode(bytes.subarray(20, 20 + viewOf(bytes).getInt32(16)))
  const sizeOf = (bytes: Uint8Array) => Number(viewOf(bytes).getBigInt64(8))

  test('write their keys in their order', () => {
    const inserted =
      '{"guid":-1308683000760531126,"replyTo":7,"sendTime":1700000000000,"editTime":5,"type":0,"payloadSize":13}'
    expect(envelopeOf(encodeFrame(frame, 'classic'))).toBe(inserted)
    expect(envelopeOf(encodeFrame(frame, 'overlay'))).toBe(inserted)
    expect(envelopeOf(encodeFrame(frame, 'current'))).toBe(
      '{"editTime":5,"guid":-1308683000760531126,"payloadSize":13,"replyTo":7,"sendTime":1700000000000,"type":0}',
    )
  })

  test('the largest payload that the current one sends as text', () => {
    const payload = new Uint8Array(65_536).fill(0x61)
    const bytes = encodeFrame(
      { ...frame, guid: 6n, replyTo: 0n, sendTimeMs: 1_774_000_000_123n, editTimeMs: 0n, payload },
      'current',
    )
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(
      'e6b503cea06857334d1bc466fc0d4bdf6f73fbd518f0a42736d63b8657449ffe',
    )
  })

  test('write their header sizes', () => {
    const attachment = { ...frame, messageType: 1, payload: fromHex('000000027b7dffff') }
    const broken = { ...frame, messageType: 1, payload: fromHex('ffffffff7b7d') }
    const info: InfoResponseFrame = { type: 'infoResponse', timeSeconds: 1n, nickname: 'Bob', info: '' }
    for (const variant of ['classic', 'overlay'] as const) {
      expect(sizeOf(encodeFrame(frame, variant))).toBe(16 + 13)
      expect(sizeOf(encodeFrame(attachment, variant))).toBe(16 + 2)
      expect(sizeOf(encodeFrame(broken, variant))).toBe(16 + 6)
      expect(sizeOf(encodeFrame({ ...broken, payload: fromHex('0000') }, variant))).toBe(16 + 2)
      expect(sizeOf(encodeFrame(info, variant))).toBe(28 + 3)
    }
    for (const each of [frame, attachment, broken, info]) {
      const bytes = encodeFrame(each, 'current')
      expect(sizeOf(bytes)).toBe(bytes.length - 16)
    }
  })
})

describe('the header', () => {
  test('a stream number is ignored', () => {
    expect(decodeFrame(fromHex('01020304000000080000000000000000'))).toEqual({ type: 'ping' })
  })

  test('a size is ignored where the body says its own length', () => {
    expect(decodeFrame(fromHex(`${header(FrameType.ok, 12_345)}0000000000000007`))).toEqual({ type: 'ok', id: 7n })
    expect(decodeFrame(fromHex(header(FrameType.ping, 5)))).toEqual({ type: 'ping' })
  })

  test.each<[string, string, WireErrorCode]>([
    ['a negative size', header(FrameType.ping, -1), 'header-size'],
    ['the most negative size', '000000000000000880000000000000ff', 'header-size'],
    ['a HELLO of 81 bytes', header(FrameType.hello, 81), 'header-size'],
    ['a HELLO of 79 bytes', header(FrameType.hello, 79), 'header-size'],
    ['an unknown body above the ceiling', header(3999, DEFAULT_FRAME_LIMITS.unknownBytes + 1), 'header-size'],
    ['an unknown body of 2^63 - 1 bytes', `00000000000000ff7fffffffffffffff`, 'header-size'],
  ])('%s is refused there', (_, hex, code) => {
    expect(codeOf(() => decodeFrame(fromHex(hex)))).toBe(code)
  })

  test.each([10, 1001, 0, -1])('type %d is unknown', (code) => {
    expect(decodeFrame(fromHex(`${header(code, 2)}abcd`))).toEqual({ type: 'unknown', code, size: 2 })
  })
})

describe('lengths are refused before anything behind them is awaited', () => {
  const { nicknameBytes, infoBytes, avatarSkipBytes, mimeTypeBytes, callErrorBytes, callPacketBytes, envelopeBytes } =
    DEFAULT_FRAME_LIMITS
  const i32Hex = (value: number) => (value >>> 0).toString(16).padStart(8, '0')
  const info = `${header(FrameType.infoResponse, 0)}0000000000000001`

  test.each<[string, (length: number) => string, number, number]>([
    ['hello.publicKey', (length) => HELLO_HEAD + i32Hex(length), 32, 32],
    ['hello.receiver', (length) => `${HELLO_HEAD}00000020${KEY}${i32Hex(length)}`, 32, 32],
    [
      'hello.address',
      (length) => `${header(FrameType.hello, 100)}0000000100000020${KEY}00000020${KEY}00000001${i32Hex(length)}`,
      16,
      16,
    ],
    ['challenge.data', (length) => header(FrameType.challenge, 36) + i32Hex(length), 32, 32],
    ['challenge2.data', (length) => header(FrameType.challenge2, 36) + i32Hex(length), 32, 32],
    ['challengeAnswer', (length) => header(FrameType.challengeAnswer, 68) + i32Hex(length), 64, 64],
    ['challengeAnswer2', (length) => header(FrameType.challengeAnswer2, 68) + i32Hex(length), 64, 64],
    ['nickname', (length) => info + i32Hex(length), 0, nicknameBytes],
    ['info', (length) => `${info}00000000${i32Hex(length)}`, 0, infoBytes],
    ['mimeType', (length) => header(FrameType.callOffer, 0) + i32Hex(length), 0, mimeTypeBytes],
    ['call error', (length) => `${header(FrameType.callAnswer, 0)}00${i32Hex(length)}`, 0, callErrorBytes],
    ['call packet', (length) => header(FrameType.callPacket, 0) + i32Hex(length), 0, callPacketBytes],
    ['envelope', (length) => header(FrameType.text, 0) + i32Hex(length), 2, envelopeBytes],
  ])('%s', (_, hex, least, most) => {
    for (const length of [least - 1, most + 1, -1, 0x7fff_ffff, -0x8000_0000]) {
      expect(codeOf(() => decodeFrame(fromHex(hex(length))))).toBe('length')
    }
    for (const length of [least, most])
      expect(codeOf(() => decodeFrame(fromHex(hex(length))))).toBeOneOf(['truncated', undefined])
  })

  test('an avatar too large to keep is skipped, a larger one refused', () => {
    const head = `${info}0000000161${'00000000'}`
    expect(codeOf(() => decodeFrame(fromHex(head + i32Hex(avatarSkipBytes + 1))))).toBe('length')
    expect(codeOf(() => decodeFrame(fromHex(head + i32Hex(avatarSkipBytes))))).toBe('truncated')
    const small = { avatarBytes: 3, avatarSkipBytes: 5 }
    const expected = { type: 'infoResponse', timeSeconds: 1n, nickname: 'a', info: '' }
    expect(decodeFrame(fromHex(`${head}0000000401020304`), small)).toEqual(expected)
    expect(decodeFrame(fromHex(`${head}00000003010203`), small)).toEqual({ ...expected, avatar: fromHex('010203') })
    expect(codeOf(() => decodeFrame(fromHex(`${head}00000004010203`), small))).toBe('truncated')
  })

  test('payloads have two ceilings', () => {
    const head = (type: number, size: number) => {
      const envelope = new TextEncoder().encode(`{"guid":1,"type":${type},"payloadSize":${size}}`)
      return fromHex(header(FrameType.text, 0) + i32Hex(envelope.length) + toHex(envelope))
    }
    const { payloadBytes, attachmentPayloadBytes } = DEFAULT_FRAME_LIMITS
    for (const type of [1, 3]) {
      expect(codeOf(() => decodeFrame(head(type, attachmentPayloadBytes)))).toBe('truncated')
      expect(codeOf(() => decodeFrame(head(type, attachmentPayloadBytes + 1)))).toBe('length')
    }
    for (const type of [0, 2, 10, 4001]) {
      expect(codeOf(() => decodeFrame(head(type, payloadBytes)))).toBe('truncated')
      expect(codeOf(() => decodeFrame(head(type, payloadBytes + 1)))).toBe('length')
    }
    expect(codeOf(() => decodeFrame(head(0, payloadBytes + 1), { payloadBytes: payloadBytes + 1 }))).toBe('truncated')
  })
})

describe('the encoder refuses what the decoder would refuse', () => {
  const key = new Uint8Array(32)
  const text: TextFrame = {
    type: 'text',
    guid: 1n,
    replyTo: 0n,
    sendTimeMs: 0n,
    editTimeMs: 0n,
    messageType: 0,
    payload: key,
  }
  const hello = { type: 'hello', version: 1, publicKey: key, receiver: key, clientId: 1 } as const
  const info = { type: 'infoResponse', timeSeconds: 0n, nickname: '', info: '' } as const
  test.each<[string, PeerFrame, WireErrorCode]>([
    ['hello.publicKey', { ...hello, publicKey: key.subarray(1) }, 'length'],
    ['hello.receiver', { ...hello, receiver: new Uint8Array(33) }, 'length'],
    ['hello.address', { ...hello, address: new Uint8Array(20) }, 'length'],
    ['hello.clientId', { ...hello, clientId: 2 ** 31 }, 'out-of-range'],
    ['hello.version', { ...hello, version: 0.5 }, 'out-of-range'],
    ['challenge', { type: 'challenge', data: new Uint8Array(36) }, 'length'],
    ['challengeAnswer2', { type: 'challengeAnswer2', signature: new Uint8Array(63) }, 'length'],
    ['infoRequest', { type: 'infoRequest', timeSeconds: 2n ** 63n }, 'out-of-range'],
    ['infoResponse', { ...info, timeSeconds: -(2n ** 63n) - 1n }, 'out-of-range'],
    ['nickname', { ...info, nickname: 'ы'.repeat(2049) }, 'length'],
    ['info', { ...info, info: 'x'.repeat(65_537) }, 'length'],
    ['avatar', { ...info, avatar: new Uint8Array(1_048_577) }, 'length'],
    ['guid 0', { ...text, guid: 0n }, 'out-of-range'],
    ['guid', { ...text, guid: 2n ** 63n }, 'out-of-range'],
    ['replyTo', { ...text, replyTo: 2n ** 63n }, 'out-of-range'],
    ['sendTime', { ...text, sendTimeMs: 2n ** 63n }, 'out-of-range'],
    ['editTime', { ...text, editTimeMs: 2n ** 63n }, 'out-of-range'],
    ['messageType', { ...text, messageType: 2 ** 31 }, 'out-of-range'],
    ['payload', { ...text, payload: new Uint8Array(1_048_577) }, 'length'],
    ['attachment', { ...text, messageType: 3, payload: new Uint8Array(10_551_301) }, 'length'],
    ['mimeType', { type: 'callOffer', mimeType: 'x'.repeat(256), sampleRate: 1, channelCount: 1 }, 'length'],
    ['sampleRate', { type: 'callOffer', mimeType: '', sampleRate: 2 ** 32, channelCount: 1 }, 'out-of-range'],
    ['call error', { type: 'callAnswer', accepted: false, error: 'x'.repeat(4097) }, 'length'],
    ['call packet', { type: 'callPacket', data: new Uint8Array(65_537) }, 'length'],
    ['ok', { type: 'ok', id: 2n ** 63n }, 'out-of-range'],
    ['an unknown body', { type: 'unknown', code: 3999, size: 1 }, 'unexpected-type'],
    ['a known code as unknown', { type: 'unknown', code: 8, size: 0 }, 'unexpected-type'],
  ])('%s', (_, frame, code) => {
    for (const variant of GENERATIONS) {
      expect(codeOf(() => encodeFrame(frame, variant))).toBe(code)
      expect(codeOf(() => frameByteLength(frame, variant))).toBe(code)
      const target = new Uint8Array(64)
      expect(codeOf(() => encodeFrameInto(frame, variant, target, 0))).toBe(code)
      expect(target.every((byte) => byte === 0)).toBe(true)
    }
  })

  test('the limits of the current generation', () => {
    const at = (payloadBytes: number) =>
      codeOf(() => frameByteLength({ ...text, payload: new Uint8Array(payloadBytes) }, 'current', CURRENT_FRAME_LIMITS))
    expect([at(16_777_216), at(16_777_217)]).toEqual([undefined, 'length'])
    const long = { ...info, nickname: 'n'.repeat(1_025) }
    expect(codeOf(() => encodeFrame(long, 'current', CURRENT_FRAME_LIMITS))).toBe('length')
    expect(codeOf(() => decodeFrame(encodeFrame(long, 'current'), CURRENT_FRAME_LIMITS))).toBe('length')
  })

  test('raised limits raise both', () => {
    const frame = { ...info, avatar: new Uint8Array(1_500_000) }
    const some = { avatarBytes: 2_000_000 }
    const all = frameLimits(some)
    expect(all).toEqual({ ...DEFAULT_FRAME_LIMITS, ...some })
    expect(frameLimits(all)).toBe(all)
    for (const limits of [some, all]) {
      const avatarBytes = (decodeFrame(encodeFrame(frame, 'overlay', limits), limits) as InfoResponseFrame).avatar
        ?.length
      expect(avatarBytes).toBe(1_500_000)
    }
  })
})

test('text with bad UTF-8 is read with replacement', () => {
  const hex = `${header(FrameType.callAnswer, 0)}020000000241ff`
  expect(decodeFrame(fromHex(hex))).toEqual({ type: 'callAnswer', accepted: true, error: 'A\ufffd' })
})

test('a frame of no type is refused, and leaves the encoder as it was', () => {
  for (const frame of [{ type: 'nonsense' }, {}, { type: undefined }] as unknown as PeerFrame[]) {
    expect(codeOf(() => encodeFrame(frame, 'classic'))).toBe('unexpected-type')
  }
  const [first, second] = [1n, 2n].map((id) => encodeFrame({ type: 'ok', id }, 'classic'))
  expect([first!.at(-1), second!.at(-1)]).toEqual([1, 2])
})
