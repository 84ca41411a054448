import { CallScopes } from '#platform'
import { Dialogues } from './bot/dialogues.js'
import { type Middleware, runThrough } from './bot/middleware.js'
import { Routes } from './bot/routes.js'
import { Scope } from './bot/scope.js'
import type { IncomingMessage } from './message.js'

export type MessageHandler = (message: IncomingMessage) => unknown

/** What a handler returns for a message that it was handed and never looked at. */
export const NOT_TAKEN: unique symbol = Symbol('not taken')

/** One run over one message. */
interface Run {
  readonly message: IncomingMessage
  readonly onError: (cause: unknown) => void
  readonly park: () => () => void
}

/**
 * Everything that handles the messages of a messenger. A message goes through the middleware to the first of these that
 * wants it: the conversation with its sender, a command, a pattern; else to all general handlers, one after the other.
 */
export class Handlers {
  readonly routes: Routes = new Routes()
  readonly middleware: Middleware[] = []
  readonly dialogues: Dialogues
  readonly #all = new Set<MessageHandler>()
  /** Tells a call from inside a handler. */
  readonly #scope = new CallScopes<Scope>()

  readonly #isCutOff: (cause: unknown) => boolean

  /** @param isCutOff - whether a handler failed only because the messenger closes: it is to run again at the next start */
  constructor(isCutOff: (cause: unknown) => boolean = () => false) {
    this.#isCutOff = isCutOff
    this.dialogues = new Dialogues(() => this.#scope.current())
  }

  /** Nobody would take a message. */
  get isEmpty(): boolean {
    return this.#all.size === 0 && this.routes.isEmpty && this.dialogues.size === 0
  }

  add(handler: MessageHandler): void {
    this.#all.add(handler)
  }

  delete(handler: MessageHandler): void {
    this.#all.delete(handler)
  }

  /**
   * Run them on one message.
   * @param onError - told what one of them threw; the message counts as taken, unless it was cut off
   * @param park - called when the message waits for a person: let others run meanwhile
   * @returns whether anybody took it
   */
  async run(message: IncomingMessage, onError: Run['onError'], park: Run['park'] = doNotPark): Promise<boolean> {
    const run = { message, onError, park }
    try {
      const core = (): Promise<boolean> => this.#deliver(run)
      return await runThrough([...this.middleware], message, core, (work) => this.#call(run, work))
    } catch (cause) {
      if (this.#isCutOff(cause)) return false
      onError(cause)
      return true
    }
  }

  /** If this is called from inside a handler: count it as finished, for it waits for what waits for it. */
  finishCaller(): void {
    this.#scope.current()?.letGo()
  }

  async #deliver(run: Run): Promise<boolean> {
    const { message, park } = run
    if (await this.dialogues.offer(message, park)) return true
    const route = this.routes.find(message)
    if (route) {
      await this.#call(run, route)
      return true
    }
    const handlers = [...this.#all]
    // A bot of nothing but commands has no use for anything else.
    if (handlers.length === 0) return !this.routes.isEmpty
    let taken = false
    const failures: unknown[] = []
    for (const handler of handlers) {
      try {
        if ((await this.#call(run, () => handler(message))) !== NOT_TAKEN) taken = true
      } catch (cause) {
        failures.push(cause)
      }
    }
    if (failures.length === 0) return taken
    const cutOff = failures.find((cause) => this.#isCutOff(cause))
    if (cutOff !== undefined || failures.length === 1) throw cutOff ?? failures[0]
    throw new AggregateError(failures, `${failures.length} handlers failed`)
  }

  /** Until `work` is done, or the message counts as handled by it although it goes on. */
  async #call({ message, onError, park }: Run, work: () => unknown): Promise<unknown> {
    const scope = new Scope(message, park)
    const result = this.#scope.run(scope, async () => work())
    let isLeft = false
    result.then(
      () => scope.end(),
      (cause) => {
        const isCutOff = this.#isCutOff(cause)
        scope.end(isCutOff ? { error: cause } : undefined)
        // Nobody else hears of it any more.
        if (isLeft && !isCutOff) onError(cause)
      },
    )
    try {
      return await Promise.race([result, scope.finished])
    } finally {
      isLeft = true
    }
  }
}

const doNotPark = (): (() => void) => () => {}
