import type { Group, GroupEvent, Messenger, Sent } from '@mimirjs/messenger'
import type { Context } from '../../context.js'
import { CliError } from '../../error.js'
import { harmlessLine } from '../../harmless.js'
import { refreshed } from './at-mediator.js'

/** How long the mediator may take to say why, in ms. */
const WHY_MS = 2_000

/** Sees when a group takes nothing from us any more. To be made before something is sent. */
export class Hold {
  readonly #messenger: Messenger
  readonly #group: Group
  #refused = false
  #tell: () => void = () => {}
  /** Resolves once there is reason to believe so; see {@link confirmed}. */
  readonly suspected: Promise<void>

  constructor(messenger: Messenger, group: Group) {
    this.#messenger = messenger
    this.#group = group
    this.suspected = new Promise((resolve) => {
      this.#tell = resolve
    })
    messenger.on('waiting', this.#onWaiting)
    messenger.on('group', this.#onGroup)
  }

  /** Whether it is so, when the mediator has had its say. */
  async confirmed(context: Context): Promise<boolean> {
    await refreshed(context, this.#messenger, this.#group, WHY_MS)
    return this.#refused || this.#reason !== undefined
  }

  error({ id }: Sent): CliError {
    const name = harmlessLine(this.#group.name)
    const why = this.#reason?.(name) ?? `its mediator takes nothing from you in ${name}`
    return new CliError('not-delivered', `message ${id} is accepted and waits: ${why}; it goes only if that changes`)
  }

  [Symbol.dispose](): void {
    this.#messenger.off('waiting', this.#onWaiting)
    this.#messenger.off('group', this.#onGroup)
  }

  get #reason(): ((name: string) => string) | undefined {
    if (this.#group.state !== 'joined') return (name) => `you are not in ${name} any more`
    return this.#group.role === 'reader' ? (name) => `you may only read in ${name}` : undefined
  }

  readonly #onWaiting = ({ to }: Sent): void => {
    if (to !== this.#group.id) return
    this.#refused = true
    this.#tell()
  }

  readonly #onGroup = ({ group }: GroupEvent): void => {
    if (group === this.#group.id && this.#reason !== undefined) this.#tell()
  }
}
