/**
 * `value`, unless it is a promise: what an asynchronous work still does would run outside of its transaction.
 * @throws {TypeError}
 */
export function synchronous<T>(value: T): T {
  if (typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function') {
    throw new TypeError('expected a synchronous work, got a promise: a transaction cannot wait')
  }
  return value
}
