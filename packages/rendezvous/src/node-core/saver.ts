import type { Clock } from '@mimirjs/transport'
import type { RendezvousState } from '../machine/types.js'
import type { RendezvousStateStore } from './options.js'

/** Changes that come together are saved together, in ms. */
const GATHER_MS = 1000

/** Saves what has to survive, one save after the other. */
export class Saver {
  readonly #store: RendezvousStateStore
  readonly #clock: Clock
  readonly #state: () => RendezvousState
  readonly #report: (error: unknown) => void
  #cancel: (() => void) | undefined
  #isChanged = false
  #saving: Promise<void> | undefined

  constructor(
    store: RendezvousStateStore,
    clock: Clock,
    state: () => RendezvousState,
    report: (error: unknown) => void,
  ) {
    this.#store = store
    this.#clock = clock
    this.#state = state
    this.#report = report
  }

  changed(): void {
    this.#isChanged = true
    if (this.#saving === undefined) this.#cancel ??= this.#clock.schedule(() => void this.flush(), GATHER_MS)
  }

  /** Save now what has changed. Never rejects: a failure is reported, and the next change tries again. */
  async flush(): Promise<void> {
    this.#cancel?.()
    this.#cancel = undefined
    await this.#saving
    if (!this.#isChanged) return
    this.#isChanged = false
    this.#saving = this.#store.save(this.#state()).catch(this.#report)
    await this.#saving
    this.#saving = undefined
    if (this.#isChanged) this.changed()
  }
}
