import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../src/index.js'
import { joinAttachment, MAX_ATTACHMENT_METADATA_BYTES, splitAttachment } from '../src/peer/index.js'
import { codeOf } from './support/errors.js'
import { mutated } from './support/mutate.js'

const file = fromHex('ffd8ffe0')

function payloadOf(metadata: string): Uint8Array {
  const text = new TextEncoder().encode(metadata)
  const payload = new Uint8Array(4 + text.length + file.length)
  new DataView(payload.buffer).setInt32(0, text.length)
  payload.set(text, 4)
  payload.set(file, 4 + text.length)
  return payload
}

const textValue = fc.string({ unit: 'grapheme', maxLength: 30 })
const metadata = fc.record(
  {
    name: textValue,
    sizeBytes: fc.maxSafeInteger().map(Math.abs),
    hash: textValue,
    offset: fc.maxSafeNat(),
    originalName: textValue,
    mimeType: textValue,
    text: textValue,
  },
  { requiredKeys: ['name'] },
)

const fits = (fileBytes: number, sizeBytes: number, offset: number | undefined): boolean =>
  offset === undefined ? fileBytes === sizeBytes : fileBytes + offset <= sizeBytes

test('an attachment is split as it was joined', () => {
  fc.assert(
    fc.property(metadata, fc.uint8Array({ maxLength: 50 }), (data, bytes) => {
      const split = splitAttachment(joinAttachment({ metadata: data, file: bytes }))
      expect(split).toEqual({
        metadata: data,
        file: bytes,
        damaged: data.sizeBytes !== undefined && !fits(bytes.length, data.sizeBytes, data.offset),
      })
    }),
    { seed: 1 },
  )
})

test('metadata is written in the order of the originals', () => {
  const data = { text: 't', mimeType: 'm', originalName: 'o', hash: 'h', sizeBytes: 4, name: 'n' }
  const text = '{"name":"n","size":4,"hash":"h","originalName":"o","mimeType":"m","text":"t"}'
  expect(toHex(joinAttachment({ metadata: data, file }))).toBe(toHex(payloadOf(text)))
})

test('in the current generation it is written in alphabetical order', () => {
  const data = { text: 't', mimeType: 'm', originalName: 'o', offset: 0, hash: 'h', sizeBytes: 4, name: 'n' }
  const text = '{"hash":"h","mimeType":"m","name":"n","offset":0,"originalName":"o","size":4,"text":"t"}'
  expect(toHex(joinAttachment({ metadata: data, file }, 'current'))).toBe(toHex(payloadOf(text)))
})

describe('what is taken', () => {
  test.each<[string, object]>([
    ['{"name":"a"}', { damaged: false }],
    ['{"name":"a","size":4}', { damaged: false }],
    ['{"name":"../a","size":5}', { damaged: true }],
    ['{"name":"a","size":"4"}', { damaged: true }],
    ['{"name":"a","size":-4}', { damaged: true }],
    ['{"name":"a","size":4.0}', { damaged: true }],
    ['{"name":"a","size":9223372036854775807}', { damaged: true }],
    ['{"name":"a","hash":5}', { damaged: true }],
    ['{"name":"a","size":9,"offset":5}', { damaged: false }],
    ['{"name":"a","size":9,"offset":0}', { damaged: false }],
    ['{"name":"a","size":9,"offset":6}', { damaged: true }],
    ['{"name":"a","offset":6}', { damaged: false }],
    ['{"name":"a","size":4,"offset":"0"}', { damaged: true }],
    ['{"name":"a","offset":-1}', { damaged: true }],
    ['{"name":"a","offset":1.0}', { damaged: true }],
    ['{"name":"a","offset":9007199254740992}', { damaged: true }],
    ['{"name":"a","text":5,"other":[{"name":1}]}', { damaged: false }],
    ['{"name":"a\\/b"}', { damaged: false }],
  ])('%s', (text, expected) => {
    const split = splitAttachment(payloadOf(text))
    expect(split).toMatchObject(expected)
    expect(split.file).toEqual(file)
  })

  test('fields of the wrong kind are absent', () => {
    const { metadata: data } = splitAttachment(payloadOf('{"name":"a","size":"4","hash":5,"text":null,"mimeType":{}}'))
    expect(data).toEqual({ name: 'a' })
  })

  test('metadata without a file', () => {
    const payload = payloadOf('{"name":"a","size":0}').subarray(0, -file.length)
    expect(splitAttachment(payload)).toEqual({
      metadata: { name: 'a', sizeBytes: 0 },
      file: new Uint8Array(0),
      damaged: false,
    })
  })
})

describe('what is refused', () => {
  test.each([
    ['nothing', ''],
    ['three bytes', '000000'],
    ['a negative length', 'ffffffff7b7d'],
    ['a length past the end', '000000647b7d'],
    ['no metadata', '00000000'],
    ['metadata that is not UTF-8', '0000000d7b226e616d65223a2261ff227d'],
  ])('%s', (_, hex) => {
    expect(codeOf(() => splitAttachment(fromHex(hex)))).toBe('attachment')
  })

  test.each(['abc', '[]', '{}', '{"name":5}', '{"name":"a","name":"b"}', '{"name":"a","size":1,"size":1}'])(
    '%s',
    (text) => {
      expect(codeOf(() => splitAttachment(payloadOf(text)))).toBe('attachment')
    },
  )

  test('metadata above the ceiling, both ways', () => {
    const name = 'n'.repeat(MAX_ATTACHMENT_METADATA_BYTES)
    expect(codeOf(() => splitAttachment(payloadOf(JSON.stringify({ name }))))).toBe('attachment')
    expect(codeOf(() => joinAttachment({ metadata: { name }, file }))).toBe('attachment')
  })

  test('a size that is no length', () => {
    expect(codeOf(() => joinAttachment({ metadata: { name: 'a', sizeBytes: -1 }, file }))).toBe('out-of-range')
  })
})

test('any payload gives an attachment or a WireError', () => {
  const seeds = [
    payloadOf('{"name":"a.jpg","size":4,"hash":"00","text":"caption"}'),
    payloadOf('{"name":"a","x":[1,2,{}]}'),
  ]
  fc.assert(
    fc.property(mutated(seeds), (payload) => {
      expect(codeOf(() => splitAttachment(payload))).toBeOneOf([undefined, 'attachment'])
    }),
    { seed: 2, numRuns: 3000 },
  )
})
