import type { Connection } from '@mimirjs/peer'

/** The right to fetch from a peer over a connection; nobody else fetches from that peer until {@link end}. */
export interface Turn {
  readonly connection: Connection
  end(): void
}

interface Waiter {
  isUsable(connection: Connection): boolean
  grant(turn: Turn | undefined): void
}

export interface TurnsOptions {
  /** How many peers are fetched from at the same time. */
  readonly parallel: number
  /** READY connections to a peer, oldest first. */
  connections(peer: string): readonly Connection[]
  /** Somebody waits for a connection to this peer. */
  kick(peer: string): void
}

/** Who fetches from which peer next: one after the other, in the order in which they came. */
export class Turns {
  readonly #options: TurnsOptions
  readonly #waiting = new Map<string, Set<Waiter>>()
  readonly #busy = new Set<string>()

  constructor(options: TurnsOptions) {
    this.#options = options
  }

  /** READY connections to a peer, oldest first. */
  connections(peer: string): readonly Connection[] {
    return this.#options.connections(peer)
  }

  /** Whether somebody waits for this peer or fetches from it. */
  has(peer: string): boolean {
    return this.#waiting.has(peer) || this.#busy.has(peer)
  }

  /** @returns `undefined` when `signal` fired first */
  take(peer: string, isUsable: (connection: Connection) => boolean, signal: AbortSignal): Promise<Turn | undefined> {
    return new Promise((resolve) => {
      const waiters = this.#waiting.get(peer) ?? new Set()
      const leave = (): void => {
        waiters.delete(waiter)
        if (waiters.size === 0 && this.#waiting.get(peer) === waiters) this.#waiting.delete(peer)
        signal.removeEventListener('abort', giveUp)
      }
      const waiter: Waiter = {
        isUsable,
        grant: (turn) => {
          leave()
          resolve(turn)
        },
      }
      const giveUp = (): void => waiter.grant(undefined)
      this.#waiting.set(peer, waiters)
      waiters.add(waiter)
      if (signal.aborted) giveUp()
      else {
        signal.addEventListener('abort', giveUp)
        this.look(peer)
        if (this.#options.connections(peer).length === 0) this.#options.kick(peer)
      }
    })
  }

  /** A connection to this peer may have become usable. */
  look(peer: string): void {
    if (this.#busy.has(peer) || this.#busy.size >= this.#options.parallel) return
    // The newest is the least likely to be dead without knowing it.
    const connections = [...this.#options.connections(peer)].reverse().filter(({ closed }) => !closed)
    for (const waiter of this.#waiting.get(peer) ?? []) {
      const connection = connections.find((candidate) => waiter.isUsable(candidate))
      if (connection === undefined) continue
      this.#busy.add(peer)
      let isOver = false
      const end = (): void => {
        if (isOver) return
        isOver = true
        this.#end(peer)
      }
      waiter.grant({ connection, end })
      return
    }
  }

  #end(peer: string): void {
    this.#busy.delete(peer)
    // Behind those of other peers, who may have waited for a place.
    const waiters = this.#waiting.get(peer)
    this.#waiting.delete(peer)
    if (waiters) this.#waiting.set(peer, waiters)
    for (const other of [...this.#waiting.keys()]) this.look(other)
  }
}
