import { encodeSystemMessage } from '@mimirjs/wire/mediator'
import { MessengerError } from '../error.js'
import type { NewGroupMessage } from '../store-groups.js'
import type { GroupsContext } from './context.js'
import type { Room } from './room.js'
import { isSame } from './sealing.js'
import { readSystemMessage } from './system-text.js'

/**
 * Notices that a mediator has another key than the one we were given. Over TCP it proves none: what it says as the mediator then
 * comes from an author whom nobody knows, in clear. It stays what it is, a message that cannot be read, for anybody could say so.
 */
export class KeyWatch {
  readonly #context: GroupsContext
  readonly #room: Room
  #isTold = false

  constructor(context: GroupsContext, room: Room) {
    this.#context = context
    this.#room = room
  }

  /** A new connection: it is told again. */
  connected(): void {
    this.#isTold = false
  }

  /** @param rows - that are on disk. @throws {MessengerError} `store` | `closed` */
  async look(rows: readonly NewGroupMessage[]): Promise<void> {
    const { access, store, onError } = this.#context
    const { id, mediator, mediatorAddress } = this.#room.record
    for (const { author, outgoing, sealed } of rows) {
      if (this.#isTold) return
      if (outgoing || sealed === undefined || !isSystemBody(sealed)) continue
      if ((await access.ask(() => store.member(id, author))) !== undefined) continue
      this.#isTold = true
      const keys = `expected the key ${mediator}, but ${author} speaks as the mediator`
      const todo = 'it has another key than the one given: check the key given for this address'
      onError(new MessengerError('mediator', `mediator ${mediatorAddress} of group ${id}: ${keys}; ${todo}`))
    }
  }
}

/** Exactly one, to the last byte: what is encrypted begins with any byte, and may look like one that has more behind it. */
function isSystemBody(body: Uint8Array): boolean {
  const message = readSystemMessage(body)
  return message !== undefined && isSame(encodeSystemMessage(message), body)
}
