import { equalBytes } from '@mimirjs/wire'
import type { Check } from './error-texts.js'
import type { MediatorLimits } from './limits.js'

/** Mediator protocol §6 [C]: long enough for a login, and for the proof of work of somebody who has logged in. */
const LOGIN_LIFE_MS = 120_000
const WORK_LIFE_MS = 1_800_000

interface Nonce {
  readonly publicKey: Uint8Array
  readonly nonce: Uint8Array
  readonly untilMs: number
}

/**
 * Nonces, each bound to the connection that asked for it: nobody can take another's away, and a signature that was made
 * elsewhere is worth nothing here (mediator protocol §6, §22.2 to §22.4).
 */
export class Nonces {
  readonly #perConnection: number
  readonly #capacity: number
  readonly #byConnection = new Map<object, Nonce[]>()
  /** Connections with more than one. */
  readonly #several = new Set<object>()
  #total = 0
  #sweptMs = 0

  constructor({ noncesPerConnection, nonces }: Pick<MediatorLimits, 'noncesPerConnection' | 'nonces'>) {
    this.#perConnection = noncesPerConnection
    this.#capacity = nonces
  }

  get size(): number {
    return this.#total
  }

  /**
   * @param isOwn - the connection has logged in with this key
   * @returns whether there was room
   */
  issue(connection: object, publicKey: Uint8Array, nonce: Uint8Array, isOwn: boolean, nowMs: number): boolean {
    let list = this.#byConnection.get(connection)
    const before = list?.findIndex((entry) => equalBytes(entry.publicKey, publicKey)) ?? -1
    if (list !== undefined && before >= 0) this.#remove(connection, list, before)
    else if (list !== undefined && list.length >= this.#perConnection) this.#remove(connection, list, 0)
    if (this.#total >= this.#capacity) this.#sweep(nowMs)
    if (this.#total >= this.#capacity) this.#evict()
    if (this.#total >= this.#capacity) return false
    list = this.#byConnection.get(connection)
    if (list === undefined) this.#byConnection.set(connection, (list = []))
    list.push({ publicKey, nonce, untilMs: nowMs + (isOwn ? WORK_LIFE_MS : LOGIN_LIFE_MS) })
    if (list.length > 1) this.#several.add(connection)
    this.#total++
    return true
  }

  /** Why this nonce cannot be used on this connection; `undefined`: it can. */
  judge(connection: object, publicKey: Uint8Array, nonce: Uint8Array, nowMs: number): Check | undefined {
    const entry = this.#byConnection.get(connection)?.find((one) => equalBytes(one.publicKey, publicKey))
    if (entry === undefined || entry.untilMs <= nowMs) return 'nonceUnknown'
    return equalBytes(entry.nonce, nonce) ? undefined : 'nonceDifferent'
  }

  /** It was used. */
  consume(connection: object, publicKey: Uint8Array): void {
    const list = this.#byConnection.get(connection)
    const at = list?.findIndex((entry) => equalBytes(entry.publicKey, publicKey)) ?? -1
    if (list !== undefined && at >= 0) this.#remove(connection, list, at)
  }

  /** The connection is gone. */
  forget(connection: object): void {
    this.#total -= this.#byConnection.get(connection)?.length ?? 0
    this.#byConnection.delete(connection)
    this.#several.delete(connection)
  }

  /** Who holds several does not keep others from their first. */
  #evict(): void {
    for (const connection of this.#several) {
      const list = this.#byConnection.get(connection)
      if (list !== undefined) this.#remove(connection, list, 0)
      return
    }
  }

  #remove(connection: object, list: Nonce[], at: number): void {
    list.splice(at, 1)
    this.#total--
    if (list.length <= 1) this.#several.delete(connection)
    if (list.length === 0) this.#byConnection.delete(connection)
  }

  /** A flood at a full table must not walk it for every request. */
  #sweep(nowMs: number): void {
    if (nowMs - this.#sweptMs < 1000) return
    this.#sweptMs = nowMs
    for (const [connection, list] of this.#byConnection)
      for (let at = list.length - 1; at >= 0; at--)
        if ((list[at]?.untilMs ?? 0) <= nowMs) this.#remove(connection, list, at)
  }
}
