import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AnnouncedFile, decodeAttachmentMetadata, encodeAttachmentMetadata } from '../src/content/index.js'
import { MAX_ATTACHMENT_METADATA_BYTES } from '../src/peer/index.js'
import { codeOf } from './support/errors.js'
import { bytesOf } from './support/frames.js'
import { mutated } from './support/mutate.js'

const HASH = 'c0'.repeat(32)
const file: AnnouncedFile = { name: 'a.jpg', sizeBytes: 4, hash: HASH }
const bytes = (text: string) => new TextEncoder().encode(text)
const json = (change: object) => JSON.stringify({ name: 'a.jpg', size: 4, hash: HASH, ...change })
const decode = (text: string) => decodeAttachmentMetadata(bytes(text))

const textValue = fc.string({ unit: 'grapheme', maxLength: 30 })
const announced = fc.record(
  {
    name: textValue,
    sizeBytes: fc.maxSafeNat(),
    hash: bytesOf(32).map((hash) => Buffer.from(hash).toString('hex')),
    originalName: textValue,
    mimeType: textValue,
    text: textValue,
    key: fc.uint8Array({ minLength: 32, maxLength: 256 }),
    server: bytesOf(32),
  },
  { requiredKeys: ['name', 'sizeBytes', 'hash'] },
)

test('a file is read as it was announced', () => {
  fc.assert(
    fc.property(announced, (value) => {
      expect(decodeAttachmentMetadata(encodeAttachmentMetadata(value))).toEqual(value)
    }),
    { seed: 1 },
  )
})

test('members are written in the order of the originals, whatever the order of the value', () => {
  const value = { server: new Uint8Array(32), key: new Uint8Array(32).fill(7), text: 't', mimeType: 'm', ...file }
  expect(new TextDecoder().decode(encodeAttachmentMetadata({ ...value, originalName: 'o' }))).toBe(
    `{"name":"a.jpg","size":4,"hash":"${HASH}","originalName":"o","mimeType":"m","text":"t",` +
      `"key":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=","server":"${'00'.repeat(32)}"}`,
  )
})

test('slashes may be escaped, unknown members are passed over', () => {
  const text = json({ mimeType: 'audio/mp4', more: [{}] }).replaceAll('/', '\\/')
  expect(decode(text)).toEqual({ ...file, mimeType: 'audio/mp4' })
})

test('a key may be longer than 32 bytes, with or without need of padding', () => {
  expect(decode(json({ key: 'B'.repeat(44) })).key).toHaveLength(33)
  expect(decode(json({ key: 'B'.repeat(80) })).key).toHaveLength(60)
})

test('metadata cut off anywhere is refused', () => {
  const whole = encodeAttachmentMetadata({ ...file, key: new Uint8Array(32), server: new Uint8Array(32) })
  for (let end = 0; end < whole.length; end++) {
    expect(codeOf(() => decodeAttachmentMetadata(whole.subarray(0, end)))).toBe('attachment')
  }
})

describe('what is refused', () => {
  test.each([
    ...[{ name: 5 }, { name: null }, { size: '4' }, { size: 4.5 }, { size: -1 }, { size: 2 ** 53 }, { hash: 5 }],
    ...[{ hash: HASH.slice(1) }, { originalName: 5 }, { mimeType: [] }, { text: null }, { key: 5 }, { server: 5 }],
    ...[
      { server: HASH.slice(1) },
      { key: '' },
      { key: 'Bw==' },

      { key: `${'B'.repeat(43)}=\n` },
    ],
    ...[{ key: `${'-'.repeat(43)}=` }, { key: 'B'.repeat(400) }, { name: 'n'.repeat(1_025) }],
    ...[{ originalName: 'ы'.repeat(513) }, { mimeType: 'm'.repeat(256) }],
  ])('%o', (change) => {
    expect(codeOf(() => decode(json(change)))).toBe('attachment')
  })

  test.each(['', 'abc', '[]', '{}', `${json({})} x`, '\ufeff{}', json({}).replace('"name"', '"size":4,"name"')])(
    '%s',
    (text) => {
      expect(codeOf(() => decode(text))).toBe('attachment')
    },
  )

  test('what is too long as a whole, both ways', () => {
    const text = 't'.repeat(MAX_ATTACHMENT_METADATA_BYTES)
    expect(codeOf(() => decode(json({ text })))).toBe('attachment')
    expect(codeOf(() => encodeAttachmentMetadata({ ...file, text }))).toBe('attachment')
  })

  test.each<[string, Partial<AnnouncedFile>]>([
    ['size', { sizeBytes: -1 }],
    ['no size', { sizeBytes: Number.NaN }],
    ['a size that is no integer', { sizeBytes: 1e21 }],
    ['hash', { hash: 'no' }],
    ['name', { name: 'n'.repeat(1_025) }],
    ['a short key', { key: new Uint8Array(31) }],
    ['a long key', { key: new Uint8Array(257) }],
    ['a huge key', { key: new Uint8Array(1_000_000) }],
    ['server', { server: new Uint8Array(31) }],
  ])('from an encoder: %s', (_, change) => {
    expect(codeOf(() => encodeAttachmentMetadata({ ...file, ...change }))).toBe('attachment')
  })
})

test('any payload gives a file or a WireError of one code', () => {
  const seeds = [
    encodeAttachmentMetadata({ ...file, key: new Uint8Array(32), server: new Uint8Array(32), text: 'x' }),
    bytes(json({ x: [1, 2, {}] })),
  ]
  fc.assert(
    fc.property(mutated(seeds), (payload) => {
      expect(codeOf(() => decodeAttachmentMetadata(payload))).toBeOneOf([undefined, 'attachment'])
    }),
    { seed: 2, numRuns: 3000 },
  )
})
