const waiting: (() => void)[] = []
let channel: MessageChannel | undefined

/** Run it in a later turn of the event loop, in order. Browsers have no `setImmediate`, and round timers up to 4 ms. */
export function nextTurn<T>(callback: (argument: T) => void, argument: T): void {
  if (typeof setImmediate === 'function') {
    setImmediate(callback, argument)
    return
  }
  if (channel === undefined) {
    channel = new MessageChannel()
    channel.port1.onmessage = () => waiting.shift()?.()
  }
  waiting.push(() => callback(argument))
  channel.port2.postMessage(undefined)
}
