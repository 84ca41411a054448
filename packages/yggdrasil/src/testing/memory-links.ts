import type { Clock } from '@mimirjs/transport'
import { createRandom, type Random } from '@mimirjs/transport/testing'
import { YggdrasilError } from '../error.js'
import type { LinkDriver, LinkListener, ListenHandlers, PeerUri } from '../links/types.js'
import { type MemoryDelay, MemoryPipe } from './memory-pipe.js'

export interface MemoryLinksOptions {
  /** Turns the delays: `createClock` of `@mimirjs/transport/testing`, or a real one. */
  readonly clock: Clock
  /** Of the chance in the delays. Default 1. */
  readonly seed?: number
  /** From one end of a link to the other, in ms. Default 1. */
  readonly delayMs?: number
  /** So much more at most, by chance, in ms. Default 0. */
  readonly jitterMs?: number
}

interface Connection {
  readonly a: string
  readonly b: string
  readonly pipe: MemoryPipe
}

/**
 * A network in memory: nodes listen on `memory://name` and dial it. Each node has a driver of its own, made with its
 * name, so that the link between two nodes can be cut.
 *
 * @example
 * const links = memoryLinks({ clock })
 * const a = await Yggdrasil.start({ listen: ['memory://a'], drivers: [links.driver('a')], clock })
 * const b = await Yggdrasil.start({ peers: ['memory://a'], drivers: [links.driver('b')], clock })
 * links.cut('a', 'b')
 */
export interface MemoryLinks {
  /** The driver of the node with this name; by convention it listens on `memory://name`. */
  driver(name: string): LinkDriver
  /** Break the links between two nodes, and refuse new ones until {@link MemoryLinks.restore}. */
  cut(a: string, b: string): void
  restore(a: string, b: string): void
  /** Links between two nodes that stand. */
  count(a: string, b: string): number
}

export function memoryLinks(options: MemoryLinksOptions): MemoryLinks {
  return new MemoryNetwork(options)
}

class MemoryNetwork implements MemoryLinks {
  readonly #clock: Clock
  readonly #random: Random
  readonly #delay: MemoryDelay
  readonly #listeners = new Map<string, { readonly name: string; readonly handlers: ListenHandlers }>()
  readonly #cuts = new Set<string>()
  readonly #connections = new Set<Connection>()

  constructor({ clock, seed = 1, delayMs = 1, jitterMs = 0 }: MemoryLinksOptions) {
    this.#clock = clock
    this.#random = createRandom(seed)
    this.#delay = { clock, random: this.#random, delayMs, jitterMs }
  }

  driver(name: string): LinkDriver {
    return {
      schemes: ['memory'],
      dial: (uri, signal) => this.#dial(name, uri, signal),
      listen: async (uri, handlers) => this.#listen(name, uri, handlers),
    }
  }

  cut(a: string, b: string): void {
    this.#cuts.add(pairOf(a, b))
    for (const connection of this.#between(a, b)) connection.pipe.cut()
  }

  restore(a: string, b: string): void {
    this.#cuts.delete(pairOf(a, b))
  }

  count(a: string, b: string): number {
    return this.#between(a, b).length
  }

  #between(a: string, b: string): Connection[] {
    const pair = pairOf(a, b)
    return [...this.#connections].filter((connection) => pairOf(connection.a, connection.b) === pair)
  }

  #listen(name: string, uri: PeerUri, handlers: ListenHandlers): LinkListener {
    const { host } = uri
    if (this.#listeners.has(host)) throw new YggdrasilError('address-in-use', `memory://${host} is taken`)
    const listener = { name, handlers }
    this.#listeners.set(host, listener)
    return {
      uri: `memory://${host}`,
      close: async () => {
        if (this.#listeners.get(host) === listener) this.#listeners.delete(host)
      },
    }
  }

  #dial(name: string, { host }: PeerUri, signal: AbortSignal): Promise<MemoryPipe> {
    return new Promise((resolve, reject) => {
      const refuse = (error: YggdrasilError): void => {
        cancel()
        signal.removeEventListener('abort', onAbort)
        reject(error)
      }
      const onAbort = (): void => refuse(new YggdrasilError('closed', `memory://${host}: the attempt was given up`))
      // There and back again, as a connection takes.
      const cancel = this.#clock.schedule(() => {
        const listener = this.#listeners.get(host)
        if (listener === undefined || this.#cuts.has(pairOf(name, listener.name))) {
          refuse(new YggdrasilError('refused', `memory://${host}: nobody listens there`))
          return
        }
        signal.removeEventListener('abort', onAbort)
        resolve(this.#connect(name, host, listener.name, listener.handlers))
      }, 2 * this.#delay.delayMs)
      signal.addEventListener('abort', onAbort)
      if (signal.aborted) onAbort()
    })
  }

  #connect(dialler: string, host: string, name: string, handlers: ListenHandlers): MemoryPipe {
    const near = new MemoryPipe(`memory://${host}`, this.#delay)
    const far = new MemoryPipe(`memory://${dialler}`, this.#delay)
    MemoryPipe.connect(near, far)
    const connection: Connection = { a: dialler, b: name, pipe: near }
    this.#connections.add(connection)
    near.onClosed = () => this.#connections.delete(connection)
    const admission = handlers.admit(undefined, () => far.cut())
    if (admission === undefined) far.cut()
    else handlers.link(far, admission)
    return near
  }
}

function pairOf(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`
}
