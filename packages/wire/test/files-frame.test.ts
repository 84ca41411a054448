import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeFilesRequest,
  decodeFilesResponse,
  encodeFilesMessage,
  encodeFilesRequest,
  encodeFilesResponse,
  FilesCommand,
  FilesStatus,
  MAX_FILES_PAYLOAD_BYTES,
  MAX_UPLOAD_CHUNK_BYTES,
  pingRequest,
  uploadRequest,
} from '../src/files/index.js'
import { fromHex, toHex } from '../src/index.js'
import { codeOf } from './support/errors.js'
import { mutated } from './support/mutate.js'

const payload = fc.uint8Array({ maxLength: 200 })
const requestId = fc.nat(0xffff)

test('frames are decoded as they were encoded', () => {
  fc.assert(
    fc.property(fc.nat(255), fc.constantFrom(0, 1), requestId, payload, (command, status, id, bytes) => {
      const request = { command, requestId: id, payload: bytes }
      const response = { status, requestId: id, payload: bytes }
      expect(decodeFilesRequest(encodeFilesRequest(request))).toEqual(request)
      expect(decodeFilesResponse(encodeFilesResponse(response))).toEqual(response)
    }),
    { seed: 1 },
  )
})

test('a frame cut off anywhere is truncated, one with more behind it has trailing bytes', () => {
  const bytes = encodeFilesRequest({ command: 1, requestId: 2, payload: fromHex('0011223344') })
  for (let end = 0; end < bytes.length; end++) {
    expect(codeOf(() => decodeFilesRequest(bytes.subarray(0, end)))).toBe('truncated')
    expect(codeOf(() => decodeFilesResponse(bytes.subarray(0, end)))).toBe('truncated')
  }
  for (const decode of [decodeFilesRequest, decodeFilesResponse]) {
    expect(codeOf(() => decode(Uint8Array.from([...bytes, 0])))).toBe('trailing')
  }
})

test('a message is written into its frame', () => {
  const message = {
    fileHash: new Uint8Array(32).fill(1),
    guid: -1n,
    offsetBytes: 0n,
    totalBytes: 131_072n,
    chunk: new Uint8Array(MAX_UPLOAD_CHUNK_BYTES).fill(2),
  }
  const frame = encodeFilesMessage(FilesCommand.upload, 8, uploadRequest, message)
  expect(frame).toHaveLength(65_611)
  expect(
    Buffer.compare(frame, encodeFilesRequest({ command: 0x10, requestId: 8, payload: uploadRequest.encode(message) })),
  ).toBe(0)
  expect(toHex(frame.subarray(71, 75))).toBe('43808004')
  expect(toHex(encodeFilesMessage(FilesCommand.ping, 4, pingRequest, {}))).toBe('03000400000000')
})

describe('what is refused', () => {
  test('a payload above the ceiling, at its length', () => {
    const header = (bytes: number) => fromHex(`000002${bytes.toString(16).padStart(8, '0')}`)
    for (const decode of [decodeFilesRequest, decodeFilesResponse]) {
      expect(codeOf(() => decode(header(MAX_FILES_PAYLOAD_BYTES)))).toBe('truncated')
      expect(codeOf(() => decode(header(MAX_FILES_PAYLOAD_BYTES + 1)))).toBe('frame-too-large')
      expect(codeOf(() => decode(header(0xffff_ffff)))).toBe('frame-too-large')
    }
  })

  test('by the encoders', () => {
    const request = { command: 1, requestId: 2, payload: new Uint8Array(0) }
    const large = new Uint8Array(MAX_FILES_PAYLOAD_BYTES + 1)
    expect(codeOf(() => encodeFilesRequest({ ...request, payload: large }))).toBe('frame-too-large')
    expect(codeOf(() => encodeFilesRequest({ ...request, command: 256 }))).toBe('out-of-range')
    expect(codeOf(() => encodeFilesRequest({ ...request, requestId: 65_536 }))).toBe('out-of-range')
    expect(codeOf(() => encodeFilesRequest({ ...request, requestId: -1 }))).toBe('out-of-range')
    expect(codeOf(() => encodeFilesMessage(256, 1, pingRequest, {}))).toBe('out-of-range')
    const message = { fileHash: new Uint8Array(31), guid: 0n, offsetBytes: 0n, totalBytes: 0n, chunk: large }
    expect(codeOf(() => encodeFilesMessage(16, 1, uploadRequest, message))).toBe('length')
    const oversized = { ...message, fileHash: new Uint8Array(32) }
    expect(codeOf(() => encodeFilesMessage(16, 1, uploadRequest, oversized))).toBe('frame-too-large')
  })

  test('a status that is none, both ways', () => {
    expect(codeOf(() => decodeFilesResponse(fromHex('02000200000000')))).toBe('unexpected-type')
    for (const status of [2, -1, 0.5]) {
      expect(codeOf(() => encodeFilesResponse({ status, requestId: 1, payload: new Uint8Array(0) }))).toBe(
        'unexpected-type',
      )
    }
    expect(FilesStatus).toEqual({ ok: 0, error: 1 })
  })
})

test('any bytes give a frame or a WireError', () => {
  const seed = encodeFilesResponse({ status: 1, requestId: 9, payload: fromHex('0003616263') })
  fc.assert(
    fc.property(mutated([seed]), (bytes) => {
      codeOf(() => {
        expect(toHex(encodeFilesRequest(decodeFilesRequest(bytes)))).toBe(toHex(bytes))
      })
      codeOf(() => {
        expect(toHex(encodeFilesResponse(decodeFilesResponse(bytes)))).toBe(toHex(bytes))
      })
    }),
    { seed: 2, numRuns: 1500 },
  )
})
