import { BodyReader, encodeBody, keyPart, signaturePart } from './body.js'

/** Asks a peer for its signature that we may be its child (type 2). Body: `uvarint seq ‖ uvarint nonce`. */
export interface SigReq {
  readonly seq: bigint
  readonly nonce: bigint
}

/** Answers a {@link SigReq} (type 3). Body: `uvarint seq ‖ uvarint nonce ‖ uvarint port ‖ psig (64)`. */
export interface SigRes {
  readonly seq: bigint
  readonly nonce: bigint
  /** The port that the answering node gave to the asking one. */
  readonly port: bigint
  /** By the answering node over {@link signedParentBytes}. */
  readonly psig: Uint8Array
}

/** @throws {YggdrasilError} `misuse` */
export function encodeSigReq({ seq, nonce }: SigReq): Uint8Array {
  return encodeBody(seq, nonce)
}

/** @throws {YggdrasilError} `malformed` */
export function decodeSigReq(body: Uint8Array): SigReq {
  const reader = new BodyReader('sigReq', body)
  const request = { seq: reader.uvarint(), nonce: reader.uvarint() }
  reader.end()
  return request
}

/** @throws {YggdrasilError} `misuse` */
export function encodeSigRes({ seq, nonce, port, psig }: SigRes): Uint8Array {
  return encodeBody(seq, nonce, port, signaturePart(psig, 'psig'))
}

/** @throws {YggdrasilError} `malformed` */
export function decodeSigRes(body: Uint8Array): SigRes {
  const reader = new BodyReader('sigRes', body)
  const response = {
    seq: reader.uvarint(),
    nonce: reader.uvarint(),
    port: reader.uvarint(),
    psig: reader.signature(),
  }
  reader.end()
  return response
}

/**
 * What parent and node both sign: `node (32) ‖ parent (32) ‖ uvarint seq ‖ uvarint nonce ‖ uvarint port`, the numbers in
 * their shortest form however they came. yggdrasil protocol §3.4.
 * @throws {YggdrasilError} `misuse`
 */
export function signedParentBytes(
  node: Uint8Array,
  parent: Uint8Array,
  seq: bigint,
  nonce: bigint,
  port: bigint,
): Uint8Array {
  return encodeBody(keyPart(node, 'node'), keyPart(parent, 'parent'), seq, nonce, port)
}
