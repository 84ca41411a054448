import { equalBytes } from '@mimirjs/wire'
import type { OwnAttempt } from './attempt.js'

/** All attempts and links: of each person at most one link, and one attempt (rendezvous protocol B9.3). */
export class AttemptTable {
  readonly #attempts = new Map<string, OwnAttempt>()
  readonly #links = new Map<string, OwnAttempt>()
  readonly #connections = new Map<number, OwnAttempt>()
  #lastConnection = 0

  /** What is not open. */
  attemptWith(name: string): OwnAttempt | undefined {
    return this.#attempts.get(name)
  }

  linkWith(name: string): OwnAttempt | undefined {
    return this.#links.get(name)
  }

  has(name: string): boolean {
    return this.#attempts.has(name) || this.#links.has(name)
  }

  /** The attempt, or else the link, of this person under this sid. */
  find(name: string, sid: Uint8Array): OwnAttempt | undefined {
    const attempt = this.#attempts.get(name)
    if (attempt !== undefined && equalBytes(attempt.sid, sid)) return attempt
    const link = this.#links.get(name)
    return link !== undefined && equalBytes(link.sid, sid) ? link : undefined
  }

  byConnection(connection: number): OwnAttempt | undefined {
    return this.#connections.get(connection)
  }

  /** Of both kinds. */
  all(): OwnAttempt[] {
    return [...this.#attempts.values(), ...this.#links.values()]
  }

  get linkCount(): number {
    return this.#links.size
  }

  /** Attempts that are neither at the prompt nor open. @param role - only those of this role */
  countUnderWay(role?: OwnAttempt['role']): number {
    let count = 0
    for (const attempt of this.#attempts.values())
      if (attempt.isUnderWay && (role === undefined || attempt.role === role)) count += 1
    return count
  }

  countPrompts(): number {
    return this.#attempts.size - this.countUnderWay()
  }

  add(attempt: OwnAttempt): void {
    this.#attempts.set(attempt.name, attempt)
  }

  /** From now on it is the link. */
  open(attempt: OwnAttempt): void {
    this.#attempts.delete(attempt.name)
    this.#links.set(attempt.name, attempt)
  }

  remove(attempt: OwnAttempt): void {
    if (this.#attempts.get(attempt.name) === attempt) this.#attempts.delete(attempt.name)
    if (this.#links.get(attempt.name) === attempt) this.#links.delete(attempt.name)
    this.disconnect(attempt)
  }

  /** A number of its own for a new peer connection. */
  connect(attempt: OwnAttempt): number {
    this.#lastConnection += 1
    attempt.connection = this.#lastConnection
    this.#connections.set(this.#lastConnection, attempt)
    return this.#lastConnection
  }

  /** @returns the number that is over */
  disconnect(attempt: OwnAttempt): number | undefined {
    const { connection } = attempt
    if (connection !== undefined) this.#connections.delete(connection)
    attempt.connection = undefined
    return connection
  }
}
