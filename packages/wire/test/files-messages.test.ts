import { describe, expect, test } from 'vitest'
import {
  authRequest,
  downloadRequest,
  downloadResponse,
  FILES_TABLES,
  FilesCommand,
  fileInfoRequest,
  fileInfoResponse,
  getNonceRequest,
  getNonceResponse,
  pingRequest,
  uploadRequest,
} from '../src/files/index.js'
import { fromHex } from '../src/index.js'
import { decodeTlvPayload, type TlvCodec, type TlvTable } from '../src/tlv/index.js'
import { codeOf } from './support/errors.js'

const codecs = {
  getNonceRequest,
  getNonceResponse,
  authRequest,
  pingRequest,
  uploadRequest,
  downloadRequest,
  downloadResponse,
  fileInfoRequest,
  fileInfoResponse,
} as const
const key = new Uint8Array(32).fill(1)
const samples = {
  getNonceRequest: { publicKey: key },
  getNonceResponse: { nonce: key },
  authRequest: { publicKey: key, nonce: key, signature: new Uint8Array(64) },
  pingRequest: {},
  uploadRequest: { fileHash: key, guid: -1n, offsetBytes: 10n, totalBytes: 26n, chunk: fromHex('aabb') },
  downloadRequest: { fileHash: key, guid: 5n, offsetBytes: 2n ** 64n - 1n, limitBytes: 0xffff_ffff },
  downloadResponse: { chunk: fromHex('aabb'), totalBytes: 26n, offsetBytes: 0n },
  fileInfoRequest: { fileHash: key },
  fileInfoResponse: { totalBytes: 26n, guid: -(2n ** 63n) },
} as const

describe.each(Object.keys(samples) as (keyof typeof samples)[])('%s', (name) => {
  const codec = codecs[name] as TlvCodec<TlvTable>
  const table: TlvTable = FILES_TABLES[name]
  const message = samples[name]

  test('is decoded as it was encoded, fields in the order of the table', () => {
    const payload = codec.encode(message)
    expect(codec.decode(payload)).toEqual(message)
    expect(decodeTlvPayload(payload).map(({ tag }) => tag)).toEqual(Object.values(table).map(({ tag }) => tag))
  })

  test('needs every field that is not optional', () => {
    for (const [field, { optional }] of Object.entries(table)) {
      const { [field]: _, ...rest } = message as Record<string, never>
      expect(codeOf(() => codec.encode(rest))).toBe(optional === true ? undefined : 'missing-field')
    }
  })

  test('cut off anywhere is refused', () => {
    const payload = codec.encode(message)
    for (let end = 1; end < payload.length; end++) {
      const code = codeOf(() => codec.decode(payload.subarray(0, end)))
      // Between two fields only what is optional may be missing.
      if (code !== undefined) expect(code).toBeOneOf(['truncated', 'varint', 'missing-field'])
      else expect(name).toBe('downloadRequest')
    }
  })
})

test('a limit of another length is none, a field of another length is missing', () => {
  const payload = downloadRequest.encode({ fileHash: key, offsetBytes: 0n })
  const withLimit = Uint8Array.from([...payload, 0x30, 2, 0, 16])
  expect(downloadRequest.decode(withLimit).limitBytes).toBeUndefined()
  expect(codeOf(() => fileInfoRequest.decode(fromHex(`401f${'00'.repeat(31)}`)))).toBe('length')
})

test('the numbers of the commands', () => {
  expect(FilesCommand).toEqual({ getNonce: 1, auth: 2, ping: 3, upload: 16, download: 17, fileInfo: 18 })
})
