import {
  authRequest,
  decodeFilesError,
  decodeFilesInit,
  decodeFilesRequest,
  decodeFilesResponse,
  decodeFilesSidecar,
  downloadRequest,
  downloadResponse,
  encodeFilesError,
  encodeFilesInit,
  encodeFilesRequest,
  encodeFilesResponse,
  encodeFilesSidecar,
  type FilesInit,
  type FilesRequest,
  type FilesResponse,
  type FilesSidecar,
  fileInfoRequest,
  fileInfoResponse,
  getNonceRequest,
  getNonceResponse,
  pingRequest,
  uploadRequest,
} from '@mimirjs/wire/files'
import type { BytesCodec, CodecTable } from './codec.js'
import type { Shape } from './shape.js'

/** The members of all messages: none means different things in two of them. */
const messageShape: Shape = {
  publicKey: 'bytes',
  nonce: 'bytes',
  signature: 'bytes',
  fileHash: 'bytes',
  guid: 'bigint',
  offsetBytes: 'bigint',
  totalBytes: 'bigint',
  chunk: 'bytes',
}

function message<T>(codec: {
  readonly decode: (payload: Uint8Array) => unknown
  readonly encode: (value: T) => Uint8Array
}): BytesCodec {
  return { shape: messageShape, decode: (payload) => codec.decode(payload), encode: (value: T) => codec.encode(value) }
}

const init: BytesCodec = {
  shape: 'plain',
  decode: decodeFilesInit,
  encode: (value: FilesInit) => encodeFilesInit(value),
}

const requestFrame: BytesCodec = {
  shape: { payload: 'bytes' },
  decode: decodeFilesRequest,
  encode: (value: FilesRequest) => encodeFilesRequest(value),
}

const responseFrame: BytesCodec = {
  shape: { payload: 'bytes' },
  decode: decodeFilesResponse,
  encode: (value: FilesResponse) => encodeFilesResponse(value),
}

const error: BytesCodec = {
  shape: 'plain',
  decode: (payload) => ({ message: decodeFilesError(payload) }),
  encode: (value: { readonly message: string }) => encodeFilesError(value.message),
}

const sidecar: BytesCodec = {
  shape: { uploader: 'bytes', guid: 'bigint', uploadedAtSeconds: 'bigint', sizeBytes: 'bigint' },
  decode: decodeFilesSidecar,
  encode: (value: FilesSidecar) => encodeFilesSidecar(value),
}

export const filesCodecs: CodecTable = {
  'files.init': init,
  'files.requestFrame': requestFrame,
  'files.responseFrame': responseFrame,
  'files.getNonceRequest': message(getNonceRequest),
  'files.getNonceResponse': message(getNonceResponse),
  'files.authRequest': message(authRequest),
  'files.pingRequest': message(pingRequest),
  'files.uploadRequest': message(uploadRequest),
  'files.downloadRequest': message(downloadRequest),
  'files.downloadResponse': message(downloadResponse),
  'files.fileInfoRequest': message(fileInfoRequest),
  'files.fileInfoResponse': message(fileInfoResponse),
  'files.error': error,
  'files.sidecar': sidecar,
}
