import { AsyncLocalStorage } from 'node:async_hooks'
import type { IncomingMessage } from './message.js'

export type MessageHandler = (message: IncomingMessage) => unknown

/** What a handler returns for a message that it was handed and never looked at. */
export const NOT_TAKEN: unique symbol = Symbol('not taken')

interface Running {
  finish(): void
}

/** The message handlers of a messenger. */
export class Handlers {
  readonly #all = new Set<MessageHandler>()
  /** Tells a call from inside a handler. */
  readonly #running = new AsyncLocalStorage<Running>()

  get size(): number {
    return this.#all.size
  }

  add(handler: MessageHandler): void {
    this.#all.add(handler)
  }

  delete(handler: MessageHandler): void {
    this.#all.delete(handler)
  }

  /**
   * Run all of them on one message, one after the other.
   * @param onError - told what a handler threw; the message counts as taken
   * @returns whether anybody took it
   */
  async run(message: IncomingMessage, onError: (cause: unknown) => void): Promise<boolean> {
    let taken = false
    const running = { finish: () => {} }
    const finished = new Promise<void>((resolve) => {
      running.finish = resolve
    })
    for (const handler of [...this.#all]) {
      try {
        const work = this.#running.run(running, async () => handler(message))
        if ((await Promise.race([work, finished])) !== NOT_TAKEN) taken = true
      } catch (cause) {
        taken = true
        onError(cause)
      }
    }
    return taken
  }

  /** If this is called from inside a handler: count it as finished, for it waits for what waits for it. */
  finishCaller(): void {
    this.#running.getStore()?.finish()
  }
}
