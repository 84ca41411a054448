import type { MediatorCommandName } from '@mimirjs/wire/mediator'
import { RequestIds } from './request-ids.js'

export interface PendingRequest {
  readonly requestId: number
  readonly command: MediatorCommandName
  readonly timeoutMs: number
  /** Where its last byte stands among all that were sent. */
  readonly endBytes: number
  /** `Infinity` until that byte is written. */
  deadlineMs: number
  /** Its caller does not wait any more; the id stays taken until the late answer comes. */
  isAbandoned: boolean
}

const NEVER = Number.POSITIVE_INFINITY

/** Requests without an answer, in the order in which they were made. */
export class PendingRequests {
  readonly #ids = new RequestIds()
  readonly #pending = new Map<number, PendingRequest>()
  #open = 0
  #earliestMs = NEVER

  /** Those whose caller waits. */
  get open(): number {
    return this.#open
  }

  /** No deadline is earlier; it may be too early. */
  get earliestMs(): number {
    return this.#earliestMs
  }

  /** An id for a request to come, `undefined` when all are taken: {@link add} it, or give it back. */
  takeId(): number | undefined {
    return this.#ids.take()
  }

  giveBack(requestId: number): void {
    this.#ids.release(requestId)
  }

  add(requestId: number, command: MediatorCommandName, timeoutMs: number, endBytes: number): void {
    this.#pending.set(requestId, { requestId, command, timeoutMs, endBytes, deadlineMs: NEVER, isAbandoned: false })
    this.#open++
  }

  /** So many bytes are written: the time of those requests begins that end there. */
  written(bytes: number, nowMs: number): void {
    for (const pending of this.#pending.values()) {
      if (pending.endBytes > bytes) break
      if (pending.deadlineMs !== NEVER || pending.isAbandoned) continue
      pending.deadlineMs = nowMs + pending.timeoutMs
      this.#earliestMs = Math.min(this.#earliestMs, pending.deadlineMs)
    }
  }

  /** Those that are due are abandoned, and returned. @param notBeforeMs - then none is due */
  expire(nowMs: number, notBeforeMs: number): PendingRequest[] {
    if (nowMs < this.#earliestMs) return []
    const expired: PendingRequest[] = []
    this.#earliestMs = NEVER
    for (const pending of this.#pending.values()) {
      if (pending.isAbandoned || pending.deadlineMs === NEVER) continue
      const deadlineMs = Math.max(pending.deadlineMs, notBeforeMs)
      if (nowMs < deadlineMs) this.#earliestMs = Math.min(this.#earliestMs, deadlineMs)
      else expired.push(pending)
    }
    for (const { requestId } of expired) this.abandon(requestId)
    return expired
  }

  abandon(requestId: number): void {
    const pending = this.#pending.get(requestId)
    if (pending === undefined || pending.isAbandoned) return
    pending.isAbandoned = true
    this.#open--
  }

  /** It is answered, and its id free; `undefined` when there is no such request. */
  settle(requestId: number): PendingRequest | undefined {
    const pending = this.#pending.get(requestId)
    if (pending === undefined) return undefined
    this.#pending.delete(requestId)
    this.#ids.release(requestId)
    if (!pending.isAbandoned) this.#open--
    return pending
  }

  /** The oldest of these commands. */
  oldest(commands: ReadonlySet<MediatorCommandName>): number | undefined {
    for (const { requestId, command } of this.#pending.values()) if (commands.has(command)) return requestId
    return undefined
  }

  clear(): void {
    this.#pending.clear()
    this.#open = 0
    this.#earliestMs = NEVER
  }
}
