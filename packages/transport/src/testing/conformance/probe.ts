import { isTransportError, type TransportError, type TransportErrorCode } from '../../error.js'
import type { ByteStream, DialOptions, Listener, StreamHandlers, StreamTransport } from '../../types.js'

/** Longest any single step of a check may take before it counts as hanging, in milliseconds. */
const STEP_TIMEOUT_MS = 30_000

export function check(condition: boolean, complaint: string): asserts condition {
  if (!condition) throw new Error(complaint)
}

/** `promise`, or a failure that says what was waited for. */
export async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${STEP_TIMEOUT_MS} ms for ${what}`)), STEP_TIMEOUT_MS)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** Browsers have timers only. */
const nextTurn: (callback: () => void) => unknown = globalThis.setImmediate ?? ((callback) => setTimeout(callback))

/** Give the event loop some turns, so that what must not happen has had its chance. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await new Promise<void>((resolve) => {
      nextTurn(resolve)
    })
  }
}

/** The code of the `TransportError` that `promise` rejects with. */
export async function rejection(promise: Promise<unknown>, what: string): Promise<TransportErrorCode> {
  const error: unknown = await within(
    promise.then(
      () => undefined,
      (reason: unknown) => reason,
    ),
    what,
  )
  check(error !== undefined, `${what} succeeded, expected it to fail`)
  check(isTransportError(error), `${what} failed with something else than a TransportError: ${String(error)}`)
  return error.code
}

/** The code of the `TransportError` that `run` throws. */
export function thrown(run: () => unknown, what: string): TransportErrorCode {
  try {
    run()
  } catch (error) {
    check(isTransportError(error), `${what} threw something else than a TransportError: ${String(error)}`)
    return error.code
  }
  throw new Error(`${what} did not throw`)
}

/** Order-sensitive sum over a stream of bytes. */
export class Checksum {
  #low = 1
  #high = 0

  add(bytes: Uint8Array): void {
    let low = this.#low
    let high = this.#high
    for (let at = 0; at < bytes.length; at++) {
      low = (low + bytes[at]!) | 0
      high = (high + low) | 0
    }
    this.#low = low
    this.#high = high
  }

  get value(): string {
    return `${this.#high >>> 0}:${this.#low >>> 0}`
  }
}

/**
 * A reader and writer for checks. It counts and sums what arrives, keeps it when asked, and complains about a stream
 * that calls handlers from inside a call, after `closed`, or data after `end`.
 */
export class Probe implements StreamHandlers {
  readonly stream: ByteStream
  readonly checksum: Checksum = new Checksum()
  readonly complaints: string[] = []
  receivedBytes = 0
  kept: number[] | undefined
  ended = false
  drains = 0
  closes = 0
  error: TransportError | undefined
  onData: ((chunk: Uint8Array) => void) | undefined
  onDrain: (() => void) | undefined
  #calls = 0
  readonly #waiters = new Set<() => void>()

  constructor(stream: ByteStream) {
    this.stream = stream
  }

  /** Every call on the stream goes through here, so that a handler called from inside is noticed. */
  call<T>(run: (stream: ByteStream) => T): T {
    this.#calls++
    try {
      return run(this.stream)
    } finally {
      this.#calls--
    }
  }

  start(): this {
    this.call((stream) => stream.start(this))
    return this
  }

  /** Resolves as soon as `done()` holds, asked after every event. */
  until(done: () => boolean, what: string): Promise<void> {
    const met = new Promise<void>((resolve) => {
      const waiter = (): void => {
        if (!done()) return
        this.#waiters.delete(waiter)
        resolve()
      }
      this.#waiters.add(waiter)
      waiter()
    })
    return within(met, `${what} (received ${this.receivedBytes} bytes, ended ${this.ended}, closed ${this.closes})`)
  }

  untilReceived(sizeBytes: number): Promise<void> {
    return this.until(() => this.receivedBytes >= sizeBytes || this.closes > 0, `${sizeBytes} bytes`)
  }

  untilClosed(): Promise<void> {
    return this.until(() => this.closes > 0, 'closed')
  }

  /** Write all of `chunks`, at the pace of the stream. */
  async writePaced(chunks: Iterable<Uint8Array>): Promise<void> {
    for (const chunk of chunks) {
      const drains = this.drains
      if (this.call((stream) => stream.write(chunk))) continue
      await this.until(() => this.drains > drains || this.closes > 0, 'drain after write returned false')
      check(this.closes === 0, `the stream closed while writing: ${this.error?.message}`)
    }
  }

  data(chunk: Uint8Array): void {
    this.#arrive('data')
    if (this.ended) this.complaints.push('data after end')
    if (chunk.length === 0) this.complaints.push('data without bytes')
    this.receivedBytes += chunk.length
    this.checksum.add(chunk)
    this.kept?.push(...chunk)
    this.onData?.(chunk)
    this.#wake()
  }

  end(): void {
    this.#arrive('end')
    if (this.ended) this.complaints.push('end twice')
    this.ended = true
    this.#wake()
  }

  drain(): void {
    this.#arrive('drain')
    this.drains++
    this.onDrain?.()
    this.#wake()
  }

  closed(error?: TransportError): void {
    this.#arrive('closed')
    this.closes++
    this.error = error
    this.#wake()
  }

  #arrive(event: string): void {
    if (this.#calls > 0) this.complaints.push(`${event} from inside a call to the stream`)
    if (this.closes > 0) this.complaints.push(`${event} after closed`)
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) waiter()
  }
}

/** A listener and one stream through it, both ends probed but not started. */
export interface Connected {
  readonly listener: Listener
  readonly dialled: Probe
  readonly accepted: Probe
}

export async function openPair(transport: StreamTransport, address: string, options?: DialOptions): Promise<Connected> {
  let accept: (stream: ByteStream) => void = () => {}
  const arrival = new Promise<ByteStream>((resolve) => {
    accept = resolve
  })
  const listener = await within(transport.listen(address, { onStream: (stream) => accept(stream) }), 'listen')
  const dialled = await within(transport.dial(listener.address, options), 'dial')
  const accepted = await within(arrival, 'the listener to see the stream')
  return { listener, dialled: new Probe(dialled), accepted: new Probe(accepted) }
}

/** Run a check on a pair, close everything, and report what the probes complained about. */
export async function withPair(
  transport: StreamTransport,
  address: string,
  run: (pair: Connected) => Promise<void>,
): Promise<void> {
  const pair = await openPair(transport, address)
  try {
    await run(pair)
    await turns()
  } finally {
    for (const probe of [pair.dialled, pair.accepted]) probe.call((stream) => stream.abort())
    await pair.listener.close()
  }
  const complaints = [
    ...pair.dialled.complaints.map((text) => `dialled end: ${text}`),
    ...pair.accepted.complaints.map((text) => `accepted end: ${text}`),
  ]
  check(complaints.length === 0, complaints.join('; '))
}
