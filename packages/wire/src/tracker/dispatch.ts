import { WireError } from '../error.js'
import {
  type AnnounceRequest,
  type AnnounceResponse,
  decodeAnnounceRequest,
  decodeAnnounceResponse,
} from './announce.js'
import {
  decodeGetAddrsRequest,
  decodeGetAddrsResponse,
  type GetAddrsRequest,
  type GetAddrsResponse,
} from './get-addrs.js'
import { REQUEST_HEADER_BYTES, RESPONSE_HEADER_BYTES, requireBytes, TrackerCommand } from './layout.js'

/** Any request of the classic generation, told apart by `command`. */
export type TrackerRequest =
  | ({ readonly command: 'announce' } & AnnounceRequest)
  | ({ readonly command: 'getAddrs' } & GetAddrsRequest)

/** Any answer of the classic generation, told apart by `command`. */
export type TrackerResponse =
  | ({ readonly command: 'announce' } & AnnounceResponse)
  | ({ readonly command: 'getAddrs' } & GetAddrsResponse)

/**
 * Decode a datagram that came to a tracker. Byte fields are views of `bytes`.
 * @throws {WireError} `truncated` | `unexpected-type`
 */
export function decodeRequest(bytes: Uint8Array): TrackerRequest {
  requireBytes(bytes, REQUEST_HEADER_BYTES, 'request')
  const command = bytes[REQUEST_HEADER_BYTES - 1]
  if (command === TrackerCommand.announce) return { command: 'announce', ...decodeAnnounceRequest(bytes) }
  if (command === TrackerCommand.getAddrs) return { command: 'getAddrs', ...decodeGetAddrsRequest(bytes) }
  throw unknownCommand('request', command)
}

/**
 * Decode a datagram that came from a tracker. Byte fields are views of `bytes`.
 * @throws {WireError} `truncated` | `unexpected-type` | `length`
 */
export function decodeResponse(bytes: Uint8Array): TrackerResponse {
  requireBytes(bytes, RESPONSE_HEADER_BYTES, 'response')
  const command = bytes[RESPONSE_HEADER_BYTES - 1]
  if (command === TrackerCommand.announce) return { command: 'announce', ...decodeAnnounceResponse(bytes) }
  if (command === TrackerCommand.getAddrs) return { command: 'getAddrs', ...decodeGetAddrsResponse(bytes) }
  throw unknownCommand('response', command)
}

/** What an answer answers, read without touching its body; `undefined` when `bytes` are too few to tell. */
export function peekResponse(bytes: Uint8Array): { readonly nonce: number; readonly command: number } | undefined {
  const [a, b, c, d, command] = bytes
  if (a === undefined || b === undefined || c === undefined || d === undefined || command === undefined)
    return undefined
  return { nonce: ((a << 24) | (b << 16) | (c << 8) | d) >>> 0, command }
}

function unknownCommand(message: string, command: number | undefined): WireError {
  return new WireError('unexpected-type', `${message}: command ${command} is not known in the classic generation`, {
    field: `${message}.command`,
  })
}
