import { YggdrasilError } from '../error.js'
import { type KeyId, keyId, keyOfId } from '../key.js'
import { type Announce, encodeAnnounce } from '../wire/announce.js'
import { encodeFrame, PacketType } from '../wire/frame.js'
import { signedParentBytes } from '../wire/signature.js'
import { uvarintBytes, uvarintEnd } from '../wire/uvarint.js'

/** Ed25519 verification, as {@link RouterOptions.verify}. */
export type Verify = (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) => boolean

/** What the order of announcements of one key looks at. */
export interface AnnouncementRank {
  readonly seq: bigint
  /** Compared as the keys are. */
  readonly parentId: KeyId
  readonly nonce: bigint
}

/**
 * Whether an announcement takes the place of the one stored for the same key. Every node of the network has to decide
 * the same way: two that do not would send each other their records for ever. yggdrasil protocol §4.4
 */
export function supersedes(offered: AnnouncementRank, stored: AnnouncementRank): boolean {
  if (offered.seq !== stored.seq) return offered.seq > stored.seq
  if (offered.parentId !== stored.parentId) return offered.parentId < stored.parentId
  return offered.nonce < stored.nonce
}

/** Who is whose child, signed by both: the stored form of an announce. Small, since there may be thousands. */
export class Announcement implements AnnouncementRank {
  readonly id: KeyId
  readonly parentId: KeyId
  readonly seq: bigint
  readonly nonce: bigint
  readonly port: bigint
  /** The whole frame, in the only form that is sent. */
  readonly frame: Uint8Array
  expiresMs: number = Number.POSITIVE_INFINITY
  /** The neighbour that brought it; `undefined` for ours. */
  via: KeyId | undefined = undefined
  /** Of the last walk that came by. */
  mark = 0

  constructor(announce: Announce) {
    this.id = keyId(announce.key)
    this.parentId = keyId(announce.parent)
    this.seq = announce.seq
    this.nonce = announce.nonce
    this.port = announce.port
    this.frame = encodeFrame(PacketType.announce, encodeAnnounce(announce))
  }

  /** Its key, as a copy. */
  get key(): Uint8Array {
    return keyOfId(this.id)
  }

  /** It names itself as its parent. */
  get isRoot(): boolean {
    return this.id === this.parentId
  }

  /** Bytes of the port in a path. */
  get portBytes(): number {
    return uvarintBytes(this.port)
  }

  /** Whether a received body says exactly this, signatures included, in the shortest form. */
  isBody(body: Uint8Array): boolean {
    const { frame } = this
    const start = frame.length - body.length
    if (start !== uvarintEnd(frame, 0) + 1) return false
    for (let at = 0; at < body.length; at++) if (frame[start + at] !== body[at]) return false
    return true
  }
}

/**
 * Check both signatures, over the shortest form of the numbers whatever form came.
 * @throws {YggdrasilError} `bad-signature`
 */
export function checkAnnounce({ key, parent, seq, nonce, port, sig, psig }: Announce, verify: Verify): void {
  const signed = signedParentBytes(key, parent, seq, nonce, port)
  if (!verify(sig, signed, key)) throw badSignature('announce: the signature of the node')
  if (!verify(psig, signed, parent)) throw badSignature('announce: the signature of the parent')
}

export function badSignature(what: string): YggdrasilError {
  return new YggdrasilError('bad-signature', `${what} is wrong`)
}
