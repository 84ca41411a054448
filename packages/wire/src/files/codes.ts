/** Command codes of requests. Source: current protocol §15.3. */
export const FilesCommand = {
  getNonce: 0x01,
  auth: 0x02,
  ping: 0x03,
  upload: 0x10,
  download: 0x11,
  fileInfo: 0x12,
} as const

/** First byte of a response. Source: current protocol §15.1. */
export const FilesStatus = { ok: 0, error: 1 } as const

/** Longest payload of a frame, either way, in bytes. Source: current protocol §15.1. */
export const MAX_FILES_PAYLOAD_BYTES = 2_097_152
/** Longest chunk that a server takes in one UPLOAD, in bytes. Source: current protocol §15.3. */
export const MAX_UPLOAD_CHUNK_BYTES = 65_536
/** Longest chunk of one answer to DOWNLOAD, in bytes. Source: current protocol §15.3. */
export const MAX_DOWNLOAD_CHUNK_BYTES = 262_144
