import { YggdrasilError } from '../error.js'

// Session payloads of the core: one type byte, and protocol messages behind type 2. Packets of ygg_stream have no such
// byte; which payload is whose is for the node to tell. yggdrasil protocol §9.1, §9.2.

/** First byte of a session payload of the core; everything else is a packet of ygg_stream. */
export const CoreType = {
  /** Ignored. */
  dummy: 0,
  /** A raw packet: IPv6, or a datagram of QUIC. */
  raw: 1,
  /** A protocol message. */
  protocol: 2,
} as const

/** Second byte of a protocol message. */
export const ProtocolType = { dummy: 0, nodeInfoRequest: 1, nodeInfoResponse: 2, debug: 0xff } as const

/** Third byte of a debug message. */
export const DebugType = {
  getSelfRequest: 1,
  getSelfResponse: 2,
  getPeersRequest: 3,
  getPeersResponse: 4,
  getTreeRequest: 5,
  getTreeResponse: 6,
} as const

/** Largest node info that the reference sends, and that is accepted here. */
export const MAX_NODE_INFO_BYTES = 16_384

/** A session payload of the core, told apart by `type`. */
export type CoreMessage =
  /** `00`, or `02 00`: ignored. */
  | { readonly type: 'dummy' }
  /** `01 ‖ packet`. Decoded it is a view. */
  | { readonly type: 'raw'; readonly packet: Uint8Array }
  /** `02 01`. */
  | { readonly type: 'nodeInfoRequest' }
  /** `02 02 ‖ JSON object`, UTF-8. Decoded it is a view, and not parsed. */
  | { readonly type: 'nodeInfoResponse'; readonly json: Uint8Array }
  /** `02 ff ‖ debugType ‖ body`: of {@link DebugType}. Decoded the body is a view. */
  | { readonly type: 'debug'; readonly debugType: number; readonly body: Uint8Array }

/** @throws {YggdrasilError} `misuse` for a debug type that is no byte */
export function encodeCoreMessage(message: CoreMessage): Uint8Array {
  switch (message.type) {
    case 'dummy':
      return Uint8Array.of(CoreType.dummy)
    case 'raw':
      return prefixed([CoreType.raw], message.packet)
    case 'nodeInfoRequest':
      return Uint8Array.of(CoreType.protocol, ProtocolType.nodeInfoRequest)
    case 'nodeInfoResponse':
      return prefixed([CoreType.protocol, ProtocolType.nodeInfoResponse], message.json)
    case 'debug': {
      const { debugType, body } = message
      if (debugType >>> 8 !== 0) throw new YggdrasilError('misuse', `debug type: expected a byte, got ${debugType}`)
      return prefixed([CoreType.protocol, ProtocolType.debug, debugType], body)
    }
  }
}

/**
 * What is behind the body of a request is ignored, as in the reference.
 * @throws {YggdrasilError} `malformed` for an empty payload and unknown types: ignore such a payload
 */
export function decodeCoreMessage(payload: Uint8Array): CoreMessage {
  const [type, protocolType, debugType] = payload
  if (type === CoreType.dummy) return { type: 'dummy' }
  if (type === CoreType.raw) return { type: 'raw', packet: payload.subarray(1) }
  if (type !== CoreType.protocol) throw unknown('payload', '0 to 2', type)
  switch (protocolType) {
    case ProtocolType.dummy:
      return { type: 'dummy' }
    case ProtocolType.nodeInfoRequest:
      return { type: 'nodeInfoRequest' }
    case ProtocolType.nodeInfoResponse:
      return { type: 'nodeInfoResponse', json: payload.subarray(2) }
    case ProtocolType.debug:
      if (debugType === undefined) throw unknown('debug message', '1 to 6', debugType)
      return { type: 'debug', debugType, body: payload.subarray(3) }
    default:
      throw unknown('protocol message', '0, 1, 2 or 255', protocolType)
  }
}

function unknown(what: string, expected: string, got: number | undefined): YggdrasilError {
  return new YggdrasilError('malformed', `${what}: expected type ${expected}, got ${got ?? 'nothing'}`)
}

function prefixed(prefix: readonly number[], rest: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(prefix.length + rest.length)
  bytes.set(prefix)
  bytes.set(rest, prefix.length)
  return bytes
}
