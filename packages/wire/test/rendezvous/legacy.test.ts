import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeBinaryString,
  decodeLegacyChannelFrame,
  decodeLegacyFrame,
  decodeLegacyMessage,
  encodeBinaryString,
  encodeLegacyChannelFrame,
  encodeLegacyFrame,
  encodeLegacyMessage,
  isLegacyChallenge,
  LEGACY_MAX_FRAME_BYTES,
  type LegacyCandidate,
  type LegacyChat,
  type LegacyFrame,
  type LegacyMessage,
  type LegacyShared,
  peekLegacyMessage,
} from '../../src/rendezvous/legacy.js'
import { codeOf } from '../support/errors.js'

const SEED = 0x70696d

const text = fc.string({ unit: 'binary', maxLength: 40 })
const bytes = fc.uint8Array({ maxLength: 80 })
/** JSON that is printed as it is read. */
const signed = fc.jsonValue({ maxDepth: 2 }).map((content) => JSON.stringify({ content, type: 'x' }))

const frames: fc.Arbitrary<LegacyFrame> = fc.oneof(
  fc.record({ type: fc.constant('auth' as const), publicPem: text }),
  fc.record({ type: fc.constant('prove-auth' as const), encrypted: bytes }),
  fc.record({ type: fc.constant('auth-proof' as const), decrypted: text }),
  fc.record({ type: fc.constant('authenticated' as const) }),
  fc.record({ type: fc.constantFrom('relay-msg', 'relayed-msg', 'peer-msg'), text: signed, signature: bytes }),
)

const description = fc.record({ type: fc.constantFrom('offer', 'answer'), sdp: text })
const candidate: fc.Arbitrary<LegacyCandidate> = fc.record(
  {
    candidate: text,
    sdpMid: fc.constantFrom('0', null),
    sdpMLineIndex: fc.constantFrom(0, null),
    usernameFragment: fc.option(fc.string({ maxLength: 8 })),
  },
  { requiredKeys: ['candidate'] },
)
const head = { from: text, to: text }
const messages: fc.Arbitrary<LegacyMessage> = fc.oneof(
  fc.record({
    type: fc.constant('signal' as const),
    ...head,
    description,
    candidates: fc.array(candidate, { maxLength: 4 }),
  }),
  fc.record({ type: fc.constant('connect-from' as const), ...head, description }),
  fc.record({ type: fc.constant('ice-candidate' as const), ...head, candidate: fc.option(candidate) }),
)

const channelFrames: fc.Arbitrary<LegacyChat | LegacyShared> = fc.oneof(
  fc.record({ type: fc.constant('chat' as const), text }),
  fc.record({ type: fc.constant('shared' as const), name: text }, { requiredKeys: ['type'] }),
)

describe('frames', () => {
  test('are decoded as they were encoded, whoever sends them', () => {
    fc.assert(
      fc.property(frames, fc.constantFrom('client', 'server'), (frame, sender) => {
        expect(decodeLegacyFrame(encodeLegacyFrame(frame, sender))).toEqual(frame)
      }),
      { seed: SEED },
    )
  })

  test('cut off anywhere they are none', () => {
    fc.assert(
      fc.property(frames, (frame) => {
        const whole = encodeLegacyFrame(frame)
        for (let length = 0; length < whole.length; length++)
          expect(codeOf(() => decodeLegacyFrame(whole.slice(0, length)))).toBe('json')
      }),
      { seed: SEED, numRuns: 10 },
    )
  })

  test('are refused above 65,536 bytes, in characters as in UTF-8', () => {
    const frame = (filler: string, count: number) => `{"type":"x","filler":"${filler.repeat(count)}"}`
    const overhead = frame('', 0).length
    for (const decode of [decodeLegacyFrame, decodeLegacyChannelFrame])
      expect(decode(frame('a', LEGACY_MAX_FRAME_BYTES - overhead))).toEqual({ type: 'unknown' })
    for (const [filler, count] of [
      ['a', LEGACY_MAX_FRAME_BYTES - overhead + 1],
      ['€', 22_000],
      ['a', 10_000_000],
    ] as const)
      for (const decode of [decodeLegacyFrame, decodeLegacyChannelFrame])
        expect(codeOf(() => decode(frame(filler, count)))).toBe('frame-too-large')
    const long = JSON.stringify({ text: 'a'.repeat(LEGACY_MAX_FRAME_BYTES) })
    const relay = { type: 'relay-msg', text: long, signature: new Uint8Array(0) } as const
    expect(codeOf(() => encodeLegacyFrame(relay))).toBe('frame-too-large')
  })

  test('hold no message that would be printed otherwise: its signature would be lost', () => {
    for (const message of ['{ "a": 1 }', '{"b":1,"1":2}', '{"a":1e3}', '{"a":"\\u0041"}'])
      expect(codeOf(() => encodeLegacyFrame({ type: 'relay-msg', text: message, signature: new Uint8Array(0) }))).toBe(
        'json',
      )
  })

  test('nested without end are refused, and end nothing', () => {
    const deep = (open: string, close: string) => `{"a":${open.repeat(9_000)}1${close.repeat(9_000)}}`
    for (const message of [deep('[', ']'), deep('{"a":', '}')]) {
      let outcome: unknown
      try {
        outcome = decodeLegacyFrame(`{"type":"relay-msg","msg":${message},"signature":""}`)
      } catch (error) {
        outcome = error
      }
      // Engines differ in how deep they print; either way it is a value or a typed error.
      expect(outcome).toMatchObject(outcome instanceof Error ? { code: 'json' } : { text: message })
    }
  })

  test('with the name of what all objects have are unknown', () => {
    for (const type of ['__proto__', 'constructor', 'toString', ''])
      expect(decodeLegacyFrame(JSON.stringify({ type }))).toEqual({ type: 'unknown' })
  })
})

describe('messages', () => {
  test('are decoded as they were encoded', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const printed = encodeLegacyMessage(message)
        expect(decodeLegacyMessage(printed)).toEqual(message)
        const { type, from, to } = message
        expect(peekLegacyMessage(printed)).toEqual({ type, from, to })
      }),
      { seed: SEED },
    )
  })

  test('have at most 64 candidates', () => {
    const signal = (count: number) => {
      const candidates = Array.from({ length: count }, (_, at) => ({ candidate: `${at}` }))
      const desc = { type: 'offer', sdp: 'v=0' } as const
      return encodeLegacyMessage({ type: 'signal', from: 'f', to: 't', description: desc, candidates })
    }
    expect(decodeLegacyMessage(signal(64))).toMatchObject({ type: 'signal' })
    for (const count of [65, 200]) expect(codeOf(() => decodeLegacyMessage(signal(count)))).toBe('json-field')
  })

  test('have one zero', () => {
    const message = {
      type: 'ice-candidate',
      from: 'f',
      to: 't',
      candidate: { candidate: 'c', sdpMLineIndex: 0 },
    } as const
    const text = encodeLegacyMessage(message).replace('"sdpMLineIndex":0', '"sdpMLineIndex":-0')
    expect(text).toContain('-0')
    expect(decodeLegacyMessage(text)).toStrictEqual(message)
  })
})

describe('the data channel', () => {
  test('frames are decoded as they were encoded', () => {
    fc.assert(
      fc.property(channelFrames, (frame) => {
        expect(decodeLegacyChannelFrame(encodeLegacyChannelFrame(frame))).toEqual(frame)
      }),
      { seed: SEED },
    )
  })

  test('has no logins, and what is too long is refused both ways', () => {
    expect(decodeLegacyChannelFrame('{"type":"prove-auth","encrypted":"x"}')).toEqual({ type: 'unknown' })
    expect(codeOf(() => encodeLegacyChannelFrame({ type: 'chat', text: 'x'.repeat(8193) }))).toBe('json-field')
    expect(codeOf(() => encodeLegacyChannelFrame({ type: 'shared', name: 'x'.repeat(65) }))).toBe('json-field')
    expect(codeOf(() => decodeLegacyChannelFrame('x'.repeat(70_000)))).toBe('frame-too-large')
  })
})

describe('binary strings', () => {
  test('hold any bytes', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(decodeBinaryString(encodeBinaryString(value), 'x')).toEqual(value)
      }),
      { seed: SEED },
    )
  })

  test.each(['Ā', 'a€', '\ud800'])('%j has a character above 255', (value) => {
    expect(codeOf(() => decodeBinaryString(value, 'x'))).toBe('json-field')
  })
})

test.each([
  ['----PROOF----00112233445566778899aabbccddeeff', true],
  ['----PROOF----00112233445566778899aabbccddeeff\n', false],
  [' ----PROOF----00112233445566778899aabbccddeeff', false],
  ['----PROOF----00112233445566778899aabbccddeef', false],
  ['----PROOF----00112233445566778899AABBCCDDEEFF', false],
])('challenge %j', (plaintext, isFine) => {
  expect(isLegacyChallenge(plaintext)).toBe(isFine)
})
