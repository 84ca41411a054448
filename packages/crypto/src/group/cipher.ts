import { requireBytes, requireUint8Array } from '../bytes.js'
import { CryptoError } from '../error.js'
import { AEAD_NONCE_BYTES, CIPHER_KEY_BYTES, GROUP_OVERHEAD_BYTES } from '../lengths.js'
import type { GroupCipher, OpenedGroupMessage } from '../types.js'

type Seal = (key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array) => Uint8Array
/** @throws {CryptoError} `authentication` */
type Open = (key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array) => Uint8Array

/** Both variants of one of the builds: ciphertext and tag, without the nonce. */
export type GroupCiphers = Record<GroupCipher, { readonly seal: Seal; readonly open: Open }>

const OTHER: Record<GroupCipher, GroupCipher> = { rfc8439: 'legacy', legacy: 'rfc8439' }

/** The envelope is the same for both: nonce (12), ciphertext, tag (16). @throws {CryptoError} `argument` */
export function sealGroup(
  ciphers: GroupCiphers,
  key: Uint8Array,
  plaintext: Uint8Array,
  cipher: GroupCipher,
  nonce: Uint8Array,
): Uint8Array {
  requireGroup(key, plaintext, cipher)
  requireBytes(nonce, AEAD_NONCE_BYTES, 'nonce')
  const body = ciphers[cipher].seal(key, nonce, plaintext)
  const sealed = new Uint8Array(AEAD_NONCE_BYTES + body.length)
  sealed.set(nonce)
  sealed.set(body, AEAD_NONCE_BYTES)
  return sealed
}

/** @throws {CryptoError} `argument` | `authentication` */
export function openGroup(
  ciphers: GroupCiphers,
  key: Uint8Array,
  sealed: Uint8Array,
  cipher: GroupCipher,
): OpenedGroupMessage {
  requireGroup(key, sealed, cipher)
  if (sealed.length < GROUP_OVERHEAD_BYTES)
    throw new CryptoError(
      'authentication',
      `expected at least ${GROUP_OVERHEAD_BYTES} bytes, nonce and tag, got ${sealed.length}; drop the message`,
    )
  const nonce = sealed.subarray(0, AEAD_NONCE_BYTES)
  const body = sealed.subarray(AEAD_NONCE_BYTES)
  for (const candidate of [cipher, OTHER[cipher]]) {
    const plaintext = openOrNothing(() => ciphers[candidate].open(key, nonce, body))
    if (plaintext !== undefined) return { plaintext, cipher: candidate }
  }
  throw new CryptoError('authentication', 'expected a tag that fits the group key in one of the two variants')
}

function openOrNothing(open: () => Uint8Array): Uint8Array | undefined {
  try {
    return open()
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'authentication') return undefined
    throw error
  }
}

function requireGroup(key: Uint8Array, message: Uint8Array, cipher: GroupCipher): void {
  requireBytes(key, CIPHER_KEY_BYTES, 'key')
  requireUint8Array(message, 'message')
  if (!Object.hasOwn(OTHER, cipher))
    throw new CryptoError('argument', `cipher: expected 'rfc8439' or 'legacy', got ${JSON.stringify(cipher)}`)
}
