import type { ByteQueue } from '../byte-queue.js'
import { WireError } from '../error.js'
import { StreamReader } from '../stream-reader.js'
import { type TlvCodec, tlvCodec } from '../tlv/codec.js'
import { exactly, NODE_KEY_BYTES, requireBytes, uint, viewOf } from './layout.js'
import { TLV_FIELDS } from './tlv-fields.js'

// What trackers of the current generation tell each other on a stream: who dialed says its key, then both send records and
// keep-alives as they like (tracker protocol §10).

/** First byte of a frame. */
export const SyncCommand = { record: 10, ping: 20 } as const

/** `command u8 | length u32`: what stands before the payload of a record. */
const RECORD_HEAD_BYTES = 5
/** Longest payload that the originals take (§10.3). They send 162 bytes. */
export const MAX_SYNC_PAYLOAD_BYTES = 65_536
/** The byte before the key on streams of the overlay generation, where 0x00 means a client (§10.1). */
const STREAM_HELLO = 0x01

const { hop, publicKey, address, signature, priority, clientId, ttlSeconds, ttlMinutes } = TLV_FIELDS

const RECORD = {
  hop,
  publicKey,
  address,
  signature,
  priority,
  clientId,
  lifetimeSeconds: ttlSeconds,
  ttlMinutes,
} as const
let made: TlvCodec<typeof RECORD> | undefined

/** The opening: the key of the tracker that dialed. */
export interface SyncHello {
  /** Overlay node key, 32 bytes. Only a claim: the network says who it really is. */
  readonly publicKey: Uint8Array
}

/** A record on its way from tracker to tracker. */
export interface SyncRecord {
  /** u8, links that it may still cross; 3 for a fresh announce. */
  readonly hop: number
  /** Identity key of the user, 32 bytes. */
  readonly publicKey: Uint8Array
  /** Public key of the overlay node, 32 bytes. */
  readonly address: Uint8Array
  /** Ed25519 signature of `address` alone by `publicKey`, 64 bytes. Not checked here. */
  readonly signature: Uint8Array
  readonly priority: number
  readonly clientId: number
  /** **Seconds** that are left, the minute included that a record outlives its announce by. */
  readonly lifetimeSeconds: bigint
  /** u32, **minutes** that the device was granted last. */
  readonly ttlMinutes: number
}

export type SyncFrame = ({ readonly type: 'record' } & SyncRecord) | { readonly type: 'ping' }

/** @throws {WireError} `length` */
export function encodeSyncHello(hello: SyncHello): Uint8Array {
  return exactly(hello.publicKey, NODE_KEY_BYTES, 'hello.publicKey').slice()
}

/** `publicKey` is a view of `bytes`. @throws {WireError} `truncated` | `trailing` */
export function decodeSyncHello(bytes: Uint8Array): SyncHello {
  requireWhole(bytes, NODE_KEY_BYTES, 'hello')
  return { publicKey: bytes.subarray(0, NODE_KEY_BYTES) }
}

/** The opening of the overlay generation. @throws {WireError} `length` */
export function encodeSyncStreamHello(hello: SyncHello): Uint8Array {
  return Uint8Array.of(STREAM_HELLO, ...exactly(hello.publicKey, NODE_KEY_BYTES, 'streamHello.publicKey'))
}

/** @throws {WireError} `truncated` | `trailing` | `unexpected-type` */
export function decodeSyncStreamHello(bytes: Uint8Array): SyncHello {
  requireWhole(bytes, 1 + NODE_KEY_BYTES, 'streamHello')
  requireCommand(bytes[0], STREAM_HELLO)
  return { publicKey: bytes.subarray(1) }
}

export function encodeSyncPing(): Uint8Array {
  return Uint8Array.of(SyncCommand.ping)
}

/** @throws {WireError} `truncated` | `trailing` | `unexpected-type` */
export function decodeSyncPing(bytes: Uint8Array): object {
  requireWhole(bytes, 1, 'ping')
  requireCommand(bytes[0], SyncCommand.ping)
  return {}
}

/** A whole frame. @throws {WireError} `missing-field` | `length` | `out-of-range` */
export function encodeSyncRecord(record: SyncRecord): Uint8Array {
  const bytes = codec().encodeBehind(record, RECORD_HEAD_BYTES)
  bytes[0] = SyncCommand.record
  viewOf(bytes).setUint32(1, bytes.length - RECORD_HEAD_BYTES)
  return bytes
}

/**
 * A whole frame; byte fields are views. Unknown fields are skipped, all of ours have to be there.
 * @throws {WireError} `truncated` | `trailing` | `unexpected-type` | `frame-too-large` | `varint` | `missing-field` | `length`
 */
export function decodeSyncRecord(bytes: Uint8Array): SyncRecord {
  requireBytes(bytes, RECORD_HEAD_BYTES, 'record')
  requireCommand(bytes[0], SyncCommand.record)
  const payloadBytes = allowed(viewOf(bytes).getUint32(1), MAX_SYNC_PAYLOAD_BYTES)
  requireWhole(bytes, RECORD_HEAD_BYTES + payloadBytes, 'record')
  return codec().decode(bytes, RECORD_HEAD_BYTES)
}

/**
 * Frames out of a stream that is cut anywhere; whoever was dialed has taken off the opening before.
 * @example
 * reader.push(chunk)
 * for (let frame; (frame = reader.next()); ) take(frame)
 */
export class SyncReader extends StreamReader<SyncFrame> {
  readonly #maxPayloadBytes: number

  /** @param maxPayloadBytes - longest payload of a record; more is refused at its length */
  constructor(maxPayloadBytes: number = MAX_SYNC_PAYLOAD_BYTES) {
    super()
    this.#maxPayloadBytes = uint(maxPayloadBytes, MAX_SYNC_PAYLOAD_BYTES, 'maxPayloadBytes')
  }

  protected override take(queue: ByteQueue): SyncFrame | undefined {
    if (queue.size === 0) return undefined
    if (queue.peek(1).getUint8(0) === SyncCommand.ping) {
      queue.drop(1)
      return { type: 'ping' }
    }
    requireCommand(queue.peek(1).getUint8(0), SyncCommand.record)
    if (queue.size < RECORD_HEAD_BYTES) return undefined
    const payloadBytes = allowed(queue.peek(RECORD_HEAD_BYTES).getUint32(1), this.#maxPayloadBytes)
    if (queue.size < RECORD_HEAD_BYTES + payloadBytes) return undefined
    queue.drop(RECORD_HEAD_BYTES)
    return { type: 'record', ...codec().decode(queue.take(payloadBytes)) }
  }
}

function codec(): TlvCodec<typeof RECORD> {
  made ??= tlvCodec(RECORD)
  return made
}

function allowed(payloadBytes: number, most: number): number {
  if (payloadBytes <= most) return payloadBytes
  throw new WireError('frame-too-large', `record: payload of ${payloadBytes} bytes, at most ${most} are taken`, {
    field: 'record.length',
  })
}

function requireCommand(found: number | undefined, expected: number): void {
  if (found === expected) return
  throw new WireError('unexpected-type', `sync frame: first byte ${expected} expected, ${found} came`, {
    field: 'command',
  })
}

function requireWhole(bytes: Uint8Array, sizeBytes: number, message: string): void {
  requireBytes(bytes, sizeBytes, message)
  if (bytes.length === sizeBytes) return
  throw new WireError('trailing', `${message}: ${bytes.length - sizeBytes} bytes are left over`, { field: message })
}
