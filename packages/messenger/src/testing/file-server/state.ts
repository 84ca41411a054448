import type { FileIndex } from './file-index.js'
import type { FileServerLimits, FileServerSpans } from './limits.js'
import type { Nonces } from './nonces.js'

/** What the connections of one server share. */
export interface FileServerState {
  readonly limits: FileServerLimits
  readonly spans: FileServerSpans
  readonly index: FileIndex
  readonly nonces: Nonces
  random(byteLength: number): Uint8Array
}
