import { type BodyPart, BodyReader, type DecodeOptions, encodeBody, keyPart, signaturePart } from './body.js'
import type { Path } from './path.js'

/** Where is `dest`? (type 6) Body: `source (32) ‖ dest (32) ‖ path from`. */
export interface PathLookup {
  readonly source: Uint8Array
  /** May be partial: a key of which only the bits of an address are known. */
  readonly dest: Uint8Array
  /** Coordinates of the source. */
  readonly from: Path
}

/**
 * Answers a lookup (type 7). Body: `path path ‖ uvarint watermark ‖ source (32) ‖ dest (32) ‖ uvarint infoSeq ‖
 * path infoPath ‖ infoSig (64)`.
 */
export interface PathNotify {
  /** Where it goes: the coordinates of the one who asked. */
  readonly path: Path
  readonly watermark: bigint
  /** Who answers, in full. */
  readonly source: Uint8Array
  /** Who asked. */
  readonly dest: Uint8Array
  /** Unix time of the answer, in seconds. */
  readonly infoSeq: bigint
  /** Coordinates of the source. */
  readonly infoPath: Path
  /** By the source over {@link signedPathBytes}. */
  readonly infoSig: Uint8Array
}

/**
 * Traffic could not be delivered (type 8). Body: `path path ‖ uvarint watermark ‖ source (32) ‖ dest (32)`, the keys as
 * they stood in the traffic.
 */
export interface PathBroken {
  /** Where it goes: the `from` of the traffic. */
  readonly path: Path
  readonly watermark: bigint
  readonly source: Uint8Array
  readonly dest: Uint8Array
}

/** @throws {YggdrasilError} `misuse` */
export function encodePathLookup({ source, dest, from }: PathLookup): Uint8Array {
  return encodeBody(keyPart(source, 'source'), keyPart(dest, 'dest'), from)
}

/** @throws {YggdrasilError} `malformed` | `too-large` for a path above the limit */
export function decodePathLookup(body: Uint8Array, options?: DecodeOptions): PathLookup {
  const reader = new BodyReader('pathLookup', body, options)
  const lookup = { source: reader.key(), dest: reader.key(), from: reader.path() }
  reader.end()
  return lookup
}

/** @throws {YggdrasilError} `misuse` */
export function encodePathNotify(notify: PathNotify): Uint8Array {
  const { infoSeq, infoPath, infoSig } = notify
  return encodeBody(...addressed(notify), infoSeq, infoPath, signaturePart(infoSig, 'infoSig'))
}

/** @throws {YggdrasilError} `malformed` | `too-large` for a path above the limit */
export function decodePathNotify(body: Uint8Array, options?: DecodeOptions): PathNotify {
  const reader = new BodyReader('pathNotify', body, options)
  const notify = {
    path: reader.path(),
    watermark: reader.uvarint(),
    source: reader.key(),
    dest: reader.key(),
    infoSeq: reader.uvarint(),
    infoPath: reader.path(),
    infoSig: reader.signature(),
  }
  reader.end()
  return notify
}

/** @throws {YggdrasilError} `misuse` */
export function encodePathBroken(broken: PathBroken): Uint8Array {
  return encodeBody(...addressed(broken))
}

/** @throws {YggdrasilError} `malformed` | `too-large` for a path above the limit */
export function decodePathBroken(body: Uint8Array, options?: DecodeOptions): PathBroken {
  const reader = new BodyReader('pathBroken', body, options)
  const broken = {
    path: reader.path(),
    watermark: reader.uvarint(),
    source: reader.key(),
    dest: reader.key(),
  }
  reader.end()
  return broken
}

/** What the source of a {@link PathNotify} signs: `uvarint seq ‖ path`, with the path's end. yggdrasil protocol §3.4. */
export function signedPathBytes(seq: bigint, path: Path): Uint8Array {
  return encodeBody(seq, path)
}

/** How both packets that are sent along a path begin. */
function addressed({ path, watermark, source, dest }: PathBroken): BodyPart[] {
  return [path, watermark, keyPart(source, 'source'), keyPart(dest, 'dest')]
}
