import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeFilesSidecar, encodeFilesSidecar, type FilesSidecar } from '../src/files/index.js'
import { codeOf } from './support/errors.js'
import { bytesOf, i64 } from './support/frames.js'

const sidecar: fc.Arbitrary<FilesSidecar> = fc.record({
  uploader: bytesOf(32),
  guid: i64,
  uploadedAtSeconds: i64,
  sizeBytes: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
})

test('a sidecar is decoded as it was encoded, in 56 bytes and no others', () => {
  fc.assert(
    fc.property(sidecar, (value) => {
      const bytes = encodeFilesSidecar(value)
      expect(bytes).toHaveLength(56)
      expect(decodeFilesSidecar(bytes)).toEqual(value)
      for (let end = 0; end < 56; end++) {
        expect(codeOf(() => decodeFilesSidecar(bytes.subarray(0, end)))).toBe('truncated')
      }
      expect(codeOf(() => decodeFilesSidecar(Uint8Array.from([...bytes, 0])))).toBe('trailing')
    }),
    { seed: 1, numRuns: 30 },
  )
})

test('the encoder refuses what does not fit', () => {
  const value = { uploader: new Uint8Array(32), guid: 0n, uploadedAtSeconds: 0n, sizeBytes: 0n }
  expect(codeOf(() => encodeFilesSidecar({ ...value, uploader: new Uint8Array(31) }))).toBe('length')
  expect(codeOf(() => encodeFilesSidecar({ ...value, guid: 2n ** 63n }))).toBe('out-of-range')
  expect(codeOf(() => encodeFilesSidecar({ ...value, uploadedAtSeconds: 2n ** 63n }))).toBe('out-of-range')
  expect(codeOf(() => encodeFilesSidecar({ ...value, sizeBytes: -1n }))).toBe('out-of-range')
})
