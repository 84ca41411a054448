import type { MediatorEvent, Messenger } from '@mimirjs/messenger'
import type { Context } from './context.js'
import { describeFailure } from './failure.js'

type MediatorState = MediatorEvent['state']

export interface NotReached {
  readonly address: string
  /** `undefined`: it has not answered, and has not refused either. */
  readonly why: string | undefined
  /** It is not tried again. */
  readonly isGivenUp: boolean
}

/** Which of the mediators that matter to us are reached: those of the command line, and those of the groups that we are in. */
export class MediatorWatch {
  readonly #messenger: Messenger
  /** By key: the address. */
  readonly #wanted: ReadonlyMap<string, string>
  readonly #states = new Map<string, MediatorState>()

  private constructor(messenger: Messenger, wanted: ReadonlyMap<string, string>) {
    this.#messenger = messenger
    this.#wanted = wanted
    messenger.on('mediator', ({ publicKey, state }) => this.#note(publicKey, state))
  }

  static async start(context: Context, messenger: Messenger): Promise<MediatorWatch> {
    const joined = (await messenger.groups()).filter(({ state }) => state === 'joined')
    const all = [...context.mediators, ...joined.map(({ mediator }) => mediator)]
    return new MediatorWatch(messenger, new Map(all.map(({ publicKey, address }) => [publicKey, address])))
  }

  /** There is no mediator that could tell us anything. */
  get isEmpty(): boolean {
    return this.#wanted.size === 0
  }

  async notReached(): Promise<NotReached[]> {
    const { mediators } = await this.#messenger.health()
    const up = [...this.#states.values()].filter(({ state }) => state === 'up').length
    const silent = [...this.#wanted].filter(([publicKey]) => this.#states.get(publicKey)?.state !== 'up')
    const heardOf = silent.filter(([publicKey]) => this.#states.has(publicKey))
    // Of one that was up before we listened there is no event.
    const counted = mediators - up >= silent.length - heardOf.length ? heardOf : silent
    return counted.map(([publicKey, address]) => {
      const state = this.#states.get(publicKey)
      return { address, why: reasonOf(state), isGivenUp: state?.state === 'stopped' }
    })
  }

  #note(publicKey: string, state: MediatorState): void {
    const before = this.#states.get(publicKey)
    // While it is tried again, what failed last is what there is to say.
    if (state.state === 'connecting' && before !== undefined && reasonOf(before) !== undefined) return
    this.#states.set(publicKey, state)
  }
}

/** Why there is no connection, as far as we know. */
export function reasonOf(state: MediatorState | undefined): string | undefined {
  return state?.state === 'waiting' || state?.state === 'stopped' ? describeFailure(state.reason).message : undefined
}
