import { randomBytes } from '@mimirjs/crypto'
import { fromHex, toHex } from '@mimirjs/wire'
import { DEFAULT_FRAME_LIMITS } from '@mimirjs/wire/peer'
import { MessengerError } from './error.js'
import type { Store } from './store.js'

/** What we tell others about ourselves. */
export interface Profile {
  readonly nickname: string
  readonly info: string
  /** Image file bytes; absent for none. */
  readonly avatar?: Uint8Array
  /** Seconds since 1970 of the last change; others ask only for what is newer. */
  readonly timeSeconds: bigint
}

/** What of the own profile is to change; an empty avatar takes the picture away. */
export interface ProfileChange {
  /** At most 1 KiB of UTF-8. */
  readonly name?: string
  /** At most 16 KiB of UTF-8. */
  readonly info?: string
  /** Image file bytes, at most {@link MAX_AVATAR_BYTES}. */
  readonly avatar?: Uint8Array
}

/** Longest picture that the originals keep. Source: current protocol §4.1, §4.5. */
export const MAX_AVATAR_BYTES = 51_200

/** The number that tells our installations apart, a signed 32-bit integer; made once and kept. */
export async function loadClientId(store: Store): Promise<number> {
  const known = await store.setting('clientId')
  if (known !== undefined) return Number(known)
  // 0 and 1 mean other things to older programs (tracker protocol §11.5).
  let clientId = 0
  while (clientId === 0 || clientId === 1) clientId = new DataView(randomBytes(4).buffer).getInt32(0)
  await store.setSetting('clientId', String(clientId))
  return clientId
}

/** The stored profile, with `name` written into it when it is given and differs. @throws {MessengerError} `too-large` */
export async function loadProfile(store: Store, name: string | undefined, nowMs: number): Promise<Profile> {
  const known = await store.setting('profile')
  const profile = known === undefined ? NOBODY : toProfile(JSON.parse(known) as StoredProfile)
  return name === undefined ? profile : changeProfile(store, profile, { name }, nowMs)
}

/** Write the change down, if it is one. @throws {MessengerError} `too-large` */
export async function changeProfile(
  store: Store,
  profile: Profile,
  { name = profile.nickname, info = profile.info, avatar = profile.avatar ?? NO_AVATAR }: ProfileChange,
  nowMs: number,
): Promise<Profile> {
  checkText('name', name, DEFAULT_FRAME_LIMITS.nicknameBytes)
  checkText('info', info, DEFAULT_FRAME_LIMITS.infoBytes)
  if (avatar.length > MAX_AVATAR_BYTES) tooLarge('avatar', avatar.length, MAX_AVATAR_BYTES)
  const stored = { nickname: name, info, avatar: toHex(avatar) }
  const before = { nickname: profile.nickname, info: profile.info, avatar: toHex(profile.avatar ?? NO_AVATAR) }
  if (JSON.stringify(stored) === JSON.stringify(before)) return profile
  // Others ask for what is newer than they know, so it has to be, whatever the clock says.
  const timeSeconds = Math.max(Number(profile.timeSeconds) + 1, Math.floor(nowMs / 1000))
  await store.setSetting('profile', JSON.stringify({ ...stored, timeSeconds }))
  return toProfile({ ...stored, timeSeconds })
}

const NO_AVATAR: Uint8Array = new Uint8Array(0)
const NOBODY: Profile = { nickname: '', info: '', timeSeconds: 0n }

interface StoredProfile {
  nickname: string
  info: string
  timeSeconds: number
  /** Hex digits; empty or missing for none. */
  avatar?: string
}

function toProfile({ nickname, info, timeSeconds, avatar = '' }: StoredProfile): Profile {
  const profile = { nickname, info, timeSeconds: BigInt(timeSeconds) }
  return avatar === '' ? profile : { ...profile, avatar: fromHex(avatar) }
}

function checkText(what: string, text: string, maxBytes: number): void {
  if (typeof text !== 'string') throw new MessengerError('bad-content', `${what}: expected a text`)
  const bytes = new TextEncoder().encode(text).length
  if (bytes > maxBytes) tooLarge(what, bytes, maxBytes)
}

function tooLarge(what: string, bytes: number, maxBytes: number): never {
  throw new MessengerError('too-large', `${what} has ${bytes} bytes, the protocol carries at most ${maxBytes}`)
}
