/** A promise that a test decides. */
export interface Decision<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
  reject(error: Error): void
}

export function decision<T = void>(): Decision<T> {
  let [resolve, reject]: [Decision<T>['resolve'], Decision<T>['reject']] = [() => {}, () => {}]
  const promise = new Promise<T>((yes, no) => {
    ;[resolve, reject] = [yes, no]
  })
  return { promise, resolve: (value) => resolve(value), reject: (error) => reject(error) }
}

/** All that is to happen without anybody's doing has happened. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve()
}
