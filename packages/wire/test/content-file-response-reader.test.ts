import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FileResponseReader } from '../src/content/index.js'
import { fromHex, toHex } from '../src/index.js'
import {
  encodeAttachmentHead,
  joinAttachment,
  MAX_ATTACHMENT_METADATA_BYTES,
  splitAttachment,
} from '../src/peer/index.js'
import { chunks, cuts } from './support/cuts.js'
import { codeOf } from './support/errors.js'

const metadata = { name: 'a.txt', sizeBytes: 10, hash: 'c0'.repeat(32) }
const file = new TextEncoder().encode('hello file')
const payload = joinAttachment({ metadata, file }, 'current')

test('a response cut anyhow gives the metadata, then the file', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), cuts, (bytes, sizes) => {
      const whole = joinAttachment({ metadata, file: bytes }, 'current')
      const reader = new FileResponseReader(whole.length)
      const got: number[] = []
      for (const chunk of chunks(whole, sizes)) {
        const part = reader.push(chunk)
        if (part.length > 0) expect(reader.received).toBeDefined()
        got.push(...part)
      }
      expect({ ...reader.received, file: Uint8Array.from(got) }).toEqual(splitAttachment(whole))
      expect(reader.fileBytes).toBe(bytes.length)
    }),
    { seed: 1 },
  )
})

test('the file is handed on in views', () => {
  const reader = new FileResponseReader(payload.length)
  const part = reader.push(payload)
  expect(part.buffer).toBe(payload.buffer)
  expect(toHex(part)).toBe(toHex(file))
  expect(reader.received).toEqual({ metadata, damaged: false })
})

test('nothing is known before its bytes are there', () => {
  const reader = new FileResponseReader(payload.length)
  for (let at = 0; at < payload.length - file.length; at++) {
    expect(reader.fileBytes).toBe(at < 4 ? undefined : file.length)
    expect(reader.received).toBeUndefined()
    expect(reader.push(payload.subarray(at, at + 1))).toHaveLength(0)
  }
  expect(reader.received?.metadata).toEqual(metadata)
})

test('the head alone is the beginning of the whole', () => {
  expect(toHex(encodeAttachmentHead(metadata, 'current')) + toHex(file)).toBe(toHex(payload))
  expect(new TextDecoder().decode(payload.subarray(4))).toMatch(
    /^\{"hash":"[c0]+","name":"a.txt","size":10\}hello file$/,
  )
})

describe('what is refused', () => {
  test.each([
    ['metadata that passes the end of the data', 10, '00000064'],
    ['metadata that passes it by one byte', 8, '00000005'],
    ['metadata above the ceiling', 1_000_000, `000${(MAX_ATTACHMENT_METADATA_BYTES + 1).toString(16)}`],
    ['the largest length', 1_000_000, 'ffffffff'],
    ['no metadata', 4, '00000000'],
    ['what is no JSON', 8, '00000003616263'],
    ['metadata without a name', 8, '000000027b7d'],
  ])('%s', (_, dataBytes, hex) => {
    const reader = new FileResponseReader(dataBytes)
    expect(codeOf(() => reader.push(fromHex(hex)))).toBe('attachment')
    expect(reader.received).toBeUndefined()
  })

  test('a promise of metadata is not allocated', () => {
    const before = process.memoryUsage().arrayBuffers
    const readers = Array.from({ length: 500 }, () => {
      const reader = new FileResponseReader(MAX_ATTACHMENT_METADATA_BYTES + 4)
      reader.push(fromHex('00010000'))
      reader.push(fromHex('7b'))
      return reader
    })
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000)
    expect(readers.every(({ fileBytes }) => fileBytes === 0)).toBe(true)
  })
})
