import { type GroupCipher, groupOpen, groupSeal, wrapGroupKey } from '@mimirjs/crypto'
import { fromHex } from '@mimirjs/wire'
import { MessengerError } from '../error.js'
import type { StoredGroup } from '../store-groups.js'

/** What of a group is needed to encrypt for it. */
export type GroupKeys = Pick<StoredGroup, 'key' | 'formerKeys' | 'cipher'>

/** A hostile mediator cannot add any: each was taken by the user, or made here. More would only cost time for every message that none opens. */
export const MAX_FORMER_KEYS = 16

/** `nonce | ciphertext | tag` under the newest key, in the cipher of the group; each time different. */
export function seal({ key, cipher }: GroupKeys, plaintext: Uint8Array): Uint8Array {
  return groupSeal(key, plaintext, cipher)
}

/** Opened with the newest key, else a former one; in either cipher. @returns undefined when none opens it */
export function open({ key, formerKeys, cipher }: GroupKeys, sealed: Uint8Array): Uint8Array | undefined {
  for (const candidate of [key, ...formerKeys]) {
    try {
      return groupOpen(candidate, sealed, cipher).plaintext
    } catch {
      // Another key, or another group's message: the next one.
    }
  }
  return undefined
}

/** A key for the invite of one person. @param peer - 64 hex digits @throws {MessengerError} `bad-key` */
export function wrapFor(peer: string, key: Uint8Array, cipher: GroupCipher): Uint8Array {
  try {
    return wrapGroupKey(fromHex(peer), key, cipher)
  } catch (cause) {
    throw new MessengerError('bad-key', `no key can be encrypted for ${peer}`, { cause })
  }
}

/** The keys after `key` has become the newest. */
export function withKey(
  { key: before, formerKeys }: GroupKeys,
  key: Uint8Array,
): Pick<GroupKeys, 'key' | 'formerKeys'> {
  const others = [before, ...formerKeys].filter((former) => !isSame(former, key))
  return { key, formerKeys: others.slice(0, MAX_FORMER_KEYS) }
}

export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}
