/** What is used of a browser's channel between its threads: its messages come in a turn of their own. */
interface TurnChannel {
  readonly port1: { onmessage: (() => void) | null }
  readonly port2: { postMessage(message: null): void }
}

const waiting: (() => void)[] = []
let channel: TurnChannel | undefined

/** Run it in a later turn of the event loop, in order. Browsers have no `setImmediate`, and round timers up to 4 ms. */
export function nextTurn<T>(callback: (argument: T) => void, argument: T): void {
  if (typeof setImmediate === 'function') {
    setImmediate(callback, argument)
    return
  }
  if (channel === undefined) {
    const { MessageChannel } = globalThis as unknown as { MessageChannel: new () => TurnChannel }
    channel = new MessageChannel()
    channel.port1.onmessage = () => waiting.shift()?.()
  }
  waiting.push(() => callback(argument))
  channel.port2.postMessage(null)
}
