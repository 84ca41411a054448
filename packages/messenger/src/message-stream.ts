import { type MessageHandler, NOT_TAKEN } from './handlers.js'
import type { IncomingMessage } from './message.js'

/** What a stream of messages needs of its messenger. */
export interface StreamSource {
  /** The messenger closes: no message will come any more. */
  isOver(): boolean
  add(handler: MessageHandler): void
  remove(handler: MessageHandler): void
  /** `wake` is called when the messenger closes. */
  readonly waiting: Set<() => void>
}

/** Incoming messages as an async iterator: each is handled when the next is asked for, or the loop is left. */
export async function* streamMessages(
  source: StreamSource,
  signal: AbortSignal | undefined,
): AsyncGenerator<IncomingMessage, void, void> {
  const arrived: { message: IncomingMessage; done: (result?: typeof NOT_TAKEN) => void }[] = []
  let wake: () => void = () => {}
  const stop = (): void => wake()
  const handler: MessageHandler = (message) =>
    new Promise((done) => {
      arrived.push({ message, done })
      wake()
    })
  signal?.addEventListener('abort', stop)
  source.waiting.add(stop)
  source.add(handler)
  try {
    while (!signal?.aborted && !source.isOver()) {
      const next = arrived.shift()
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        continue
      }
      try {
        yield next.message
      } finally {
        next.done()
      }
    }
  } finally {
    signal?.removeEventListener('abort', stop)
    source.waiting.delete(stop)
    source.remove(handler)
    for (const { done } of arrived) done(NOT_TAKEN)
  }
}
