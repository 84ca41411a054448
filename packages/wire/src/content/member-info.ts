import { atMost, textByteLength } from '../peer/info.js'
import { Reader } from '../reader.js'
import { readUtf8Lenient } from '../utf8.js'
import { Writer } from '../writer.js'

/** Longest avatar of a member, in bytes. Source: mediator protocol §19.2. */
export const MAX_MEMBER_AVATAR_BYTES = 512_000
const MAX_TEXT_BYTES = 0xffff

/** What a member of a group tells the others about itself; it travels encrypted with the key of the group. */
export interface MemberInfo {
  /** Empty for none. */
  readonly nickname: string
  /** Empty for none. */
  readonly info: string
  /** Image file bytes; absent for none. */
  readonly avatar?: Uint8Array
}

/**
 * Read the plaintext of a member info: `length u16 | nickname | length u16 | info | length u32 | avatar`. Bad UTF-8 is
 * replaced, bytes behind the avatar are ignored; the avatar is a view. Source: current protocol §13.2.
 * @throws {WireError} `truncated`, or `length` for an avatar of more than {@link MAX_MEMBER_AVATAR_BYTES}.
 */
export function decodeMemberInfo(plaintext: Uint8Array): MemberInfo {
  const reader = new Reader(plaintext)
  const nickname = readUtf8Lenient(reader.bytes(reader.u16()))
  const info = readUtf8Lenient(reader.bytes(reader.u16()))
  const avatarBytes = atMost(reader.u32(), MAX_MEMBER_AVATAR_BYTES, 'memberInfo.avatar')
  return avatarBytes === 0 ? { nickname, info } : { nickname, info, avatar: reader.bytes(avatarBytes) }
}

/** @throws {WireError} `length` for a text or an avatar that is too long. */
export function encodeMemberInfo({ nickname, info, avatar }: MemberInfo): Uint8Array {
  const nicknameBytes = encodeText(nickname, 'memberInfo.nickname')
  const infoBytes = encodeText(info, 'memberInfo.info')
  const avatarBytes = avatar ?? new Uint8Array(0)
  atMost(avatarBytes.length, MAX_MEMBER_AVATAR_BYTES, 'memberInfo.avatar')
  return new Writer(8 + nicknameBytes.length + infoBytes.length + avatarBytes.length)
    .u16(nicknameBytes.length)
    .bytes(nicknameBytes)
    .u16(infoBytes.length)
    .bytes(infoBytes)
    .u32(avatarBytes.length)
    .bytes(avatarBytes)
    .finish()
}

function encodeText(text: string, field: string): Uint8Array {
  textByteLength(text, MAX_TEXT_BYTES, field)
  return new TextEncoder().encode(text)
}
