import { YggdrasilError } from '../error.js'
import { KEY_BYTES } from '../key.js'
import { BodyReader, type DecodeOptions, encodeBody, keyPart } from './body.js'
import { PacketType, writeFrameHead } from './frame.js'
import { MAX_PATH_PORTS } from './limits.js'
import { type Path, scanPath } from './path.js'
import { uvarintBytes, uvarintEnd, uvarintNumber, writeUvarint } from './uvarint.js'

/**
 * A packet on its way through the tree (type 9). Body: `path path ‖ path from ‖ source (32) ‖ dest (32) ‖ uvarint
 * watermark ‖ payload`. Only the watermark changes on the way. yggdrasil protocol §3.4, §4.10.
 */
export interface Traffic {
  readonly path: Path
  readonly from: Path
  readonly source: Uint8Array
  readonly dest: Uint8Array
  readonly watermark: bigint
  /** The rest of the frame, which may be empty. Decoded it is a view of the body. */
  readonly payload: Uint8Array
}

/** @throws {YggdrasilError} `misuse` */
export function encodeTraffic({ path, from, source, dest, watermark, payload }: Traffic): Uint8Array {
  return encodeBody(path, from, keyPart(source, 'source'), keyPart(dest, 'dest'), watermark, payload)
}

/** @throws {YggdrasilError} `malformed` | `too-large` for a path above the limit */
export function decodeTraffic(body: Uint8Array, options?: DecodeOptions): Traffic {
  const reader = new BodyReader('traffic', body, options)
  return {
    path: reader.path(),
    from: reader.path(),
    source: reader.key(),
    dest: reader.key(),
    watermark: reader.uvarint(),
    payload: reader.rest(),
  }
}

/**
 * Where the parts of a traffic body lie. One object serves for all packets of a router: {@link scanTraffic} fills it,
 * and nothing is allocated.
 */
export class TrafficScan {
  /** What the offsets are of: the body that was scanned, or a copy with the paths in their shortest form. */
  body: Uint8Array = new Uint8Array(0)
  /** `path` starts at 0, and ends where `from` starts. */
  fromStart = 0
  sourceStart = 0
  destStart = 0
  watermarkStart = 0
  payloadStart = 0
  /** Exact up to 2^53, near it above: enough to compare with a distance. */
  watermark = 0
}

/**
 * Find the parts of a traffic body for forwarding or delivery.
 * @returns false when a path has more than `maxPathPorts` ports: drop the packet, keep the link
 * @throws {YggdrasilError} `malformed`
 */
export function scanTraffic(body: Uint8Array, scan: TrafficScan, maxPathPorts: number = MAX_PATH_PORTS): boolean {
  const fromStart = scanPath(body, 0, body.length, maxPathPorts)
  if (fromStart === 0) return false
  const sourceStart = fromStart < 0 ? fromStart : scanPath(body, fromStart, body.length, maxPathPorts)
  if (sourceStart === 0) return false
  // Rare: nobody known writes such paths. What is signed, compared and sent on is the shortest form.
  if (sourceStart < 0) return scanMinimal(body, scan, maxPathPorts)
  const watermarkStart = sourceStart + 2 * KEY_BYTES
  if (watermarkStart > body.length) {
    throw new YggdrasilError('malformed', `traffic: expected two keys, got ${body.length - sourceStart} bytes`)
  }
  const payloadStart = uvarintEnd(body, watermarkStart)
  scan.body = body
  scan.fromStart = fromStart
  scan.sourceStart = sourceStart
  scan.destStart = sourceStart + KEY_BYTES
  scan.watermarkStart = watermarkStart
  scan.payloadStart = payloadStart
  scan.watermark = uvarintNumber(body, watermarkStart, payloadStart)
  return true
}

function scanMinimal(body: Uint8Array, scan: TrafficScan, maxPathPorts: number): boolean {
  try {
    return scanTraffic(encodeTraffic(decodeTraffic(body, { maxPathPorts })), scan, maxPathPorts)
  } catch (error) {
    if (error instanceof YggdrasilError && error.code === 'too-large') return false
    throw error
  }
}

/**
 * Write the scanned packet as a whole frame with another watermark, the rest unchanged.
 * @param target - with room for it: the body of the scan, another watermark, and four bytes in front
 * @returns the offset behind the frame
 */
export function writeForwardedTraffic(
  scan: TrafficScan,
  watermark: number,
  target: Uint8Array,
  offset: number,
): number {
  const { body, watermarkStart, payloadStart } = scan
  const bodyBytes = body.length - (payloadStart - watermarkStart) + uvarintBytes(watermark)
  const start = writeFrameHead(PacketType.traffic, bodyBytes, target, offset)
  target.set(body.subarray(0, watermarkStart), start)
  const at = writeUvarint(watermark, target, start + watermarkStart)
  target.set(body.subarray(payloadStart), at)
  return start + bodyBytes
}

/** What a body begins with: everything in front of the payload, which is the same for all packets on one way. */
export function trafficHead(
  path: Path,
  from: Path,
  source: Uint8Array,
  dest: Uint8Array,
  watermark: number | bigint,
): Uint8Array {
  const keysStart = path.length + from.length
  const head = new Uint8Array(keysStart + 2 * KEY_BYTES + uvarintBytes(watermark))
  head.set(path)
  head.set(from, path.length)
  head.set(source, keysStart)
  head.set(dest, keysStart + KEY_BYTES)
  writeUvarint(watermark, head, keysStart + 2 * KEY_BYTES)
  return head
}
