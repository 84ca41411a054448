export type { StreamReader } from '../stream-reader.js'
export {
  FilesCommand,
  FilesStatus,
  MAX_DOWNLOAD_CHUNK_BYTES,
  MAX_FILES_PAYLOAD_BYTES,
  MAX_UPLOAD_CHUNK_BYTES,
} from './codes.js'
export { decodeFilesError, encodeFilesError } from './error-payload.js'
export {
  decodeFilesRequest,
  decodeFilesResponse,
  encodeFilesMessage,
  encodeFilesRequest,
  encodeFilesResponse,
  FILES_HEADER_BYTES,
  type FilesRequest,
  type FilesResponse,
} from './frame.js'
export { type FilesReader, type FilesReaderOptions, FilesRequestReader, FilesResponseReader } from './frame-reader.js'
export { decodeFilesInit, encodeFilesInit, FILES_INIT, FILES_INIT_BYTES, type FilesInit } from './init.js'
export {
  type AuthRequest,
  authRequest,
  type DownloadRequest,
  type DownloadResponse,
  downloadRequest,
  downloadResponse,
  FILES_TABLES,
  type FileInfoRequest,
  type FileInfoResponse,
  type FilesTables,
  fileInfoRequest,
  fileInfoResponse,
  type GetNonceRequest,
  type GetNonceResponse,
  getNonceRequest,
  getNonceResponse,
  type PingRequest,
  pingRequest,
  type UploadRequest,
  uploadRequest,
} from './messages.js'
export { decodeFilesSidecar, encodeFilesSidecar, type FilesSidecar } from './sidecar.js'
