import type { KeyId } from '../key.js'
import { type Path, pathDistance, ROOT_PATH } from '../wire/path.js'
import type { LinkState } from './link-state.js'
import type { Neighbours } from './neighbours.js'

/** Paths of which the decision is remembered; a power of two. */
const SLOTS = 256
/** Longer paths are decided anew each time. */
const REMEMBERED_BYTES = 64

/** Where nodes are: {@link Records}. */
export interface Places {
  /** Changes whenever coordinates may have changed. */
  readonly version: number
  coordinates(id: KeyId): Path
}

/** The greedy step towards a place in the tree. yggdrasil protocol §4.9 */
export class NextHops {
  readonly #selfId: KeyId
  readonly #places: Places
  readonly #neighbours: Neighbours
  /** Decisions, each good as long as its epoch is the current one: path, its end, and what was found. */
  readonly #paths = new Uint8Array(SLOTS * REMEMBERED_BYTES)
  readonly #epochs = new Int32Array(SLOTS)
  readonly #ends = new Uint8Array(SLOTS)
  readonly #distances = new Uint16Array(SLOTS)
  readonly #links = new Array<LinkState | undefined>(SLOTS).fill(undefined)
  #own: Path = ROOT_PATH
  #placesVersion = -1
  #neighboursVersion = -1
  #epoch = 0
  #distance = 0

  constructor(selfId: KeyId, places: Places, neighbours: Neighbours) {
    this.#selfId = selfId
    this.#places = places
    this.#neighbours = neighbours
  }

  /** Our coordinates: the same object as long as they are the same. */
  get own(): Path {
    this.#refresh()
    return this.#own
  }

  /** Changes whenever an earlier answer may be wrong. */
  get epoch(): number {
    this.#refresh()
    return this.#epoch
  }

  /** Our own distance to the path that was asked for last: the watermark that the packet leaves with. */
  get distance(): number {
    return this.#distance
  }

  /**
   * The link to send a packet on; `undefined`: this node is as close as it gets.
   * @param bytes - start with the path, in its shortest form; what follows is not looked at
   * @param watermark - our own distance has to be lower
   */
  find(bytes: Uint8Array, watermark: number): LinkState | undefined {
    this.#refresh()
    let hash = 0
    let end = 0
    for (let byte = bytes[0]!; byte !== 0; byte = bytes[++end]!) hash = Math.imul(hash ^ byte, 0x01000193)
    if (end > REMEMBERED_BYTES) {
      const link = this.#decide(bytes)
      return this.#distance < watermark ? link : undefined
    }
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1)
    if (!this.#remembers(slot, bytes, end)) this.#remember(slot, bytes, end)
    this.#distance = this.#distances[slot]!
    return this.#distance < watermark ? this.#links[slot] : undefined
  }

  #remembers(slot: number, bytes: Uint8Array, end: number): boolean {
    if (this.#epochs[slot] !== this.#epoch || this.#ends[slot] !== end) return false
    const start = slot * REMEMBERED_BYTES
    for (let at = 0; at < end; at++) if (this.#paths[start + at] !== bytes[at]) return false
    return true
  }

  #remember(slot: number, bytes: Uint8Array, end: number): void {
    const start = slot * REMEMBERED_BYTES
    for (let at = 0; at < end; at++) this.#paths[start + at] = bytes[at]!
    this.#links[slot] = this.#decide(bytes)
    this.#distances[slot] = this.#distance
    this.#ends[slot] = end
    this.#epochs[slot] = this.#epoch
  }

  #decide(bytes: Uint8Array): LinkState | undefined {
    const ownDistance = pathDistance(bytes, this.#own)
    this.#distance = ownDistance
    let best: LinkState | undefined
    let bestDistance = 0
    for (const { best: link, path } of this.#neighbours.all) {
      if (link === undefined) continue
      const distance = pathDistance(bytes, path)
      if (distance >= ownDistance || (best !== undefined && !isBetter(link, distance, best, bestDistance))) continue
      best = link
      bestDistance = distance
    }
    return best
  }

  #refresh(): void {
    const places = this.#places
    const neighbours = this.#neighbours
    if (this.#placesVersion === places.version && this.#neighboursVersion === neighbours.version) return
    this.#placesVersion = places.version
    this.#neighboursVersion = neighbours.version
    this.#epoch++
    const own = places.coordinates(this.#selfId)
    if (!isSamePath(own, this.#own)) this.#own = own
    for (const neighbour of neighbours.all) {
      if (neighbour.pathVersion === places.version) continue
      neighbour.path = places.coordinates(neighbour.id)
      neighbour.pathVersion = places.version
    }
  }
}

/** Which of two links of different neighbours gains more on the way for what it costs. */
function isBetter(link: LinkState, distance: number, than: LinkState, thanDistance: number): boolean {
  const difference =
    link.cost * distance - than.cost * thanDistance ||
    distance - thanDistance ||
    link.cost - than.cost ||
    link.link.id - than.link.id
  return difference < 0
}

function isSamePath(a: Path, b: Path): boolean {
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}
