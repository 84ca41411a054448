import { randomBytes } from '@mimirjs/crypto'
import { toHex } from '@mimirjs/wire'
import { MessengerError } from '../../error.js'
import { type AddVersion, done, openDatabase, transact } from './database.js'

/** Object store: which {@link OwnedDatabase} was opened last; nothing when there was no room to say so. */
const OWNER = 'owner'
/** The only key of {@link OWNER}. */
const ONLY = 0

/** The version in which a database gets an owner. */
export const addOwner: AddVersion = (database) => database.createObjectStore(OWNER)

/**
 * A database that takes changes only from the page that opened it last. No lock keeps pages over plain `http:` apart: what
 * one of them changes without knowing what another has done is refused.
 */
export class OwnedDatabase {
  readonly #database: IDBDatabase
  readonly #onLost: (why: MessengerError) => void
  /** Of ours, as it is kept. */
  #id: string | undefined

  private constructor(database: IDBDatabase, onLost: (why: MessengerError) => void) {
    this.#database = database
    this.#onLost = onLost
    const gone = (): void => onLost(new MessengerError('store', 'the browser closed the database: load the page again'))
    // The disk failed, or the user took away what this site keeps.
    database.onclose = gone
    // Somebody deletes it, or brings a newer version, and would wait for us.
    database.onversionchange = () => {
      gone()
      database.close()
    }
  }

  /**
   * From now on, whoever had it open before changes nothing in it any more.
   * @param versions - {@link addOwner} is among them
   * @param onLost - nothing can be changed any more
   */
  static async open(
    name: string,
    factory: IDBFactory,
    versions: readonly AddVersion[],
    onLost: (why: MessengerError) => void = () => {},
  ): Promise<OwnedDatabase> {
    const owned = new OwnedDatabase(await openDatabase(name, factory, versions), onLost)
    await owned.#take()
    return owned
  }

  read<T>(stores: readonly string[], work: (transaction: IDBTransaction) => Promise<T>): Promise<T> {
    return transact(this.#database, stores, 'readonly', work)
  }

  /**
   * All of `work` is on the disk when it resolves, or nothing of it if it rejects.
   * @param how - `relaxed`: a loss of power may take it back
   */
  change<T>(
    stores: readonly string[],
    work: (transaction: IDBTransaction) => Promise<T>,
    how: 'strict' | 'relaxed' = 'strict',
  ): Promise<T> {
    return transact(this.#database, [...stores, OWNER], how, async (transaction) => {
      await this.#demandOwned(transaction.objectStore(OWNER))
      return work(transaction)
    })
  }

  close(): void {
    this.#database.close()
  }

  async #take(): Promise<void> {
    const id = toHex(randomBytes(16))
    const mark = (work: (owner: IDBObjectStore) => Promise<unknown>): Promise<unknown> =>
      transact(this.#database, [OWNER], 'relaxed', (transaction) => work(transaction.objectStore(OWNER)))
    try {
      await mark((owner) => done(owner.put(id, ONLY)))
      this.#id = id
    } catch {
      // Without room it can still be read, and what is deleted makes some. Those before are refused all the same.
      await mark((owner) => done(owner.delete(ONLY))).catch(() => {})
    }
  }

  async #demandOwned(owner: IDBObjectStore): Promise<void> {
    const id = (await done(owner.get(ONLY))) as string | undefined
    if (id === this.#id) return
    const error = new MessengerError('in-use', 'this is open in another page now: go on there, or load this page again')
    this.#onLost(error)
    throw error
  }
}
