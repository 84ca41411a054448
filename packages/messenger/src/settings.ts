import { randomBytes } from '@mimirjs/crypto'
import { DEFAULT_FRAME_LIMITS } from '@mimirjs/wire/peer'
import { MessengerError } from './error.js'
import type { Store } from './store.js'

/** What we tell others about ourselves. */
export interface Profile {
  readonly nickname: string
  readonly info: string
  /** Seconds since 1970 of the last change; others ask only for what is newer. */
  readonly timeSeconds: bigint
}

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

/**
 * The stored profile, with `name` written into it when it is given and differs.
 * @throws {MessengerError} `too-large`
 */
export async function loadProfile(store: Store, name: string | undefined, nowMs: number): Promise<Profile> {
  const nameBytes = new TextEncoder().encode(name).length
  if (nameBytes > DEFAULT_FRAME_LIMITS.nicknameBytes) {
    const most = `the protocol carries at most ${DEFAULT_FRAME_LIMITS.nicknameBytes}`
    throw new MessengerError('too-large', `name has ${nameBytes} bytes, ${most}`)
  }
  const known = await store.setting('profile')
  const stored = known === undefined ? { nickname: '', info: '', timeSeconds: 0 } : (JSON.parse(known) as StoredProfile)
  if (name !== undefined && name !== stored.nickname) {
    stored.nickname = name
    // Others ask for what is newer than they know, so it has to be, whatever the clock says.
    stored.timeSeconds = Math.max(stored.timeSeconds + 1, Math.floor(nowMs / 1000))
    await store.setSetting('profile', JSON.stringify(stored))
  }
  return { nickname: stored.nickname, info: stored.info, timeSeconds: BigInt(stored.timeSeconds) }
}

interface StoredProfile {
  nickname: string
  info: string
  timeSeconds: number
}
