import { YggdrasilError } from '../error.js'
import { MAX_PATH_PORTS } from './limits.js'
import { isMinimalUvarint, uvarintBytes, uvarintEnd, uvarintValue, writeUvarint } from './uvarint.js'

/**
 * Coordinates in the tree: the ports from the root down, as the bytes that stand on the wire: each port a uvarint of the
 * shortest form, then a zero byte. Two paths are the same exactly when their bytes are; a zero byte is always the end.
 * Decoders bring other forms into this one. yggdrasil protocol §3.1, §4.8.
 */
export type Path = Uint8Array

/** The path of the root: no ports. Do not write to it. */
export const ROOT_PATH: Path = new Uint8Array(1)

/** The path with these ports, root first. @throws {YggdrasilError} `misuse` for a port that is 0 or above 64 bits */
export function pathOf(ports: readonly (bigint | number)[]): Path {
  let size = 1
  for (const port of ports) {
    if (port <= 0) throw new YggdrasilError('misuse', `path: expected ports from 1, got ${port}`)
    size += uvarintBytes(port)
  }
  const path = new Uint8Array(size)
  let at = 0
  for (const port of ports) at = writeUvarint(port, path, at)
  return path
}

/** The ports of a path, root first, exact. */
export function portsOf(path: Path): bigint[] {
  const ports: bigint[] = []
  for (let at = 0; path[at] !== 0; ) {
    const end = uvarintEnd(path, at)
    ports.push(uvarintValue(path, at, end))
    at = end
  }
  return ports
}

/** Number of ports of a path. */
export function pathLength(path: Path): number {
  return portsFrom(path, 0)
}

/**
 * Hops between two places in the tree: up to the last common port, and down again. yggdrasil protocol §4.8.
 * @param start - where in `bytes` the first path starts: `bytes` may be a packet, and is not copied
 */
export function pathDistance(bytes: Uint8Array, other: Path, start = 0): number {
  let at = 0
  // Ports end at a byte below 0x80, so what is equal so far holds whole ports, and perhaps the begin of one more.
  while (bytes[start + at] === other[at]) {
    if (other[at] === 0) return 0
    at++
  }
  return portsFrom(bytes, start + at) + portsFrom(other, at)
}

/** Ports that end at `from` or behind it. */
function portsFrom(bytes: Uint8Array, from: number): number {
  let ports = 0
  for (let at = from; bytes[at] !== 0; at++) if (bytes[at]! < 0x80) ports++
  return ports
}

/**
 * Find the end of the path at `offset` in received bytes.
 * @returns the offset behind its terminator; its one's complement (negative) when the path is not in the shortest form; 0
 * when it has more than `maxPorts` ports
 * @throws {YggdrasilError} `malformed`
 */
export function scanPath(bytes: Uint8Array, offset: number, end: number, maxPorts: number): number {
  let isMinimal = true
  let at = offset
  for (let ports = 0; ports <= maxPorts; ports++) {
    const first = bytes[at]
    // One byte is by far the most common port.
    if (first !== undefined && at < end && first < 0x80) {
      at++
      if (first === 0) return isMinimal ? at : ~at
      continue
    }
    const start = at
    at = uvarintEnd(bytes, start, end)
    if (isMinimalUvarint(bytes, start, at)) continue
    isMinimal = false
    if (uvarintValue(bytes, start, at) === 0n) return ~at
  }
  return 0
}

/** A copy of the path from `start` to `end` in the shortest form. */
export function minimalPath(bytes: Uint8Array, start: number, end: number): Path {
  const ports: bigint[] = []
  for (let at = start; at < end; ) {
    const next = uvarintEnd(bytes, at, end)
    ports.push(uvarintValue(bytes, at, next))
    at = next
  }
  ports.pop()
  return pathOf(ports)
}

/** `too-large` for a path above the limit: drop the packet, keep the link, for others may forward such. */
export function pathTooLong(maxPorts: number): YggdrasilError {
  return new YggdrasilError('too-large', `path: more than ${maxPorts} ports`)
}

/** A path that is alone. @throws {YggdrasilError} `malformed`, trailing bytes too; `too-large` above `maxPorts` */
export function decodePath(bytes: Uint8Array, maxPorts: number = MAX_PATH_PORTS): Path {
  const end = scanPath(bytes, 0, bytes.length, maxPorts)
  if (end === 0) throw pathTooLong(maxPorts)
  const length = end < 0 ? ~end : end
  if (length !== bytes.length) {
    throw new YggdrasilError('malformed', `path of ${length} bytes: ${bytes.length - length} are left over`)
  }
  return end < 0 ? minimalPath(bytes, 0, length) : bytes.slice()
}
