import { randomBytes } from '@mimirjs/crypto'
import { toHex } from '@mimirjs/wire'
import { MessengerError } from '../../error.js'
import { type AddVersion, done, openDatabase, transact } from './database.js'

/** Object store: which {@link OwnedDatabase} was opened last; nothing while there was no room to say so. */
const OWNER = 'owner'
/** The only key of {@link OWNER}. */
const ONLY = 0

/** The version in which a database gets an owner. */
export const addOwner: AddVersion = (database) => database.createObjectStore(OWNER)

/**
 * A database that takes changes only from the page that opened it last; of those that opened it without room to say so, from
 * the first that changes something. No lock keeps pages over plain `http:` apart: what one of them changes without knowing
 * what another has done is refused.
 */
export class OwnedDatabase {
  readonly #database: IDBDatabase
  readonly #onLost: (why: MessengerError) => void
  readonly #id = toHex(randomBytes(16))
  /** What is kept as the owner until another page opens it: our id, as soon as there is room for that. */
  #mark: string | undefined

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
  async change<T>(
    stores: readonly string[],
    work: (transaction: IDBTransaction) => Promise<T>,
    how: 'strict' | 'relaxed' = 'strict',
  ): Promise<T> {
    // Without room it goes on: what is deleted makes some.
    if (this.#mark !== this.#id) await this.#claim().catch(() => {})
    return transact(this.#database, [...stores, OWNER], how, async (transaction) => {
      await this.#demandOwned(transaction.objectStore(OWNER))
      return work(transaction)
    })
  }

  close(): void {
    this.#database.close()
  }

  async #take(): Promise<void> {
    try {
      await this.#inOwner((owner) => done(owner.put(this.#id, ONLY)))
      this.#mark = this.#id
    } catch {
      // Without room it can still be read. Those before are refused all the same, where there is room for that.
      await this.#inOwner((owner) => done(owner.delete(ONLY))).catch(async () => {
        this.#mark = await this.read([OWNER], (transaction) => markIn(transaction.objectStore(OWNER)))
      })
    }
  }

  /** Say that it is ours, unless another page has. */
  async #claim(): Promise<void> {
    await this.#inOwner(async (owner) => {
      if ((await markIn(owner)) === this.#mark) await done(owner.put(this.#id, ONLY))
    })
    this.#mark = this.#id
  }

  async #inOwner(work: (owner: IDBObjectStore) => Promise<unknown>): Promise<void> {
    await transact(this.#database, [OWNER], 'relaxed', (transaction) => work(transaction.objectStore(OWNER)))
  }

  async #demandOwned(owner: IDBObjectStore): Promise<void> {
    if ((await markIn(owner)) === this.#mark) return
    const error = new MessengerError('in-use', 'this is open in another page now: go on there, or load this page again')
    this.#onLost(error)
    throw error
  }
}

function markIn(owner: IDBObjectStore): Promise<string | undefined> {
  return done(owner.get(ONLY) as IDBRequest<string | undefined>)
}
