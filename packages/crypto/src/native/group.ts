import { createCipheriv, getCipherInfo } from 'node:crypto'
import { type GroupCiphers, openGroup, sealGroup } from '../group/cipher.js'
import { type InviteParts, unwrapKey, wrapKey } from '../group/invite.js'
import { type LegacyParts, legacyOpen, legacySeal } from '../group/legacy.js'
import { AEAD_NONCE_BYTES } from '../lengths.js'
import type * as portable from '../portable/group.js'
import { portableChacha20, portablePoly1305 } from '../portable/group.js'
import { ed25519PublicKeyToX25519 } from '../portable/point.js'
import { randomBytes } from '../portable/random.js'
import { chacha20Poly1305Open, chacha20Poly1305Seal } from './aead.js'
import { equalConstantTime } from './equal.js'
import { hkdfSha256 } from './hash.js'
import { plain } from './plain.js'
import { generateX25519KeyPair, x25519, x25519PublicKey } from './x25519.js'

/** The bare stream cipher of OpenSSL; Bun has none. */
const CHACHA = 'chacha20'
/** The block counter as OpenSSL wants it in front of the nonce: little-endian, 32 bits. */
const COUNTER_BYTES = 4

/** To make a cipher object takes 5 µs, in which the portable code is through with this much. */
const PORTABLE_MAX_BYTES = 1_024

const nativeChacha20: LegacyParts['chacha20'] = (key, nonce, counter, message) => {
  if (message.length <= PORTABLE_MAX_BYTES) return portableChacha20(key, nonce, counter, message)
  const counterAndNonce = new Uint8Array(COUNTER_BYTES + AEAD_NONCE_BYTES)
  counterAndNonce[0] = counter
  counterAndNonce.set(nonce, COUNTER_BYTES)
  return plain(createCipheriv(CHACHA, key, counterAndNonce).update(message))
}

const LEGACY: LegacyParts = {
  chacha20: getCipherInfo(CHACHA) === undefined ? portableChacha20 : nativeChacha20,
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

export const groupSeal: typeof portable.groupSeal = (key, plaintext, cipher, nonce = randomBytes(AEAD_NONCE_BYTES)) =>
  sealGroup(CIPHERS, key, plaintext, cipher, nonce)

export const groupOpen: typeof portable.groupOpen = (key, sealed, cipher) => openGroup(CIPHERS, key, sealed, cipher)

const INVITE: InviteParts = {
  generateX25519KeyPair,
  x25519PublicKey,
  x25519,
  ed25519PublicKeyToX25519,
  hkdfSha256,
  seal: groupSeal,
  open: groupOpen,
}

export const wrapGroupKey: typeof portable.wrapGroupKey = (recipientPublicKey, groupKey, cipher, random) =>
  wrapKey(INVITE, recipientPublicKey, groupKey, cipher, random)

export const unwrapGroupKey: typeof portable.unwrapGroupKey = (signer, inviteData, cipher) =>
  unwrapKey(INVITE, signer, inviteData, cipher)
