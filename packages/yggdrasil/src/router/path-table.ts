import { KeyTable } from './key-table.js'
import type { KnownPath } from './known-path.js'

/** The paths that were found. */
export class PathTable {
  readonly #maxPaths: number
  readonly #onGone: (path: KnownPath) => void
  readonly #table = new KeyTable<KnownPath>()

  /** @param onGone - told of every path that is no longer in the table */
  constructor(maxPaths: number, onGone: (path: KnownPath) => void) {
    this.#maxPaths = maxPaths
    this.#onGone = onGone
  }

  get size(): number {
    return this.#table.size
  }

  /** The path to the key of 32 bytes at `offset`, unless it has expired. */
  find(bytes: Uint8Array, offset: number, nowMs: number): KnownPath | undefined {
    const path = this.#table.find(bytes, offset)
    return path !== undefined && nowMs < path.expiresMs ? path : undefined
  }

  /** In the place of an expired one to the same key; when there is no room, in that of the one that expires first. */
  add(path: KnownPath): void {
    const expired = this.#table.find(path.key)
    if (expired !== undefined) this.#delete(expired)
    else if (this.#table.size >= this.#maxPaths) this.#evict()
    this.#table.set(path)
  }

  expire(nowMs: number): void {
    for (const path of this.#table.values()) if (nowMs >= path.expiresMs) this.#delete(path)
  }

  values(): Iterable<KnownPath> {
    return this.#table.values()
  }

  #evict(): void {
    let first: KnownPath | undefined
    for (const path of this.#table.values()) if (first === undefined || path.expiresMs < first.expiresMs) first = path
    if (first !== undefined) this.#delete(first)
  }

  #delete(path: KnownPath): void {
    this.#table.delete(path)
    this.#onGone(path)
  }
}
