import type { MediatorStore, Program } from '../../src/operations.js'
import { runProgram } from '../../src/stores/run-program.js'
import { ModelOperations } from '../stores/model.js'

/** A store in maps, for tests that are about something else: the programs of one turn run at its end, in their order. */
export class ModelStore implements MediatorStore {
  readonly operations = new ModelOperations()
  readonly shared: boolean
  #queue: (() => void)[] = []

  constructor(shared = false) {
    this.shared = shared
  }

  run<T>(program: () => Program<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#queue.length === 0) setImmediate(() => this.#flush())
      this.#queue.push(() => {
        try {
          resolve(runProgram(program, this.operations))
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)))
        }
      })
    })
  }

  async backup(path: string): Promise<void> {
    throw new Error(`nothing to write to ${path}`)
  }

  async close(): Promise<void> {
    this.#flush()
  }

  #flush(): void {
    const queue = this.#queue
    this.#queue = []
    for (const run of queue) run()
  }
}
