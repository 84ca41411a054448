import type {
  ByteStream,
  Clock,
  DialOptions,
  Listener,
  ListenOptions,
  StreamHandlers,
  StreamTransport,
} from '@mimirjs/transport'
import type { Store } from '../../../src/index.js'

/** What does not happen any more. A promise of its own for each who waits: one for all would keep them all. */
function never(): Promise<never> {
  return new Promise(() => {})
}

/** No side needs more of them until it is READY. */
const HANDSHAKE_WRITES = 4

/** Calls of a store that only look. */
const READS: ReadonlySet<string> = new Set<keyof Store>([
  ...(['setting', 'contacts', 'contactKinds', 'contact', 'pending', 'pendingPeers', 'nextUnhandled'] as const),
  ...([
    'unhandledPeers',
    'history',
    'message',
    'placeOf',
    'counts',
    'conversations',
    'search',
    'contactNotes',
  ] as const),
  ...(['file', 'files', 'announcedFile'] as const),
  ...(['group', 'groups', 'pendingGroups', 'member', 'members', 'groupCopies', 'unreadable', 'invites'] as const),
  'retracted',
])

/** Where a life ends: at the so-many-th step of a kind from now. */
export interface CrashPoint {
  /** `talk`: a write behind those of the handshake. */
  readonly at: 'store' | 'write' | 'talk'
  /** 1 for the next one. */
  nth: number
  readonly when: 'before' | 'after'
  /** What was handed to the network before it still arrives, as after the end of a process. */
  readonly flush: boolean
}

/**
 * The time between the start of a process and its end. Everything the process reaches the world through goes by here; when
 * the life is over nothing passes any more, in either direction: no write, no timer, no callback.
 */
export class Life {
  /** Resolves at the end. */
  readonly over: Promise<void>
  crashPoint: CrashPoint | undefined
  /** Nothing can be written to the store now. */
  isDiskFull = false
  /** Timers that are set. */
  readonly timers = new Set<() => void>()
  readonly #streams = new Set<LifeStream>()
  readonly #listeners = new Set<Listener>()
  readonly #uncommitted: (() => void)[] = []
  readonly #onStep: () => void
  #dead = false
  #end: () => void = () => {}

  /** @param onStep - called at everything that passes, to see when nothing does */
  constructor(onStep: () => void) {
    this.#onStep = onStep
    this.over = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  get dead(): boolean {
    return this.#dead
  }

  get openStreams(): number {
    return this.#streams.size
  }

  /** End here and now. */
  kill(flush: boolean): void {
    if (this.#dead) return
    this.#dead = true
    for (const cancel of this.timers) cancel()
    for (const listener of this.#listeners) void listener.close()
    for (const stream of this.#streams) stream.die(flush)
    this.#end()
  }

  /** Wait for something unless the end comes first. @returns `undefined` at the end */
  race<T>(work: Promise<T>): Promise<T | undefined> {
    return Promise.race([work, this.over.then(() => undefined)])
  }

  /** @param offsetMs - how far the clock of this machine is off */
  clock(world: Clock, offsetMs: number): Clock {
    return {
      nowMs: () => world.nowMs() + offsetMs,
      schedule: (callback, delayMs) => {
        if (this.#dead) return () => {}
        const cancel = world.schedule(() => {
          this.timers.delete(drop)
          this.#onStep()
          callback()
        }, delayMs)
        const drop = (): void => {
          this.timers.delete(drop)
          cancel()
        }
        this.timers.add(drop)
        return drop
      },
    }
  }

  /**
   * The store outlives its process, as a file does. What is written is committed at the end of the turn, all of a turn
   * together, as the database does: until then it can be lost.
   */
  store(store: Store, onCall: (name: string, args: readonly unknown[], result: Promise<unknown>) => void): Store {
    return new Proxy(store, {
      get: (target, name, receiver): unknown => {
        if (name === 'close') return async () => {}
        const member: unknown = Reflect.get(target, name, receiver)
        if (typeof member !== 'function') return member
        return (...args: unknown[]) => {
          return this.#passStore(READS.has(String(name)), () => {
            const result = (member as (...args: unknown[]) => Promise<unknown>).apply(target, args)
            onCall(String(name), args, result)
            return result
          })
        }
      },
    })
  }

  transport(inner: StreamTransport): StreamTransport {
    return {
      scheme: inner.scheme,
      dial: async (address: string, options?: DialOptions) => {
        if (this.#dead) return never()
        return this.#adopt(await inner.dial(address, options))
      },
      listen: async (address: string, options: ListenOptions) => {
        const listener = await inner.listen(address, {
          ...options,
          onStream: (stream) => {
            if (this.#dead) stream.abort()
            else options.onStream(this.#adopt(stream))
          },
        })
        this.#listeners.add(listener)
        if (this.#dead) void listener.close()
        return listener
      },
    }
  }

  async #passStore(isRead: boolean, work: () => Promise<unknown>): Promise<unknown> {
    this.#onStep()
    const point = this.#dead ? undefined : this.#reached('store')
    if (point?.when === 'before') this.kill(point.flush)
    if (this.#dead) return never()
    let result: unknown
    try {
      result = await (isRead ? work() : this.#commit(work))
    } catch (error) {
      if (this.#dead) return await never()
      throw error
    } finally {
      this.#onStep()
    }
    if (point !== undefined) this.kill(point.flush)
    return this.#dead ? never() : result
  }

  #commit(work: () => Promise<unknown>): Promise<unknown> {
    if (this.#uncommitted.length === 0) {
      setImmediate(() => {
        const works = this.#uncommitted.splice(0)
        this.#onStep()
        if (!this.#dead) for (const commit of works) commit()
      })
    }
    return new Promise((resolve, reject) => {
      this.#uncommitted.push(() => {
        if (this.isDiskFull) reject(new Error('no space left on the device'))
        else resolve(work())
      })
    })
  }

  /** @returns the point that this step is */
  #reached(...at: readonly CrashPoint['at'][]): CrashPoint | undefined {
    const point = this.crashPoint
    if (point === undefined || !at.includes(point.at)) return undefined
    point.nth -= 1
    return point.nth <= 0 ? point : undefined
  }

  #adopt(stream: ByteStream): ByteStream {
    const own = new LifeStream(stream, {
      isDead: () => this.#dead,
      onStep: this.#onStep,
      write: (work, isTalk) => {
        const point = isTalk ? this.#reached('write', 'talk') : this.#reached('write')
        if (point?.when === 'before') this.kill(point.flush)
        const writable = !this.#dead && work()
        if (point !== undefined) this.kill(point.flush)
        return writable
      },
      gone: () => this.#streams.delete(own),
    })
    this.#streams.add(own)
    if (this.#dead) own.die(false)
    return own
  }
}

interface StreamHost {
  isDead(): boolean
  onStep(): void
  write(work: () => boolean, isTalk: boolean): boolean
  gone(): void
}

class LifeStream implements ByteStream {
  readonly remoteAddress: string
  readonly localAddress: string
  readonly #inner: ByteStream
  readonly #host: StreamHost
  #started = false
  #writes = 0

  constructor(inner: ByteStream, host: StreamHost) {
    this.#inner = inner
    this.#host = host
    this.remoteAddress = inner.remoteAddress
    this.localAddress = inner.localAddress
  }

  /** @param flush - let what was written arrive */
  die(flush: boolean): void {
    if (!this.#started) this.#inner.start(DEAF)
    if (flush) {
      // Nobody reads any more, but the other side may still be writing.
      this.#inner.resume()
      this.#inner.end()
    } else this.#inner.abort()
    this.#host.gone()
  }

  start(handlers: StreamHandlers): void {
    this.#started = true
    const pass = (work: () => void): void => {
      this.#host.onStep()
      if (!this.#host.isDead()) work()
    }
    this.#inner.start({
      data: (chunk) => pass(() => handlers.data(chunk)),
      end: () => pass(() => handlers.end()),
      drain: () => pass(() => handlers.drain()),
      closed: (error) => {
        this.#host.gone()
        pass(() => handlers.closed(error))
      },
    })
  }

  write(chunk: Uint8Array): boolean {
    this.#host.onStep()
    return this.#host.write(() => this.#inner.write(chunk), ++this.#writes > HANDSHAKE_WRITES)
  }

  writeAll(chunks: readonly Uint8Array[]): boolean {
    this.#host.onStep()
    return this.#host.write(() => this.#inner.writeAll(chunks), ++this.#writes > HANDSHAKE_WRITES)
  }

  pause(): void {
    if (!this.#host.isDead()) this.#inner.pause()
  }

  resume(): void {
    if (!this.#host.isDead()) this.#inner.resume()
  }

  end(): void {
    if (!this.#host.isDead()) this.#inner.end()
  }

  abort(error?: Error): void {
    if (this.#host.isDead()) return
    this.#host.gone()
    this.#inner.abort(error)
  }
}

const DEAF: StreamHandlers = { data() {}, end() {}, drain() {}, closed() {} }
