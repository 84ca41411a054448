import { type Clock, steadyClock } from '../clock.js'
import type { ByteStream, Listener, StreamTransport } from '../types.js'
import { FaultyStream, type StreamFaults } from './faulty-stream.js'
import type { FaultyOptions } from './faulty-streams.js'
import { createRandom, type Random } from './random.js'

export interface FaultyProxyOptions extends FaultyOptions {
  /** Where to accept, for example `tcp://127.0.0.1:0`. */
  listen: string
  /** Where to go on to. */
  target: string
  faults?: StreamFaults
  /** Default TCP. */
  transport?: StreamTransport
}

/** A bad link between two programs: streams to `address` come out at `target`. */
export interface FaultyProxy {
  readonly address: string
  /** Where the next streams go; those that run stay. */
  target: string
  /** Streams going through now. */
  readonly streams: number
  /** Reset everything that runs. */
  cut(): void
  /** Let nothing through in either direction, and keep the connections open: the link is silent, not broken. */
  freeze(): void
  thaw(): void
  /** Stop accepting and reset everything. */
  close(): Promise<void>
}

/** Run a proxy that suffers `faults` in both directions. */
export async function createFaultyProxy(options: FaultyProxyOptions): Promise<FaultyProxy> {
  // Loaded for those who use it: the rest of this entry also runs in browsers.
  const { transport = (await import('../tcp.js')).tcp() } = options
  const proxy = new StreamProxy(options, transport)
  await proxy.open()
  return proxy
}

class StreamProxy implements FaultyProxy {
  target: string
  readonly #listenAddress: string
  readonly #transport: StreamTransport
  readonly #faults: StreamFaults
  readonly #random: Random
  readonly #clock: Clock
  readonly #links = new Set<Link>()
  #listener: Listener | undefined
  #frozen = false
  #closed = false

  constructor(
    { listen, target, faults = {}, seed = 1, clock = steadyClock }: FaultyProxyOptions,
    transport: StreamTransport,
  ) {
    this.target = target
    this.#listenAddress = listen
    this.#transport = transport
    this.#faults = faults
    this.#random = createRandom(seed)
    this.#clock = clock
  }

  async open(): Promise<void> {
    const onStream = (near: ByteStream): void => {
      this.#accept(near).catch((error: Error) => near.abort(error))
    }
    this.#listener = await this.#transport.listen(this.#listenAddress, { onStream })
  }

  get address(): string {
    return this.#listener?.address ?? this.#listenAddress
  }

  get streams(): number {
    return this.#links.size
  }

  cut(): void {
    for (const link of this.#links) link.cut()
  }

  freeze(): void {
    this.#frozen = true
    for (const link of this.#links) link.freeze(true)
  }

  thaw(): void {
    this.#frozen = false
    for (const link of this.#links) link.freeze(false)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#listener?.close()
    this.cut()
  }

  async #accept(near: ByteStream): Promise<void> {
    const [nearRandom, farRandom] = [this.#random.fork(), this.#random.fork()]
    if (nearRandom.chance(this.#faults.refuseChance ?? 0)) throw new Error('refused by the faulty link')
    const far = await this.#transport.dial(this.target)
    const link = new Link(
      new FaultyStream(near, this.#faults, nearRandom, this.#clock),
      new FaultyStream(far, this.#faults, farRandom, this.#clock),
      () => this.#links.delete(link),
    )
    this.#links.add(link)
    link.freeze(this.#frozen)
    link.start()
    if (this.#closed) link.cut()
  }
}

/** Two streams joined: what one delivers the other writes, at the pace of the slower. */
class Link {
  readonly #near: ByteStream
  readonly #far: ByteStream
  readonly #onClosed: () => void
  readonly #waiting = new Set<ByteStream>()
  #frozen = false
  #open = 2

  constructor(near: ByteStream, far: ByteStream, onClosed: () => void) {
    this.#near = near
    this.#far = far
    this.#onClosed = onClosed
  }

  start(): void {
    this.#join(this.#near, this.#far)
    this.#join(this.#far, this.#near)
  }

  cut(): void {
    this.#near.abort()
    this.#far.abort()
  }

  freeze(frozen: boolean): void {
    this.#frozen = frozen
    this.#pace(this.#near)
    this.#pace(this.#far)
  }

  /** Read from a stream unless the link is frozen or the other side has not drained. */
  #pace(from: ByteStream): void {
    if (this.#frozen || this.#waiting.has(from)) from.pause()
    else from.resume()
  }

  #join(from: ByteStream, to: ByteStream): void {
    from.start({
      data: (chunk) => {
        if (to.write(chunk.slice())) return
        this.#waiting.add(from)
        this.#pace(from)
      },
      end: () => to.end(),
      drain: () => {
        this.#waiting.delete(to)
        this.#pace(to)
      },
      closed: (error) => {
        if (error !== undefined) to.abort(error)
        if (--this.#open === 0) this.#onClosed()
      },
    })
  }
}
