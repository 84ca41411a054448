import { type CipherGCMTypes, createCipheriv, createDecipheriv, type DecipherGCM, getCipherInfo } from 'node:crypto'
import { notAuthentic } from '../error.js'
import { TAG_BYTES } from '../lengths.js'
import type * as portable from '../portable/aead.js'
import {
  chacha20Poly1305Open as portableChachaOpen,
  chacha20Poly1305Seal as portableChachaSeal,
  requireAead,
  requireSealedRoom,
  requireTag,
} from '../portable/aead.js'
import { plain } from './plain.js'

type Seal = typeof portable.aes256GcmSeal
type Open = typeof portable.aes256GcmOpen

const GCM = 'aes-256-gcm'
/** Typed as GCM, whose calls are the same. */
const CHACHA = 'chacha20-poly1305' as string as CipherGCMTypes
const OPTIONS = { authTagLength: TAG_BYTES }

function sealWith(name: CipherGCMTypes): Seal {
  return (key, nonce, plaintext, associatedData) => {
    requireAead(key, nonce, plaintext, associatedData)
    const cipher = createCipheriv(name, key, nonce, OPTIONS)
    if (associatedData !== undefined) cipher.setAAD(associatedData)
    const sealed = new Uint8Array(plaintext.length + TAG_BYTES)
    sealed.set(cipher.update(plaintext))
    cipher.final()
    sealed.set(cipher.getAuthTag(), plaintext.length)
    return sealed
  }
}

function openWith(name: CipherGCMTypes): Open {
  return (key, nonce, sealed, associatedData) => {
    requireAead(key, nonce, sealed, associatedData)
    requireTag(sealed)
    const decipher = createDecipheriv(name, key, nonce, OPTIONS)
    if (associatedData !== undefined) decipher.setAAD(associatedData)
    const bodyBytes = sealed.length - TAG_BYTES
    decipher.setAuthTag(sealed.subarray(bodyBytes))
    const plaintext = decipher.update(sealed.subarray(0, bodyBytes))
    requireFit(decipher, plaintext)
    return plain(plaintext)
  }
}

function requireFit(decipher: DecipherGCM, plaintext: Uint8Array): void {
  try {
    decipher.final()
  } catch (cause) {
    plaintext.fill(0)
    throw notAuthentic(cause)
  }
}

export const aes256GcmSealInto: typeof portable.aes256GcmSealInto = (target, offset, key, nonce, plaintext) => {
  requireAead(key, nonce, plaintext, undefined)
  requireSealedRoom(target, offset, plaintext)
  const cipher = createCipheriv(GCM, key, nonce, OPTIONS)
  target.set(cipher.update(plaintext), offset)
  cipher.final()
  target.set(cipher.getAuthTag(), offset + plaintext.length)
}

export const aes256GcmTryOpen: typeof portable.aes256GcmTryOpen = (key, nonce, sealed) => {
  requireAead(key, nonce, sealed, undefined)
  const bodyBytes = sealed.length - TAG_BYTES
  if (bodyBytes < 0) return undefined
  const decipher = createDecipheriv(GCM, key, nonce, OPTIONS)
  decipher.setAuthTag(sealed.subarray(bodyBytes))
  const plaintext = decipher.update(sealed.subarray(0, bodyBytes))
  try {
    decipher.final()
  } catch {
    plaintext.fill(0)
    return undefined
  }
  return plain(plaintext)
}

/** Bun has no native one. */
const hasChacha = getCipherInfo(CHACHA) !== undefined

export const aes256GcmSeal: typeof portable.aes256GcmSeal = sealWith(GCM)
export const aes256GcmOpen: typeof portable.aes256GcmOpen = openWith(GCM)
export const chacha20Poly1305Seal: typeof portable.chacha20Poly1305Seal = hasChacha
  ? sealWith(CHACHA)
  : portableChachaSeal
export const chacha20Poly1305Open: typeof portable.chacha20Poly1305Open = hasChacha
  ? openWith(CHACHA)
  : portableChachaOpen
