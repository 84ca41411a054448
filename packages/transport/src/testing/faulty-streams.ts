import { type Clock, steadyClock } from '../clock.js'
import { TransportError } from '../error.js'
import type { ByteStream, DialOptions, Listener, ListenOptions, StreamTransport } from '../types.js'
import { FaultyStream, type StreamFaults } from './faulty-stream.js'
import { createRandom, type Random } from './random.js'

export interface FaultyOptions {
  /** Seed of every decision of the link. Default 1. */
  seed?: number
  /** Clock of delays and throttling. Default the machine's. */
  clock?: Clock
}

/**
 * A transport over a bad link: every stream it dials or accepts suffers `faults` on the bytes it delivers. Wrap both
 * ends, or give both the same wrapped transport, for faults in both directions. Memory handed to `data` is overwritten
 * when the handler returns, so that a reader that keeps a view is found out.
 */
export function faultyStreams(
  transport: StreamTransport,
  faults: StreamFaults,
  options: FaultyOptions = {},
): StreamTransport {
  return new FaultyStreams(transport, faults, options)
}

class FaultyStreams implements StreamTransport {
  readonly scheme: string
  readonly #inner: StreamTransport
  readonly #faults: StreamFaults
  readonly #random: Random
  readonly #clock: Clock

  constructor(inner: StreamTransport, faults: StreamFaults, { seed = 1, clock = steadyClock }: FaultyOptions) {
    this.scheme = inner.scheme
    this.#inner = inner
    this.#faults = faults
    this.#random = createRandom(seed)
    this.#clock = clock
  }

  async dial(address: string, options?: DialOptions): Promise<ByteStream> {
    const random = this.#random.fork()
    const refused = random.chance(this.#faults.refuseChance ?? 0)
    const stream = await this.#inner.dial(address, options)
    if (!refused) return new FaultyStream(stream, this.#faults, random, this.#clock)
    stream.abort()
    throw new TransportError('refused', `dial ${address}: refused by the faulty link`)
  }

  listen(address: string, options: ListenOptions): Promise<Listener> {
    return this.#inner.listen(address, {
      ...options,
      onStream: (stream) => {
        options.onStream(new FaultyStream(stream, this.#faults, this.#random.fork(), this.#clock))
      },
    })
  }
}
