import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type ChannelFrame,
  decodeBody,
  decodeChannelFrame,
  decodeLinkFrame,
  type EnvelopeBody,
  EnvelopeKind,
  encodeB64u,
  encodeBody,
  encodeChannelFrame,
  encodeLinkFrame,
  type LinkFrame,
} from '../../src/rendezvous/index.js'
import { codeOf } from '../support/errors.js'
import { bytesOf } from '../support/frames.js'

const SEED = 0x6672_616d
const MAX_TIME = Number.MAX_SAFE_INTEGER
const text = (maxLength: number, minLength = 0) => fc.string({ unit: 'binary', maxLength, minLength })
const u32 = fc.oneof(fc.constantFrom(0, 0xffff_ffff), fc.nat())
const time = fc.oneof(fc.constantFrom(0, MAX_TIME), fc.nat())
const type = <Type extends string>(...types: Type[]): fc.Arbitrary<Type> => fc.constantFrom(...types)

const linkFrames: fc.Arbitrary<LinkFrame> = fc.oneof(
  fc.record({ type: type('auth'), peer: bytesOf(32) }),
  fc.record(
    { type: type('prove-auth'), nonce: bytesOf(32), name: text(40), ts: time },
    { requiredKeys: ['type', 'nonce'] },
  ),
  fc.record({ type: type('auth-proof'), cn: bytesOf(16), sig: bytesOf(64) }),
  fc.record({ type: type('authenticated'), max: fc.integer({ min: 32_768 }) }, { requiredKeys: ['type'] }),
  fc.record({
    type: type('relay-msg', 'relayed-msg'),
    e: fc.uint8Array({ minLength: 170, maxLength: 400 }).map(encodeB64u),
  }),
  fc.record({ type: type('error'), code: text(16) }),
  fc.record({ type: type('ping', 'pong'), n: u32 }),
)

const channelFrames: fc.Arbitrary<ChannelFrame> = fc.oneof(
  fc.record({ type: type('bind'), sig: bytesOf(64) }),
  fc.record({ type: type('chat'), id: bytesOf(16), ts: time, text: text(200, 1) }),
  fc.record({ type: type('ack'), id: bytesOf(16) }),
  fc.record({ type: type('shared'), shared: fc.record({ name: text(32) }, { requiredKeys: [] }) }),
  fc.record({ type: type('ping', 'pong'), n: u32 }),
  fc.record({ type: type('bye'), code: text(16) }, { requiredKeys: ['type'] }),
  fc.record({ type: type('window'), n: time }),
)

const re = bytesOf(32)
const fp = bytesOf(32).map((bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''))
const candidate = fc.record(
  {
    candidate: text(100),
    sdpMid: text(8),
    sdpMLineIndex: fc.constant(0),
    usernameFragment: text(20),
  },
  { requiredKeys: ['candidate'] },
)
const bodies: fc.Arbitrary<EnvelopeBody> = fc.oneof(
  fc.record({ kind: fc.constant(EnvelopeKind.knock), name: text(32) }, { requiredKeys: ['kind'] }),
  fc.record({ kind: fc.constant(EnvelopeKind.welcome), re }),
  fc.record({
    kind: fc.constantFrom(EnvelopeKind.offer, EnvelopeKind.answer),
    sdp: text(300, 1),
    fp,
    re,
  }) as fc.Arbitrary<EnvelopeBody>,
  fc.record({
    kind: fc.constant(EnvelopeKind.candidates),
    re,
    c: fc.array(candidate, { maxLength: 16 }),
    end: fc.boolean(),
  }),
  fc.record(
    { kind: fc.constant(EnvelopeKind.decline), re, code: type('user', 'busy', 'policy') },
    { requiredKeys: ['kind', 're'] },
  ),
  fc.record({ kind: fc.constant(EnvelopeKind.hangup), code: text(16) }, { requiredKeys: ['kind'] }),
)

function encodeBodyText(body: EnvelopeBody): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(encodeBody(body))
}

/** Members where one text is as good as another; an unknown type is no error. */
const TEXTS: ReadonlySet<string> = new Set(['type', 'name', 'code', 'text'])

describe.each([
  ['link', linkFrames, encodeLinkFrame, decodeLinkFrame, 32_768],
  ['channel', channelFrames, encodeChannelFrame, decodeChannelFrame, 16_384],
] as [string, fc.Arbitrary<object>, (frame: object) => string, (text: string) => object, number][])(
  'frames of the %s',
  (_, frames, encode, decode, maxBytes) => {
    test('are decoded as they were encoded', () => {
      fc.assert(
        fc.property(frames, (frame) => {
          const written = encode(frame)
          expect(decode(written)).toEqual(frame)
          expect(encode(decode(written))).toBe(written)
        }),
        { seed: SEED, numRuns: 300 },
      )
    })

    test('cut anywhere, they are refused', () => {
      for (const frame of fc.sample(frames, { seed: SEED, numRuns: 40 })) {
        const written = encode(frame)
        for (let size = 0; size < written.length; size++) {
          expect(codeOf(() => decode(written.slice(0, size)))).toBe('frame')
        }
      }
    })

    test('with a member of another kind they are refused', () => {
      for (const frame of fc.sample(frames, { seed: SEED, numRuns: 60 })) {
        const members = JSON.parse(encode(frame)) as Record<string, unknown>
        for (const name of Object.keys(members)) {
          for (const wrong of [null, [], {}, true, -1, 1.5, 1e300, '=']) {
            const changed = JSON.stringify({ ...members, [name]: wrong })
            const isTaken = TEXTS.has(name) ? wrong === '=' : name === 'shared' && JSON.stringify(wrong) === '{}'
            expect(
              codeOf(() => decode(changed)),
              changed,
            ).toBe(isTaken ? undefined : 'frame')
          }
        }
      }
    })

    test('a frame of a type that is not known is no error, and its name is cut', () => {
      expect(decode('{"type":"tomorrow","v":2}')).toEqual({ type: 'unknown', name: 'tomorrow' })
      expect(decode(`{"type":"${'t'.repeat(1000)}"}`)).toEqual({ type: 'unknown', name: 't'.repeat(32) })
      // What objects have by nature is no type, and no member.
      expect(decode('{"type":"constructor"}')).toEqual({ type: 'unknown', name: 'constructor' })
      expect(codeOf(() => decode('{"__proto__":{"type":"ping","n":1}}'))).toBe('frame')
    })

    test('what cannot be made a text is refused like anything else', () => {
      const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
      for (const value of ['{"toString":1}', '{"toString":null,"valueOf":1}', '[{"toString":1}]', deep(8100)]) {
        const frame = `{"type":${value}}`
        expect(
          codeOf(() => decode(frame)),
          frame.slice(0, 60),
        ).toBe('frame')
        expect(codeOf(() => decode(`{"type":"shared","shared":{"a":${value}}}`))).toBe(
          maxBytes === 16_384 && value.startsWith('[[') ? 'frame' : undefined,
        )
      }
    })

    test('a frame that is as long as allowed is taken, one byte more is not', () => {
      const padded = (bytes: number, filling: string, width: number) => {
        const room = bytes - '{"type":"pong","n":1,"x":""}'.length
        const filler = filling.repeat(Math.floor(room / width)) + 'x'.repeat(room % width)
        return `{"type":"pong","n":1,"x":"${filler}"}`
      }
      for (const [filling, width] of [
        ['x', 1],
        ['é', 2],
        ['字', 3],
        ['🙂', 4],
      ] as const) {
        expect(decode(padded(maxBytes, filling, width))).toEqual({ type: 'pong', n: 1 })
        expect(codeOf(() => decode(padded(maxBytes + 1, filling, width)))).toBe('frame')
      }
    })
  },
)

test('each language has its own types', () => {
  const chat = encodeChannelFrame({ type: 'chat', id: new Uint8Array(16), ts: 1, text: 'x' })
  expect(decodeLinkFrame(chat)).toEqual({ type: 'unknown', name: 'chat' })
  expect(decodeChannelFrame(encodeLinkFrame({ type: 'error', code: 'from' }))).toEqual({
    type: 'unknown',
    name: 'error',
  })
})

describe('bodies', () => {
  test('are decoded as they were encoded, at any offset of a larger buffer', () => {
    fc.assert(
      fc.property(bodies, fc.nat(9), (body, offset) => {
        const bytes = encodeBody(body)
        const around = new Uint8Array(bytes.length + 20).fill(0x7d)
        around.set(bytes, offset)
        const decoded = decodeBody(body.kind, around.subarray(offset, offset + bytes.length))
        around.fill(0)
        expect(decoded).toEqual(body)
        expect(encodeBody(decoded)).toEqual(bytes)
      }),
      { seed: SEED, numRuns: 300 },
    )
  })

  test('cut anywhere, they are refused; without a byte they are an empty object', () => {
    for (const body of fc.sample(bodies, { seed: SEED, numRuns: 40 })) {
      const bytes = encodeBody(body)
      for (let size = 1; size < bytes.length; size++) {
        expect(codeOf(() => decodeBody(body.kind, bytes.subarray(0, size)))).toBe('body')
      }
    }
    const nothing = new Uint8Array(0)
    expect(decodeBody(EnvelopeKind.knock, nothing)).toEqual({ kind: EnvelopeKind.knock })
    expect(decodeBody(EnvelopeKind.hangup, nothing)).toEqual({ kind: EnvelopeKind.hangup })
    expect(codeOf(() => decodeBody(EnvelopeKind.welcome, nothing))).toBe('body')
  })

  test('that are not UTF-8, or longer than an envelope holds, are refused', () => {
    const encoder = new TextEncoder()
    expect(codeOf(() => decodeBody(EnvelopeKind.knock, Uint8Array.of(0x7b, 0xff, 0x7d)))).toBe('body')
    const long = encoder.encode(`{"x":"${'x'.repeat(16_384)}"}`)
    expect(codeOf(() => decodeBody(EnvelopeKind.knock, long))).toBe('body')
    expect(decodeBody(EnvelopeKind.knock, encoder.encode(`{"x":"${'x'.repeat(16_376)}"}`))).toEqual({
      kind: EnvelopeKind.knock,
    })
  })

  test('cannot be written when they could not be read', () => {
    const offer = { kind: EnvelopeKind.offer, sdp: 'v=0', fp: 'ab'.repeat(32), re: new Uint8Array(32) }
    expect(JSON.parse(encodeBodyText(offer))).toEqual({ sdp: 'v=0', fp: offer.fp, re: 'A'.repeat(43) })
    for (const body of [
      { kind: EnvelopeKind.knock, name: 'n'.repeat(65) },
      { kind: EnvelopeKind.welcome, re: new Uint8Array(31) },
      { ...offer, sdp: '' },
      { ...offer, fp: offer.fp.toUpperCase() },
      { ...offer, sdp: '\r\n'.repeat(5000) },
      { kind: EnvelopeKind.hangup, code: 'c'.repeat(33) },
    ]) {
      expect(codeOf(() => encodeBody(body))).toBe('body')
    }
  })

  test('leave out what a browser gives as null', () => {
    const re32 = new Uint8Array(32)
    const fromBrowser = { candidate: 'x', sdpMid: null, sdpMLineIndex: null, usernameFragment: null }
    const body = { kind: EnvelopeKind.candidates, re: re32, c: [fromBrowser], end: false } as const
    expect(encodeBodyText(body)).toBe(`{"re":"${'A'.repeat(43)}","c":[{"candidate":"x"}],"end":false}`)
  })
})

describe('the encoders refuse what their decoders would refuse', () => {
  test.each([
    ['a short key', { type: 'auth', peer: new Uint8Array(31) }],
    ['a long name', { type: 'prove-auth', nonce: new Uint8Array(32), name: 'n'.repeat(301) }],
    ['half a millisecond', { type: 'prove-auth', nonce: new Uint8Array(32), ts: 0.5 }],
    ['a small limit', { type: 'authenticated', max: 1 }],
    ['no envelope', { type: 'relay-msg', e: 'AAAA' }],
    ['what is no base64url', { type: 'relayed-msg', e: `${'A'.repeat(226)}"` }],
    ['a long code', { type: 'error', code: 'c'.repeat(33) }],
    ['a number that does not fit', { type: 'ping', n: 2 ** 32 }],
  ] as [string, LinkFrame][])('link: %s', (_, frame) => {
    expect(codeOf(() => encodeLinkFrame(frame))).toBe('frame')
  })

  test.each([
    ['no text', { type: 'chat', id: new Uint8Array(16), ts: 1, text: '' }],
    ['a long text', { type: 'chat', id: new Uint8Array(16), ts: 1, text: 'x'.repeat(8193) }],
    ['a text of too many bytes', { type: 'chat', id: new Uint8Array(16), ts: 1, text: '字'.repeat(6000) }],
    ['a short id', { type: 'ack', id: new Uint8Array(15) }],
    ['a long name', { type: 'shared', shared: { name: 'n'.repeat(65) } }],
    ['a window that is no integer', { type: 'window', n: Number.NaN }],
    ['a window beyond 2^53', { type: 'window', n: 2 ** 53 }],
  ] as [string, ChannelFrame][])('channel: %s', (_, frame) => {
    expect(codeOf(() => encodeChannelFrame(frame))).toBe('frame')
  })
})
