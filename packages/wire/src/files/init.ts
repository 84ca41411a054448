import { WireError } from '../error.js'
import { Reader } from '../reader.js'

/** Bytes that open a connection. */
export const FILES_INIT_BYTES = 2
const VERSION = 1
const PROTOCOL = 0

/** What a client writes first. There is one version so far. */
export interface FilesInit {
  /** 1. */
  readonly version: number
  /** 0. */
  readonly protocol: number
}

/** The opening that servers understand. */
export const FILES_INIT: FilesInit = { version: VERSION, protocol: PROTOCOL }

/**
 * Decode the opening: `version u8 | protocol u8`. Servers drop a connection that opens otherwise, without a word. Source:
 * current protocol §15.1.
 * @throws {WireError} `truncated`, `trailing`, or `unexpected-type` for another version or protocol.
 */
export function decodeFilesInit(bytes: Uint8Array): FilesInit {
  const reader = new Reader(bytes)
  const init = { version: reader.u8(), protocol: reader.u8() }
  reader.end()
  return checkInit(init)
}

/** @throws {WireError} `unexpected-type` */
export function encodeFilesInit(init: FilesInit = FILES_INIT): Uint8Array {
  const { version, protocol } = checkInit(init)
  return Uint8Array.of(version, protocol)
}

function checkInit(init: FilesInit): FilesInit {
  if (init.version === VERSION && init.protocol === PROTOCOL) return init
  const { version, protocol } = init
  throw new WireError('unexpected-type', `opening: expected version 1, protocol 0, got ${version} and ${protocol}`)
}
