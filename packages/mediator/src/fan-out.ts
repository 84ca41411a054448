import { encodePushFrame, type MediatorDialect, type MediatorPushes, SystemEvent } from '@mimirjs/wire/mediator'
import type { PushedMessage } from './commands/command.js'
import type { Connection } from './connection.js'
import type { Room } from './rooms.js'

/** Events that a `binary` client would show as unknown: it hears of them in its history only (mediator protocol §21.2). */
const NOT_PUSHED_IN_BINARY: ReadonlySet<number> = new Set([
  SystemEvent.chatInfoChanged,
  SystemEvent.permsChanged,
  SystemEvent.messageDeleted,
  SystemEvent.memberOnline,
])

/** A push, encoded at most once for each dialect, however many get it. */
class Frames {
  readonly #encode: (dialect: MediatorDialect) => Uint8Array
  #binary: Uint8Array | undefined
  #tlv: Uint8Array | undefined
  #tlvPush: Uint8Array | undefined

  constructor(encode: (dialect: MediatorDialect) => Uint8Array) {
    this.#encode = encode
  }

  of(dialect: MediatorDialect): Uint8Array {
    switch (dialect) {
      case 'binary':
        return (this.#binary ??= this.#encode('binary'))
      case 'tlv':
        return (this.#tlv ??= this.#encode('tlv'))
      case 'tlv-push':
        return (this.#tlvPush ??= this.#encode('tlv-push'))
    }
  }
}

/** Push to everybody in the room but `except`. @returns to how many */
function push(room: Room, frames: Frames, except: Connection | undefined, notInBinary: boolean): number {
  let count = 0
  for (const subscriber of room.subscribers) {
    if (subscriber === except) continue
    const dialect = subscriber.dialect
    if (notInBinary && dialect === 'binary') continue
    subscriber.send(frames.of(dialect))
    count++
  }
  return count
}

/** GOT_MESSAGE (mediator protocol §9.1). @returns to how many */
export function pushMessage(
  room: Room,
  message: PushedMessage,
  isSystem: boolean,
  except: Connection | undefined,
): number {
  if (message.messageId > room.pushedId) room.pushedId = message.messageId
  const value: MediatorPushes['gotMessage'] = { chatId: room.chatId, ...message }
  const frames = new Frames((dialect) => encodePushFrame(dialect, 'gotMessage', value))
  return push(room, frames, except, isSystem && NOT_PUSHED_IN_BINARY.has(message.blob[0] ?? 0))
}

/** GOT_MEMBER_INFO (§9.4). @returns to how many */
export function pushMemberInfo(
  room: Room,
  member: { readonly publicKey: Uint8Array; readonly info: Uint8Array; readonly timestampSeconds: bigint },
  except: Connection | undefined,
): number {
  const value: MediatorPushes['gotMemberInfo'] = { chatId: room.chatId, members: [member] }
  return push(room, new Frames((dialect) => encodePushFrame(dialect, 'gotMemberInfo', value)), except, false)
}
