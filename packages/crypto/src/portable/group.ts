import { poly1305 } from '@noble/ciphers/_poly1305.js'
import { chacha20 } from '@noble/ciphers/chacha.js'
import { type GroupCiphers, openGroup, sealGroup } from '../group/cipher.js'
import { type InviteParts, unwrapKey, wrapKey } from '../group/invite.js'
import { type LegacyParts, legacyOpen, legacySeal } from '../group/legacy.js'
import { AEAD_NONCE_BYTES } from '../lengths.js'
import type { GroupCipher, GroupInviteRandom, OpenedGroupMessage, Signer, UnwrappedGroupKey } from '../types.js'
import { chacha20Poly1305Open, chacha20Poly1305Seal } from './aead.js'
import { equalConstantTime } from './equal.js'
import { hkdfSha256 } from './hash.js'
import { ed25519PublicKeyToX25519 } from './point.js'
import { randomBytes } from './random.js'
import { generateX25519KeyPair, x25519, x25519PublicKey } from './x25519.js'

/** node:crypto has no Poly1305 outside of AEADs, so both builds take this one. */
export const portablePoly1305: LegacyParts['poly1305'] = (oneTimeKey, message) => poly1305(message, oneTimeKey)

export const portableChacha20: LegacyParts['chacha20'] = (key, nonce, counter, message) =>
  chacha20(key, nonce, message, undefined, counter)

const LEGACY: LegacyParts = {
  chacha20: portableChacha20,
  poly1305: portablePoly1305,
  equal: equalConstantTime,
}

const CIPHERS: GroupCiphers = {
  rfc8439: { seal: chacha20Poly1305Seal, open: chacha20Poly1305Open },
  legacy: {
    seal: (key, nonce, plaintext) => legacySeal(LEGACY, key, nonce, plaintext),
    open: (key, nonce, sealed) => legacyOpen(LEGACY, key, nonce, sealed),
  },
}

const INVITE: InviteParts = {
  generateX25519KeyPair,
  x25519PublicKey,
  x25519,
  ed25519PublicKeyToX25519,
  hkdfSha256,
  seal: groupSeal,
  open: groupOpen,
}

/**
 * Encrypt a message, or the info of a member, for a group: nonce (12), ciphertext, tag (16). The result does not say
 * which variant it is. Source: mediator protocol §18.
 * @param key - the key of the group, 32 bytes
 * @param cipher - that of the chat: never both under one key on purpose
 * @param nonce - for vectors only: 12 bytes that this key has never seen in either variant; drawn at random without it
 * @throws {CryptoError} `argument` | `random-source`
 */
export function groupSeal(
  key: Uint8Array,
  plaintext: Uint8Array,
  cipher: GroupCipher,
  nonce: Uint8Array = randomBytes(AEAD_NONCE_BYTES),
): Uint8Array {
  return sealGroup(CIPHERS, key, plaintext, cipher, nonce)
}

/**
 * Undo {@link groupSeal}: tries `cipher`, then the other one. Nothing is decrypted before the tag fits, and tags are
 * compared in constant time.
 * @param key - the key of the group, 32 bytes
 * @throws {CryptoError} `argument` | `authentication`, also when `sealed` is shorter than 28 bytes
 */
export function groupOpen(key: Uint8Array, sealed: Uint8Array, cipher: GroupCipher): OpenedGroupMessage {
  return openGroup(CIPHERS, key, sealed, cipher)
}

/**
 * Wrap the key of a group for one person: the data of an invite, 92 bytes. It does not show who made it: whoever knows
 * the recipient's public key can. Source: mediator protocol §18.2.
 * @param recipientPublicKey - Ed25519, 32 bytes
 * @param groupKey - 32 bytes
 * @param cipher - that of the chat
 * @param random - for vectors only; drawn afresh without it
 * @throws {CryptoError} `argument` | `point` for a key that is no usable point | `shared-secret` for one of small order |
 * `random-source`
 */
export function wrapGroupKey(
  recipientPublicKey: Uint8Array,
  groupKey: Uint8Array,
  cipher: GroupCipher,
  random?: GroupInviteRandom,
): Uint8Array {
  return wrapKey(INVITE, recipientPublicKey, groupKey, cipher, random)
}

/**
 * Open the data of an invite: the key of the group, and the variant that its inviter uses.
 * @param signer - of the invited; needs `agree`
 * @param inviteData - 92 bytes
 * @param cipher - tried first
 * @throws {CryptoError} `argument` | `key-capability` | `shared-secret` | `authentication`, also for any other length; and
 * what the signer throws
 */
export function unwrapGroupKey(
  signer: Signer,
  inviteData: Uint8Array,
  cipher: GroupCipher,
): Promise<UnwrappedGroupKey> {
  return unwrapKey(INVITE, signer, inviteData, cipher)
}
