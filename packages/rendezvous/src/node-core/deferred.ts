/** A promise with its ends at hand. */
export interface Deferred<Value> {
  readonly promise: Promise<Value>
  resolve(value: Value): void
  reject(error: Error): void
}

export function deferred<Value>(): Deferred<Value> {
  let ends: Omit<Deferred<Value>, 'promise'> | undefined
  const promise = new Promise<Value>((resolve, reject) => {
    ends = { resolve, reject }
  })
  // The executor has run by now.
  return { promise, ...(ends as Omit<Deferred<Value>, 'promise'>) }
}
