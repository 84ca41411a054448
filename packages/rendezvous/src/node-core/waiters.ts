import { RendezvousError } from '../error.js'
import type { Attempt } from '../machine/index.js'
import { type Deferred, deferred } from './deferred.js'
import type { NodeEngine } from './engine.js'
import { closedError } from './failure.js'
import type { RendezvousLink } from './link.js'

/** Who waits for which attempt to become a link. */
export class Waiters {
  readonly #engine: NodeEngine
  readonly #waiting = new Map<Attempt, Set<Deferred<RendezvousLink>>>()

  constructor(engine: NodeEngine) {
    this.#engine = engine
  }

  /** @throws {RendezvousError} what became of it, or `aborted` */
  async wait(attempt: Attempt, signal: AbortSignal | undefined): Promise<RendezvousLink> {
    const link = this.#engine.links.get(attempt)
    if (link !== undefined) return link
    if (attempt.state === 'closed') throw closedError(attempt, 'connect')
    const waiter = deferred<RendezvousLink>()
    const waiting = this.#waiting.get(attempt) ?? new Set()
    this.#waiting.set(attempt, waiting.add(waiter))
    const onAbort = (): void => {
      waiting.delete(waiter)
      waiter.reject(new RendezvousError('aborted', 'connect: aborted by the signal given', { cause: signal?.reason }))
      if (waiting.size === 0) this.#giveUp(attempt)
    }
    signal?.addEventListener('abort', onAbort)
    try {
      return await waiter.promise
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  opened(attempt: Attempt, link: RendezvousLink): void {
    for (const waiter of this.#take(attempt)) waiter.resolve(link)
  }

  closed(attempt: Attempt): void {
    for (const waiter of this.#take(attempt)) waiter.reject(closedError(attempt, 'connect'))
  }

  #take(attempt: Attempt): Iterable<Deferred<RendezvousLink>> {
    const waiting = this.#waiting.get(attempt) ?? []
    this.#waiting.delete(attempt)
    return waiting
  }

  /** Nobody waits for it any more. What the other side began goes on. */
  #giveUp(attempt: Attempt): void {
    this.#waiting.delete(attempt)
    if (attempt.role !== 'offerer' || attempt.state === 'open') return
    this.#engine.run((nowMs) => this.#engine.machine.close(attempt, nowMs))
  }
}
