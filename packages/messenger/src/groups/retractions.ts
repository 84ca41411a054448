import { isMediatorError, type MediatorClient } from '@mimirjs/mediator-client'
import type { GroupCopy, StoredGroup } from '../store-groups.js'
import type { GroupsContext } from './context.js'
import { groupError, isPassing } from './errors.js'

/** What the mediator has of a message; the others hear of each. */
export async function deleteCopies(
  client: MediatorClient,
  chatId: bigint,
  copies: readonly GroupCopy[],
): Promise<void> {
  for (const { messageId, outerGuid } of copies) {
    const copy = { chatId, guid: outerGuid, ...(messageId === 0n ? {} : { messageId }) }
    await client.deleteMessage(copy).catch((error) => {
      // Somebody was faster.
      if (!isMediatorError(error) || error.code !== 'not-found') throw error
    })
  }
}

/**
 * Messages of ours that were deleted while they were on their way: the mediator may have them, and we do not know yet under
 * which number. The wish is on disk until it is done, or until there is nothing that could be deleted.
 */
export class Retractions {
  readonly #context: GroupsContext
  readonly #client: MediatorClient
  readonly #record: () => StoredGroup

  constructor(context: GroupsContext, client: MediatorClient, record: () => StoredGroup) {
    this.#context = context
    this.#client = client
    this.#record = record
  }

  /**
   * @param isOver - whether this message can come to the mediator no more
   * @returns false when the mediator could not be asked: try again
   */
  async all(isOver: (guid: bigint) => boolean): Promise<boolean> {
    const { access, store } = this.#context
    const guids = await access.ask(() => store.retracted(this.#record().id))
    for (const guid of guids) if (!(await this.#retract(guid, isOver))) return false
    return true
  }

  /** The mediator has just taken this one. @returns false as {@link all} */
  async one(guid: bigint): Promise<boolean> {
    const { access, store } = this.#context
    const guids = await access.ask(() => store.retracted(this.#record().id))
    return !guids.includes(guid) || this.#retract(guid, () => false)
  }

  async #retract(guid: bigint, isOver: (guid: bigint) => boolean): Promise<boolean> {
    const { access, store, conversations, onError } = this.#context
    const { id, chatId } = this.#record()
    // The process may have ended behind the wish.
    await conversations.remove(id, guid, true)
    const copies = await access.ask(() => store.groupCopies(id, guid, true))
    if (copies.length === 0 && !isOver(guid)) return true
    try {
      await deleteCopies(this.#client, chatId, copies)
    } catch (cause) {
      if (isPassing(cause)) return false
      onError(groupError(`message ${guid} was deleted here, and not at the mediator`, cause))
    }
    await access.ask(() => store.retract(id, guid, false))
    return true
  }
}
