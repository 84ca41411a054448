import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toHex } from '../src/index.js'
import { decodeGroupMessage, encodeGroupMessage } from '../src/mediator/index.js'
import { encodeFrame, joinAttachment, MessageType } from '../src/peer/index.js'
import { concat } from './support/cuts.js'
import { codeOf } from './support/errors.js'
import { textFrame } from './support/frames.js'
import { mutated } from './support/mutate.js'

const plain = textFrame.map(({ type: _, ...message }) => message)
const HELLO = {
  guid: 9_007_199_254_740_993n,
  replyTo: -(2n ** 63n),
  sendTimeMs: 1_700_000_000_123n,
  editTimeMs: 0n,
  messageType: 0,
  payload: new TextEncoder().encode('hello'),
}

/** A plaintext with an envelope of your own. */
function withEnvelope(json: string, payload = new Uint8Array(0)): Uint8Array {
  const envelope = new TextEncoder().encode(json)
  const length = Uint8Array.of(0, 0, envelope.length >>> 8, envelope.length & 0xff)
  return concat([new Uint8Array(16), length, envelope, payload])
}

test('what is encoded is decoded, 64 bits exactly', () => {
  fc.assert(
    fc.property(plain, (message) => {
      expect(decodeGroupMessage(encodeGroupMessage(message))).toEqual(message)
    }),
    { seed: 1 },
  )
})

test('it is the text frame of the classic generation', () => {
  fc.assert(
    fc.property(plain, (message) => {
      expect(encodeGroupMessage(message)).toEqual(encodeFrame({ type: 'text', ...message }, 'classic'))
    }),
    { seed: 2, numRuns: 50 },
  )
})

test('cut off anywhere it is refused', () => {
  const bytes = encodeGroupMessage(HELLO)
  for (let end = 0; end < bytes.length; end++) {
    expect(codeOf(() => decodeGroupMessage(bytes.subarray(0, end)))).toBe('truncated')
  }
})

test('any bytes are refused, or mean the same when written and read again', () => {
  const seeds = fc.sample(plain, { seed: 3, numRuns: 20 }).map(encodeGroupMessage)
  const property = fc.property(mutated(seeds), (bytes) => {
    let message: ReturnType<typeof decodeGroupMessage> | undefined
    codeOf(() => (message = decodeGroupMessage(bytes)))
    if (message !== undefined) expect(decodeGroupMessage(encodeGroupMessage(message))).toEqual(message)
  })
  fc.assert(property, { seed: 4, numRuns: 2000 })
})

describe('the size in the header', () => {
  const sizeOf = (bytes: Uint8Array) => Number(`0x${toHex(bytes.subarray(8, 16))}`)

  test('is 16 and the message, and means nothing to a reader', () => {
    const bytes = encodeGroupMessage(HELLO)
    expect(sizeOf(bytes)).toBe(16 + 5)
    bytes.fill(0xff, 0, 16)
    expect(decodeGroupMessage(bytes)).toEqual(HELLO)
  })

  test('does not count a file that is inside', () => {
    const payload = joinAttachment({ metadata: { name: 'a', sizeBytes: 3 }, file: Uint8Array.of(1, 2, 3) })
    const file = { ...HELLO, messageType: MessageType.file, payload }
    expect(sizeOf(encodeGroupMessage(file))).toBe(16 + payload.length - 4 - 3)
  })
})

describe('envelopes', () => {
  test('may have other keys, any order, white space; bytes behind the payload are ignored', () => {
    const bytes = withEnvelope('{ "pad": "    ", "payloadSize": 1, "guid": -1 }', Uint8Array.of(0x61, 0x62))
    const { guid, payload } = decodeGroupMessage(bytes)
    expect([guid, [...payload]]).toEqual([-1n, [0x61]])
  })

  test.each([
    ['no JSON', 'hello', 'json'],
    ['no guid', '{"sendTime":1}', 'json-field'],
    ['a guid of 65 bits', '{"guid":18446744073709551616}', 'json-field'],
    ['a payload that is not there', '{"guid":1,"payloadSize":1}', 'truncated'],
    ['a payload of less than nothing', '{"guid":1,"payloadSize":-1}', 'json-field'],
  ])('%s', (_, json, code) => {
    expect(codeOf(() => decodeGroupMessage(withEnvelope(json)))).toBe(code)
  })

  test('one that is too long is refused at its length', () => {
    const bytes = concat([new Uint8Array(16), Uint8Array.of(0, 1, 0, 1)])
    expect(codeOf(() => decodeGroupMessage(bytes))).toBe('length')
  })
})

test('a file of 20 MiB inside is taken', () => {
  const payload = joinAttachment({ metadata: { name: 'a', sizeBytes: 20 << 20 }, file: new Uint8Array(20 << 20) })
  const message = { ...HELLO, messageType: MessageType.file, payload }
  expect(decodeGroupMessage(encodeGroupMessage(message)).payload).toHaveLength(payload.length)
})
