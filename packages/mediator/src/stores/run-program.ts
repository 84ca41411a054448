import type { Operations, Program, StoreCall } from '../operations.js'

/** Answer a call by `operations`; the pairing of name and arguments is what `StoreCall` promises. */
export function answer(operations: Operations, { op, args }: StoreCall): unknown {
  return (operations[op] as (...args: unknown[]) => unknown).apply(operations, args)
}

/** Run a program to its end, each call answered at once. What an operation throws ends it. */
export function runProgram<T>(program: () => Program<T>, operations: Operations): T {
  const running = program()
  for (let step = running.next(); ; ) {
    if (step.done === true) return step.value
    step = running.next(answer(operations, step.value))
  }
}
