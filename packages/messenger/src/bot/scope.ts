import type { IncomingMessage } from '../message.js'

/** What a handler has open: done with when the handler is. */
interface Opened {
  /** The message at hand counts as handled. */
  settle(): void
  end(): void
  /** It was interrupted: the message at hand is to come again. */
  cutOff(error: unknown): void
}

/** One handler at work on one message. */
export class Scope {
  readonly message: IncomingMessage
  /** Resolves when the message counts as handled by this handler although it goes on. */
  readonly finished: Promise<void>
  /**
   * Leave one of the places for handlers that run side by side while this one waits for a person.
   * @returns takes it again
   */
  readonly park: () => () => void
  readonly #opened = new Set<Opened>()
  #resolve: () => void = () => {}
  #isFinished = false

  constructor(message: IncomingMessage, park: () => () => void) {
    this.message = message
    this.park = park
    this.finished = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  get isFinished(): boolean {
    return this.#isFinished
  }

  add(opened: Opened): void {
    this.#opened.add(opened)
  }

  /** Its message counts as handled from now on. */
  finish(): void {
    this.#isFinished = true
    this.#resolve()
  }

  /** It waits for what waits for it. */
  letGo(): void {
    for (const opened of this.#opened) opened.settle()
    this.finish()
  }

  /** It has returned. @param interruption - what cut it off, in a box */
  end(interruption?: { readonly error: unknown }): void {
    this.#isFinished = true
    for (const opened of this.#opened) interruption ? opened.cutOff(interruption.error) : opened.end()
    this.#opened.clear()
  }
}
