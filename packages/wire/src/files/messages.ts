import { type TlvCodec, type TlvValue, tlvCodec } from '../tlv/index.js'

/**
 * What the commands of a file server carry: one table per command and direction, fields in the order in which they are
 * written. The answers to AUTH, PING and UPLOAD are empty. Source: current protocol §15.2 and §15.3.
 */
export const FILES_TABLES = {
  getNonceRequest: {
    publicKey: { tag: 0x01, type: 'bytes', sizeBytes: 32 },
  },
  getNonceResponse: {
    nonce: { tag: 0x03, type: 'bytes', sizeBytes: 32 },
  },
  authRequest: {
    publicKey: { tag: 0x01, type: 'bytes', sizeBytes: 32 },
    nonce: { tag: 0x03, type: 'bytes', sizeBytes: 32 },
    signature: { tag: 0x02, type: 'bytes', sizeBytes: 64 },
  },
  pingRequest: {},
  uploadRequest: {
    fileHash: { tag: 0x40, type: 'bytes', sizeBytes: 32 },
    guid: { tag: 0x12, type: 'i64' },
    offsetBytes: { tag: 0x41, type: 'u64' },
    totalBytes: { tag: 0x42, type: 'u64' },
    chunk: { tag: 0x43, type: 'bytes' },
  },
  downloadRequest: {
    fileHash: { tag: 0x40, type: 'bytes', sizeBytes: 32 },
    guid: { tag: 0x12, type: 'i64', optional: true },
    offsetBytes: { tag: 0x41, type: 'u64' },
    limitBytes: { tag: 0x30, type: 'u32', optional: true },
  },
  downloadResponse: {
    chunk: { tag: 0x43, type: 'bytes' },
    totalBytes: { tag: 0x42, type: 'u64' },
    offsetBytes: { tag: 0x41, type: 'u64' },
  },
  fileInfoRequest: {
    fileHash: { tag: 0x40, type: 'bytes', sizeBytes: 32 },
  },
  fileInfoResponse: {
    totalBytes: { tag: 0x42, type: 'u64' },
    guid: { tag: 0x12, type: 'i64' },
  },
} as const

export type FilesTables = typeof FILES_TABLES

/** Who wants to authenticate: its identity key. A new nonce takes the place of the one before. */
export type GetNonceRequest = TlvValue<FilesTables['getNonceRequest']>
export type GetNonceResponse = TlvValue<FilesTables['getNonceResponse']>
/** The signature is the identity's, over the 32 bytes of the nonce and nothing else. */
export type AuthRequest = TlvValue<FilesTables['authRequest']>
export type PingRequest = TlvValue<FilesTables['pingRequest']>
/**
 * One chunk of a file, at most `MAX_UPLOAD_CHUNK_BYTES`. `fileHash` is SHA-256 of the whole file as it is stored, that is
 * encrypted; `guid` belongs to the message that announces it.
 */
export type UploadRequest = TlvValue<FilesTables['uploadRequest']>
/**
 * `limitBytes` missing: all there is. Never send 0: it is answered with nothing at all. `guid` is sent by originals and means
 * nothing.
 */
export type DownloadRequest = TlvValue<FilesTables['downloadRequest']>
/** One of several answers with the same request id; the last one ends at `totalBytes`, or at the limit. */
export type DownloadResponse = TlvValue<FilesTables['downloadResponse']>
export type FileInfoRequest = TlvValue<FilesTables['fileInfoRequest']>
/** `guid` is the one that the first uploader gave. */
export type FileInfoResponse = TlvValue<FilesTables['fileInfoResponse']>

export const getNonceRequest: TlvCodec<FilesTables['getNonceRequest']> = /* @__PURE__ */ tlvCodec(
  FILES_TABLES.getNonceRequest,
)
export const getNonceResponse: TlvCodec<FilesTables['getNonceResponse']> = /* @__PURE__ */ tlvCodec(
  FILES_TABLES.getNonceResponse,
)
export const authRequest: TlvCodec<FilesTables['authRequest']> = /* @__PURE__ */ tlvCodec(FILES_TABLES.authRequest)
export const pingRequest: TlvCodec<FilesTables['pingRequest']> = /* @__PURE__ */ tlvCodec(FILES_TABLES.pingRequest)
export const uploadRequest: TlvCodec<FilesTables['uploadRequest']> = /* @__PURE__ */ tlvCodec(
  FILES_TABLES.uploadRequest,
)
export const downloadRequest: TlvCodec<FilesTables['downloadRequest']> = /* @__PURE__ */ tlvCodec(
  FILES_TABLES.downloadRequest,
)
export const downloadResponse: TlvCodec<FilesTables['downloadResponse']> = /* @__PURE__ */ tlvCodec(
  FILES_TABLES.downloadResponse,
)
export const fileInfoRequest: TlvCodec<FilesTables['fileInfoRequest']> = /* @__PURE__ */ tlvCodec(
  FILES_TABLES.fileInfoRequest,
)
export const fileInfoResponse: TlvCodec<FilesTables['fileInfoResponse']> = /* @__PURE__ */ tlvCodec(
  FILES_TABLES.fileInfoResponse,
)
