import { blake2b, verify } from '@mimirjs/crypto'
import { YggdrasilError } from './error.js'
import { decodeMetadata, encodeMetadata, LINK_VERSION } from './wire/metadata.js'

/** Longest password of a link, in bytes: the longest key of BLAKE2b. */
export const MAX_PASSWORD_BYTES = 64

/** What a node says of itself when a link opens. */
export interface Greeting {
  readonly publicKey: Uint8Array
  /** 0 to 255; of several links to one node the lowest is preferred. */
  readonly priority: number
}

/**
 * What the signature of the handshake is over: BLAKE2b-512 of the public key, keyed with the password. It covers neither
 * version nor priority nor anything fresh: whoever has seen it can replay it. yggdrasil protocol §2.6.
 * @param password - 0 to 64 bytes
 * @throws {YggdrasilError} `misuse` for a longer one
 */
export function greetingHash(publicKey: Uint8Array, password: Uint8Array): Uint8Array {
  if (password.length <= MAX_PASSWORD_BYTES) return blake2b(publicKey, 64, password)
  throw new YggdrasilError(
    'misuse',
    `password: expected at most ${MAX_PASSWORD_BYTES} bytes of UTF-8, got ${password.length}`,
  )
}

/**
 * The message that opens a link, 123 bytes. It stays the same for one key, priority and password.
 * @param sign - Ed25519 with the key of the node
 * @throws {YggdrasilError} `misuse`
 */
export function encodeGreeting(
  { publicKey, priority }: Greeting,
  password: Uint8Array,
  sign: (message: Uint8Array) => Uint8Array,
): Uint8Array {
  const signature = sign(greetingHash(publicKey, password))
  return encodeMetadata({
    majorVersion: LINK_VERSION.major,
    minorVersion: LINK_VERSION.minor,
    publicKey,
    priority,
    signature,
  })
}

/**
 * What the other side says, checked: layout, then signature, then version, in the order of the reference.
 * @param message - whole, as `metadataBytes` tells its length
 * @throws {YggdrasilError} `handshake` | `incompatible` | `wrong-password`
 */
export function openGreeting(message: Uint8Array, password: Uint8Array): Greeting {
  const { majorVersion, minorVersion, publicKey, priority = 0, signature } = decodeMetadata(message)
  if (publicKey === undefined) {
    throw new YggdrasilError('incompatible', 'handshake: expected the public key of the other side, it sent none')
  }
  if (!verify(signature, greetingHash(publicKey, password), publicKey)) {
    throw new YggdrasilError(
      'wrong-password',
      'handshake: its signature is not for this password: set the same `password=` on both sides',
    )
  }
  if (majorVersion !== LINK_VERSION.major || minorVersion !== LINK_VERSION.minor) {
    throw new YggdrasilError(
      'incompatible',
      `handshake: expected version ${LINK_VERSION.major}.${LINK_VERSION.minor}, got ${majorVersion ?? '?'}.${minorVersion ?? '?'}`,
    )
  }
  return { publicKey, priority }
}
