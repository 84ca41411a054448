import { equalBytes } from '@mimirjs/wire'
import { call } from '../operations.js'
import { OWNER, USER } from '../permissions.js'
import { type Command, done, refused } from './command.js'

/** Mediator protocol §16: UTF-8 bytes in `binary`, code points in the others. */
const NAME_BYTES = 20
export const NAME_CODE_POINTS = 25
const DESCRIPTION_BYTES = 200
export const DESCRIPTION_CODE_POINTS = 200
export const AVATAR_BYTES = 204_800

const ID_ATTEMPTS = 4

/** Nonce and proof of work are checked in front of this, at one go with the nonce's removal (§6). */
export const createChat: Command<'createChat'> = {
  name: 'createChat',
  check({ ownerPublicKey, name, description, avatar }, { caller, dialect }) {
    if (!equalBytes(ownerPublicKey, caller)) return 'owner'
    const fits =
      dialect === 'binary'
        ? utf8Bytes(name) <= NAME_BYTES && utf8Bytes(description) <= DESCRIPTION_BYTES
        : codePoints(name) <= NAME_CODE_POINTS && codePoints(description) <= DESCRIPTION_CODE_POINTS
    return fits && (avatar?.length ?? 0) <= AVATAR_BYTES ? undefined : 'size'
  },
  *program({ name, description, avatar }, { caller: owner, nowSeconds, random, limits }) {
    if ((yield* call('countChatsOwnedBy', owner)) >= limits.chatsPerOwner) return refused('limited')
    yield* call('deleteNonce', owner)
    const settings = { name, description, avatar: avatar?.length ? avatar : undefined }
    for (let attempt = 0; attempt < ID_ATTEMPTS; attempt++) {
      const chatId = chatIdFrom(random, attempt)
      const chat = { chatId, owner, createdAtSeconds: nowSeconds, permissions: OWNER | USER, ...settings }
      if (yield* call('createChat', chat)) return done({ chatId }, [{ effect: 'chatCreated', chatId, owner }])
    }
    return refused('storage')
  },
}

/** Eight bytes of chance without the top bit, 0 replaced by 1 (§8.4). */
export function chatIdFrom(random: Uint8Array, attempt: number): bigint {
  const view = new DataView(random.buffer, random.byteOffset, random.byteLength)
  const id = view.getBigUint64(8 * attempt) & 0x7fff_ffff_ffff_ffffn
  return id === 0n ? 1n : id
}

const encoder = new TextEncoder()

function utf8Bytes(text: string): number {
  return encoder.encode(text).length
}

export function codePoints(text: string): number {
  return [...text].length
}
