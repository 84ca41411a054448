import { toHex } from '@mimirjs/wire'
import type { SystemMessage } from '@mimirjs/wire/mediator'

const MAX_SUBJECTS = 256

/**
 * Drops an event that is stored nowhere when it comes twice. Its guid stands for its content and second, so of somebody who
 * comes, goes and comes within one the first and the third are the same: only the last one about each is remembered.
 */
export class KnownEvents {
  /** Guid of the last one, by subject; the subject heard of longest ago goes first. */
  readonly #last = new Map<string, bigint>()

  isNew(event: SystemMessage, guid: bigint): boolean {
    const subject = event.event === 'memberOnline' ? toHex(event.publicKey) : event.event
    const isNew = this.#last.get(subject) !== guid
    this.#last.delete(subject)
    this.#last.set(subject, guid)
    if (this.#last.size > MAX_SUBJECTS) {
      for (const oldest of this.#last.keys()) {
        this.#last.delete(oldest)
        break
      }
    }
    return isNew
  }
}
