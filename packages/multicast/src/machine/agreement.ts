import { x25519, x25519PublicKey } from '@mimirjs/crypto'

/** An ephemeral key of ours. */
export interface Ephemeral {
  readonly secret: Uint8Array
  readonly publicKey: Uint8Array
}

export function newEphemeral(randomBytes: (sizeBytes: number) => Uint8Array): Ephemeral {
  const secret = randomBytes(32)
  return { secret, publicKey: x25519PublicKey(secret) }
}

/**
 * The session key: the shared secret as it is. multicast protocol §5
 * @returns `undefined` when it is zero, so that everybody knows it
 */
export function agree(secret: Uint8Array, remoteKey: Uint8Array): Uint8Array | undefined {
  try {
    return x25519(secret, remoteKey)
  } catch {
    return undefined
  }
}
