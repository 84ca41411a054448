import { encodeSystemMessage, systemGuid } from '@mimirjs/wire/mediator'
import type { Account } from './accounts.js'
import type { PushedMessage } from './commands/command.js'
import { type Core, secondsOf } from './core.js'
import { pushMessage } from './fan-out.js'
import { call, type Program } from './operations.js'
import type { Room } from './rooms.js'

/** MEMBER_ONLINE; kept nowhere (mediator protocol §12). */
export function presenceMessage(
  mediatorKey: Uint8Array,
  publicKey: Uint8Array,
  online: boolean,
  timestampSeconds: bigint,
): PushedMessage {
  const blob = encodeSystemMessage({ event: 'memberOnline', publicKey, online, timestampSeconds })
  const guid = systemGuid(blob, timestampSeconds)
  return { messageId: 0n, guid, timestampSeconds, author: mediatorKey, blob }
}

/** Tell everybody who is subscribed, here and elsewhere. */
export function pushPresence(
  core: Core,
  room: Room,
  publicKey: Uint8Array,
  online: boolean,
  timestampSeconds: bigint,
): void {
  const message = presenceMessage(core.mediatorKey, publicKey, online, timestampSeconds)
  if (core.cluster !== undefined) core.cluster.message(room.chatId, message, true, undefined)
  else core.counters.pushes += pushMessage(room, message, true, undefined)
}

/**
 * The last connection of a key in these rooms is gone: when that is written down, the others are told (§12). Nobody is told
 * when the key is subscribed elsewhere, or again.
 */
export function goneOffline(core: Core, account: Account, left: readonly Room[]): void {
  const { cluster, rooms, accounts } = core
  const { publicKey } = account
  for (const room of left) {
    const { chatId } = room
    if (cluster?.isOnline(chatId, publicKey) === true) continue
    const seconds = secondsOf(core.clock)
    void core
      .background(() => sawLast(chatId, publicKey, seconds), chatId)
      .then(() => {
        const again = accounts.find(publicKey)
        const isBack = again !== undefined && rooms.get(chatId)?.online.has(again) === true
        // The room itself may be gone from here, and have subscribers elsewhere.
        if (!isBack) pushPresence(core, rooms.get(chatId) ?? room, publicKey, false, seconds)
      })
      .catch(core.broken)
  }
}

/** A member who has left since has no row to write to. */
export function* sawLast(chatId: bigint, publicKey: Uint8Array, lastSeenSeconds: bigint): Program<void> {
  if ((yield* call('user', chatId, publicKey)) === undefined) return
  yield* call('changeUser', chatId, publicKey, { lastSeenSeconds })
}
