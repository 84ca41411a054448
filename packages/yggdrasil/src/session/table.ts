import { isKeyAt, type KeyId, keyId } from '../key.js'
import type { Session } from './session.js'

/** The sessions there are, of a bounded number; each ends when it was not used for a while. */
export class SessionTable {
  readonly #limit: number
  readonly #idleMs: number
  readonly #onDrop: (session: Session) => void
  readonly #byId = new Map<KeyId, Session>()
  /** The one used last: most packets are of one flow, and need no look-up. */
  #last: Session | undefined

  /** @param onDrop - told of each one that leaves, before its secrets are wiped */
  constructor(limit: number, idleMs: number, onDrop: (session: Session) => void) {
    this.#limit = limit
    this.#idleMs = idleMs
    this.#onDrop = onDrop
  }

  get size(): number {
    return this.#byId.size
  }

  values(): IterableIterator<Session> {
    return this.#byId.values()
  }

  get(id: KeyId): Session | undefined {
    return this.#byId.get(id)
  }

  /** One that is still in use. */
  find(key: Uint8Array, nowMs: number): Session | undefined {
    let session = this.#last
    if (session === undefined || !isKeyAt(key, 0, session.publicKey)) {
      session = this.#byId.get(keyId(key))
      if (session === undefined) return undefined
      this.#last = session
    }
    if (nowMs - session.usedMs < this.#idleMs) return session
    // The other side has forgotten it, whether or not the sweep has been here.
    this.#drop(session)
    return undefined
  }

  /** @returns whether another one had to go: that which was idle longest */
  add(session: Session): boolean {
    const isFull = this.#byId.size >= this.#limit
    if (isFull) this.#dropIdlest()
    this.#byId.set(session.id, session)
    return isFull
  }

  /** End what was idle for too long. @returns when the next one may end */
  sweep(nowMs: number): number {
    let oldestMs = Number.POSITIVE_INFINITY
    for (const session of this.#byId.values()) {
      if (nowMs - session.usedMs >= this.#idleMs) this.#drop(session)
      else oldestMs = Math.min(oldestMs, session.usedMs)
    }
    return oldestMs + this.#idleMs
  }

  clear(): void {
    for (const session of this.#byId.values()) this.#drop(session)
  }

  #dropIdlest(): void {
    let idlest: Session | undefined
    for (const session of this.#byId.values()) {
      if (idlest === undefined || session.usedMs < idlest.usedMs) idlest = session
    }
    if (idlest !== undefined) this.#drop(idlest)
  }

  #drop(session: Session): void {
    this.#byId.delete(session.id)
    if (this.#last === session) this.#last = undefined
    this.#onDrop(session)
    session.wipe()
  }
}
