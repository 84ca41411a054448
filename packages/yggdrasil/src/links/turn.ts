/** Declared here because not every runtime has the types of a browser, or of Node. */
interface Runtime {
  setImmediate?: (callback: () => void) => unknown
  MessageChannel?: new () => {
    port1: { onmessage?: unknown }
    port2: { postMessage(message: unknown): void }
  }
}

/** Calls back after everything that is ready now had its turn: input, drawing, other links. */
export type NextTurn = (callback: () => void) => void

/**
 * The end of a turn of the event loop. Not a timer: browsers hold those back, for 4 ms when they come again and again,
 * for a second or a minute in a tab that is not seen.
 * @throws {TypeError} in a runtime that has neither setImmediate nor MessageChannel
 */
export function systemTurn(runtime: Runtime = globalThis as unknown as Runtime): NextTurn {
  const { setImmediate, MessageChannel } = runtime
  if (setImmediate !== undefined) return (callback) => void setImmediate(callback)
  if (MessageChannel === undefined) throw new TypeError('expected setImmediate or MessageChannel in this runtime')
  const { port1, port2 } = new MessageChannel()
  const waiting: (() => void)[] = []
  port1.onmessage = () => waiting.shift()?.()
  return (callback) => {
    waiting.push(callback)
    port2.postMessage(undefined)
  }
}

/** Something with work to do when the turn is over. */
export interface TurnMember {
  /** Hand over what was written. */
  flush(): void
  /** Go on with what was left for the next turn. Called after every member was flushed. */
  proceed(): void
}

/** Who takes part in the current turn: each link once, however much happens on it. */
export class TurnQueue {
  readonly #nextTurn: NextTurn
  readonly #onThrow: (error: unknown) => void
  #members: TurnMember[] = []

  /** @param onThrow - told what a member threw; it has no part in what the others do */
  constructor(nextTurn: NextTurn, onThrow: (error: unknown) => void) {
    this.#nextTurn = nextTurn
    this.#onThrow = onThrow
  }

  /** To be called once per turn and member. */
  add(member: TurnMember): void {
    if (this.#members.push(member) === 1) this.#nextTurn(this.#run)
  }

  readonly #run = (): void => {
    const members = this.#members
    this.#members = []
    for (const member of members) this.#guard(() => member.flush())
    for (const member of members) this.#guard(() => member.proceed())
  }

  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#onThrow(error)
    }
  }
}
