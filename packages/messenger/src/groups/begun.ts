import type { GroupsContext } from './context.js'

const SETTING = 'groupJoins'

/**
 * Invites whose acceptance has begun, on disk: whatever ends the process between the word of the user and the end of the join,
 * the next start goes on. The invite alone would not tell, since one for a new key waits while we are in its group.
 */
export class BegunJoins {
  readonly #context: Pick<GroupsContext, 'store' | 'access'>
  readonly #ids = new Set<string>()
  #writing: Promise<void> = Promise.resolve()

  constructor(context: Pick<GroupsContext, 'store' | 'access'>) {
    this.#context = context
  }

  async load(): Promise<void> {
    const known = await this.#context.store.setting(SETTING)
    for (const id of known === undefined ? [] : (JSON.parse(known) as string[])) this.#ids.add(id)
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  get all(): string[] {
    return [...this.#ids]
  }

  /** @throws {MessengerError} `store` | `closed`; then it has not begun */
  async add(id: string): Promise<void> {
    const isNew = !this.#ids.has(id)
    this.#ids.add(id)
    try {
      await this.#write()
    } catch (error) {
      if (isNew) this.#ids.delete(id)
      throw error
    }
  }

  /** @throws {MessengerError} `store` | `closed` */
  async delete(id: string): Promise<void> {
    this.#ids.delete(id)
    await this.#write()
  }

  /** Whole, and one after the other: the last write has them all. */
  #write(): Promise<void> {
    const { access, store } = this.#context
    const write = (): Promise<void> => access.ask(() => store.setSetting(SETTING, JSON.stringify([...this.#ids])))
    const writing = this.#writing.then(write, write)
    this.#writing = writing
    return writing
  }
}
