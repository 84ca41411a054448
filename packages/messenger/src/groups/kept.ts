import type { GroupsContext } from './context.js'

/** What has to outlive the process and concerns few groups at a time: whole, in one setting of the store. */
export class KeptByGroup<T> {
  readonly #context: Pick<GroupsContext, 'store' | 'access'>
  readonly #setting: string
  readonly #values = new Map<string, T>()
  #writing: Promise<void> = Promise.resolve()

  /** @param setting - its name */
  constructor(context: Pick<GroupsContext, 'store' | 'access'>, setting: string) {
    this.#context = context
    this.#setting = setting
  }

  async load(): Promise<void> {
    const known = await this.#context.store.setting(this.#setting)
    if (known === undefined) return
    for (const [group, value] of Object.entries(JSON.parse(known) as Record<string, T>)) this.#values.set(group, value)
  }

  get(group: string): T | undefined {
    return this.#values.get(group)
  }

  /** @param value - which can be written as JSON @throws {MessengerError} `store` | `closed`; then it is as before */
  async set(group: string, value: T): Promise<void> {
    const before = this.#values.get(group)
    this.#values.set(group, value)
    try {
      await this.#write()
    } catch (error) {
      if (before === undefined) this.#values.delete(group)
      else this.#values.set(group, before)
      throw error
    }
  }

  /** @throws {MessengerError} `store` | `closed` */
  async delete(group: string): Promise<void> {
    if (this.#values.delete(group)) await this.#write()
  }

  /** One after the other: the last write has them all. */
  #write(): Promise<void> {
    const { access, store } = this.#context
    const write = (): Promise<void> =>
      access.ask(() => store.setSetting(this.#setting, JSON.stringify(Object.fromEntries(this.#values))))
    const writing = this.#writing.then(write, write)
    this.#writing = writing
    return writing
  }
}
