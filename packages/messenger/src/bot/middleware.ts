import type { IncomingMessage } from '../message.js'

/**
 * Something around the handlers. What it does before `next()` comes before them, what it does after `await next()` when
 * the message counts as handled by them; it may catch what they throw. Without `next()` the message ends here, and counts as handled.
 */
export type Middleware = (message: IncomingMessage, next: () => Promise<void>) => unknown

/**
 * Run `message` through all middleware to `core`.
 * @param call - how a single middleware is called
 * @returns what `core` returned; `true` when it was not reached, or its error was caught
 */
export function runThrough(
  middleware: readonly Middleware[],
  message: IncomingMessage,
  core: () => Promise<boolean>,
  call: (work: () => unknown) => Promise<unknown>,
): Promise<boolean> {
  const from = async (index: number): Promise<boolean> => {
    const current = middleware[index]
    if (current === undefined) return core()
    let inner: Promise<boolean> | undefined
    let isOver = false
    const over = (): void => {
      isOver = true
    }
    const next = async (): Promise<void> => {
      if (inner !== undefined) throw new Error('a middleware called next() a second time: call it once, or not at all')
      inner = from(index + 1)
      inner.then(over, over)
      await inner
    }
    await call(() => current(message, next))
    if (inner === undefined) return true
    // What it did not wait for is waited for here, else the message would count as handled too early.
    return isOver ? inner.catch(() => true) : inner
  }
  return from(0)
}
