import type { KeyId } from '../key.js'
import { type Path, ROOT_PATH } from '../wire/path.js'
import { writeUvarint } from '../wire/uvarint.js'
import { type Announcement, supersedes } from './announcement.js'

export interface RecordsOptions {
  readonly selfId: KeyId
  readonly maxRecords: number
  /** Longest way to a root. */
  readonly maxDepth: number
  /** A record was forgotten, or another one took its place: nobody is known to have the current one. */
  readonly onChange: (id: KeyId) => void
  /** Whose ancestries must not be lost, ours apart, when there is no more room. */
  readonly neighbours: () => Iterable<KeyId>
}

/** An announcement of another node lives this long, counted from its acceptance. yggdrasil protocol §4.7 */
export const RECORD_LIFETIME_MS = 300_000
/** Of a full table so many records go at once at most, so that the search for them is rare. */
const EVICTED_AT_ONCE = 32

/** The last accepted announcement of every node, and the ways to the root that follow from them. */
export class Records {
  readonly #options: RecordsOptions
  /** In order of acceptance. */
  readonly #byId = new Map<KeyId, Announcement>()
  #version = 0
  #walk = 0

  constructor(options: RecordsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#byId.size
  }

  /** Changes whenever coordinates may have changed. */
  get version(): number {
    return this.#version
  }

  get(id: KeyId): Announcement | undefined {
    return this.#byId.get(id)
  }

  /**
   * Take `record` if it takes the place of what is stored.
   * @param via - the neighbour that brought it
   * @returns whether it was taken; not when there is no room
   */
  accept(record: Announcement, nowMs: number, via?: KeyId): boolean {
    const stored = this.#byId.get(record.id)
    if (stored !== undefined && !supersedes(record, stored)) return false
    if (stored === undefined && this.#byId.size >= this.#options.maxRecords && !this.#evict()) return false
    this.#byId.delete(record.id)
    this.#byId.set(record.id, record)
    record.via = via
    record.expiresMs = record.id === this.#options.selfId ? Number.POSITIVE_INFINITY : nowMs + RECORD_LIFETIME_MS
    this.#changed(record.id)
    return true
  }

  /** Forget what has expired. */
  expire(nowMs: number): void {
    // All live equally long, so the first that has time left ends the search; ours never expires.
    for (const [id, { expiresMs }] of this.#byId) {
      if (id === this.#options.selfId) continue
      if (expiresMs > nowMs) return
      this.#forget(id)
    }
  }

  /** Ports of all nodes below `parentId`, neighbours or not. */
  portsBelow(parentId: KeyId): Map<KeyId, number> {
    const ports = new Map<KeyId, number>()
    for (const record of this.#byId.values())
      if (record.parentId === parentId && !record.isRoot) ports.set(record.id, Number(record.port))
    return ports
  }

  /**
   * The nodes on the way from `id` (included) to the root, as far as it is known. Ends at a missing record or before a
   * repeated one. Empty as well when it is longer than the limit: such a way leads nowhere that packets could go.
   */
  ancestry(id: KeyId): Announcement[] {
    const way: Announcement[] = []
    const walk = ++this.#walk
    for (let next = this.#byId.get(id); next !== undefined && next.mark !== walk; ) {
      // A root on top of `maxDepth` ports is still within the limit.
      if (way.length > this.#options.maxDepth) return []
      next.mark = walk
      way.push(next)
      next = this.#byId.get(next.parentId)
    }
    return way
  }

  /** The coordinates of a node; those of a root while its way to one is not known or runs in a circle. §4.8 */
  coordinates(id: KeyId): Path {
    const way = this.ancestry(id)
    const root = way.pop()
    if (root === undefined || !root.isRoot) return ROOT_PATH
    let size = 1
    for (const record of way) size += record.portBytes
    const path = new Uint8Array(size)
    let at = 0
    for (let index = way.length - 1; index >= 0; index--) at = writeUvarint(way[index]!.port, path, at)
    return path
  }

  #changed(id: KeyId): void {
    this.#version++
    this.#options.onChange(id)
  }

  #forget(id: KeyId): void {
    this.#byId.delete(id)
    this.#changed(id)
  }

  /** Make room. @returns `false` when all that is stored is on our own way to the root */
  #evict(): boolean {
    const { selfId, neighbours } = this.#options
    const kept = new Set<KeyId>()
    const keep = (id: KeyId): void => {
      for (const record of this.ancestry(id)) kept.add(record.id)
    }
    keep(selfId)
    const own = new Set(kept)
    for (const id of neighbours()) keep(id)
    // Neighbours with long made-up ancestries must not be able to lock the table.
    return this.#evictAllBut(kept) || this.#evictAllBut(own)
  }

  /**
   * Forget the oldest of those that the neighbour brought that brought the most: a flood pushes out itself, and not what
   * others think that we have.
   * @returns whether there was anything to forget
   */
  #evictAllBut(kept: ReadonlySet<KeyId>): boolean {
    const counts = new Map<KeyId | undefined, number>()
    let [flooder, most]: [KeyId | undefined, number] = [undefined, 0]
    for (const { id, via } of this.#byId.values()) {
      if (kept.has(id)) continue
      const count = (counts.get(via) ?? 0) + 1
      counts.set(via, count)
      if (count > most) [flooder, most] = [via, count]
    }
    let left = EVICTED_AT_ONCE
    for (const { id, via } of this.#byId.values()) {
      if (left === 0) break
      if (via !== flooder || kept.has(id)) continue
      this.#forget(id)
      left--
    }
    return most > 0
  }
}
