/** Declared here because not every runtime has the types of a browser, or of Node. */
interface Runtime {
  setImmediate?: (callback: () => void) => unknown
  MessageChannel?: new () => {
    port1: { onmessage?: unknown; close(): void }
    port2: { postMessage(message: unknown): void }
  }
}

const runtime = globalThis as unknown as Runtime

/**
 * Let everything else that waits run first: input, timers, drawing. Not by a timer, which browsers hold back for 4 ms
 * when it comes again and again.
 */
export function nextTurn(): Promise<void> {
  const { setImmediate, MessageChannel } = runtime
  return new Promise((resolve) => {
    if (setImmediate !== undefined) {
      setImmediate(resolve)
      return
    }
    if (MessageChannel === undefined) throw new TypeError('expected setImmediate or MessageChannel in this runtime')
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(undefined)
  })
}
