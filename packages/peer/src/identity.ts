import { isSmallOrder } from '@mimirjs/crypto'
import { PeerError } from './error.js'

/** Verifies 64 bytes of signature over a message under 32 bytes of public key; `false` for anything malformed. */
export type Verify = (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) => boolean

/**
 * The proof that the other side of this connection holds the key of an identity. Only {@link proveIdentity} makes one,
 * and a session needs one to become READY.
 */
export class ProvenIdentity {
  /** 32 bytes. */
  readonly publicKey: Uint8Array

  /** @internal */
  constructor(publicKey: Uint8Array) {
    this.publicKey = publicKey
  }
}

/** @throws {PeerError} `bad-signature`; `key` when no signature at all could have been right */
export function proveIdentity(
  claimed: Uint8Array,
  challenge: Uint8Array,
  signature: Uint8Array,
  { verify, isPoint }: { verify: Verify; isPoint(publicKey: Uint8Array): boolean },
): ProvenIdentity {
  if (verify(signature, challenge, claimed)) return new ProvenIdentity(claimed)
  if (!isPoint(claimed)) throw new PeerError('key', 'the claimed public key is not a point of the curve')
  throw new PeerError('bad-signature', 'the answer to our challenge does not verify: the other side is somebody else')
}

/** @throws {PeerError} `key` for a key under which everybody can sign */
export function checkClaim(publicKey: Uint8Array): void {
  if (isSmallOrder(publicKey)) throw new PeerError('key', 'the claimed public key is a point of small order')
}
