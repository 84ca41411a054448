import { YggdrasilError } from '../error.js'
import { isKeyAt } from '../key.js'
import { BodyReader, encodeBody, keyPart, signaturePart } from './body.js'

/**
 * Who is whose parent (type 4). Body: `key (32) ‖ parent (32) ‖ uvarint seq ‖ uvarint nonce ‖ uvarint port ‖ psig (64) ‖
 * sig (64)`. A root names itself as parent, with port 0, and then only.
 */
export interface Announce {
  readonly key: Uint8Array
  readonly parent: Uint8Array
  readonly seq: bigint
  readonly nonce: bigint
  /** The port that the parent gave to the node. */
  readonly port: bigint
  /** By the parent over `signedParentBytes`. */
  readonly psig: Uint8Array
  /** By the node over the same bytes. */
  readonly sig: Uint8Array
}

/** @throws {YggdrasilError} `misuse` */
export function encodeAnnounce(announce: Announce): Uint8Array {
  const { key, parent, seq, nonce, port, psig, sig } = announce
  if (hasForeignRoot(announce)) {
    throw new YggdrasilError('misuse', 'announce: expected a port above 0 where the parent is another node')
  }
  return encodeBody(
    keyPart(key, 'key'),
    keyPart(parent, 'parent'),
    seq,
    nonce,
    port,
    signaturePart(psig, 'psig'),
    signaturePart(sig, 'sig'),
  )
}

/** The layout, and that only roots have port 0; the signatures are not checked. @throws {YggdrasilError} `malformed` */
export function decodeAnnounce(body: Uint8Array): Announce {
  const reader = new BodyReader('announce', body)
  const announce = {
    key: reader.key(),
    parent: reader.key(),
    seq: reader.uvarint(),
    nonce: reader.uvarint(),
    port: reader.uvarint(),
    psig: reader.signature(),
    sig: reader.signature(),
  }
  reader.end()
  if (hasForeignRoot(announce)) throw new YggdrasilError('malformed', 'announce: port 0 under another node as parent')
  return announce
}

/** yggdrasil protocol §4.4. */
function hasForeignRoot({ key, parent, port }: Announce): boolean {
  return port === 0n && !isKeyAt(key, 0, parent)
}
