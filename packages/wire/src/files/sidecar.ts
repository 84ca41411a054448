import { checkBytes } from '../int.js'
import { Reader } from '../reader.js'
import { Writer } from '../writer.js'

const SIDECAR_BYTES = 56
const KEY_BYTES = 32

/** What a server keeps on disk beside a file, in `<hash>.meta`. */
export interface FilesSidecar {
  /** 32-byte identity key of the first uploader, who is charged for the file. */
  readonly uploader: Uint8Array
  readonly guid: bigint
  /** Seconds since 1970. */
  readonly uploadedAtSeconds: bigint
  readonly sizeBytes: bigint
}

/**
 * Decode a sidecar: `uploader 32 | guid i64 | uploadedAt i64 | size u64`. Source: current protocol §15.3.
 * @throws {WireError} `truncated` or `trailing` unless there are exactly 56 bytes.
 */
export function decodeFilesSidecar(bytes: Uint8Array): FilesSidecar {
  const reader = new Reader(bytes)
  const sidecar = {
    uploader: reader.bytes(KEY_BYTES),
    guid: reader.i64(),
    uploadedAtSeconds: reader.i64(),
    sizeBytes: reader.u64(),
  }
  reader.end()
  return sidecar
}

/** @throws {WireError} `length` for a key of another size, `out-of-range` for a number that does not fit. */
export function encodeFilesSidecar(sidecar: FilesSidecar): Uint8Array {
  return new Writer(SIDECAR_BYTES)
    .bytes(checkBytes(sidecar.uploader, KEY_BYTES, 'uploader'))
    .i64(sidecar.guid, 'guid')
    .i64(sidecar.uploadedAtSeconds, 'uploadedAtSeconds')
    .u64(sidecar.sizeBytes, 'sizeBytes')
    .finish()
}
