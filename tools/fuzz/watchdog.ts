import { Worker } from 'node:worker_threads'

/** A case that has not come back after this long hangs. */
const HANG_MS = 10_000
const INPUT_BYTES = 65_536

/** Plain JavaScript: it runs in a thread of its own, because a thread that hangs cannot say so. */
const WATCH = `
const { workerData } = require('node:worker_threads')
const { writeSync } = require('node:fs')
const numbers = new Int32Array(workerData.shared, 0, 3)
const bytes = new Uint8Array(workerData.shared, 16)
let last = -1
setInterval(() => {
  const now = Atomics.load(numbers, 0)
  if (now !== last) { last = now; return }
  const input = Buffer.from(bytes.slice(0, numbers[2])).toString('hex')
  writeSync(2, 'fuzz: ' + workerData.names[numbers[1]] + ' hangs\\n  input ' + input + '\\n')
  process.kill(process.pid, 'SIGKILL')
}, ${HANG_MS})
`

/** Notes what is being tried, so that a hang ends the process with the input that caused it. */
export class Watchdog {
  readonly #numbers: Int32Array
  readonly #bytes: Uint8Array
  readonly #names: readonly string[]
  readonly #worker: Worker

  constructor(names: readonly string[]) {
    const shared = new SharedArrayBuffer(16 + INPUT_BYTES)
    this.#numbers = new Int32Array(shared, 0, 3)
    this.#bytes = new Uint8Array(shared, 16)
    this.#names = names
    this.#worker = new Worker(WATCH, { eval: true, workerData: { shared, names } })
    this.#worker.unref()
  }

  note(name: string, input: Uint8Array): void {
    this.#bytes.set(input.subarray(0, INPUT_BYTES))
    this.#numbers[1] = this.#names.indexOf(name)
    this.#numbers[2] = Math.min(input.length, INPUT_BYTES)
    Atomics.add(this.#numbers, 0, 1)
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }
}
