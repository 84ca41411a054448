import { MessengerError } from '../error.js'
import type { FileChange, Store, StoredFile } from '../store.js'
import { storeError } from '../store-access.js'

/** What the store knows of one file, and the way to change it. */
export class FileRecord {
  readonly #store: Store
  #row: StoredFile

  constructor(store: Store, row: StoredFile) {
    this.#store = store
    this.#row = row
  }

  get row(): StoredFile {
    return this.#row
  }

  /** @throws {MessengerError} `store`, or `unknown-file` when the message was deleted meanwhile */
  async commit(change: FileChange): Promise<void> {
    const { peer, outgoing, guid } = this.#row
    let isThere: boolean
    try {
      isThere = await this.#store.changeFile(peer, outgoing, guid, change)
    } catch (cause) {
      throw storeError(cause)
    }
    if (!isThere) throw new MessengerError('unknown-file', `message ${guid} with this file was deleted`)
    this.#row = { ...this.#row, ...change }
  }
}
