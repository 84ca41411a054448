import { transformKey } from '../address.js'
import { type BloomLocations, bloomLocations } from '../bloom.js'
import { KEY_BYTES, type KeyId, keyId } from '../key.js'
import { TokenBucket } from '../token-bucket.js'
import { encodeFrame, PacketType } from '../wire/frame.js'
import { MAX_WATERMARK } from '../wire/limits.js'
import type { Path } from '../wire/path.js'
import { encodePathLookup, type PathLookup, type PathNotify, signedPathBytes } from '../wire/pathfinder.js'
import type { LinkState } from './link-state.js'
import type { Neighbour } from './neighbour.js'
import { Repeats } from './repeats.js'
import type { RouterCore } from './router-core.js'

/** The same (source, from) is answered once in this time. yggdrasil protocol §12 */
const ANSWER_INTERVAL_MS = 1000

/** Lookups on their way down the tree, and the answers to those for us. yggdrasil protocol §6.3 */
export class Lookups {
  readonly #core: RouterCore
  readonly #ownTransformed: KeyId
  readonly #seen: Repeats
  readonly #answered = new Repeats(ANSWER_INTERVAL_MS)
  readonly #answers: TokenBucket
  /** The last answer: signed anew only when it would say something else. */
  #infoPath: Path | undefined
  #infoSeq = 0n
  #infoSig: Uint8Array = new Uint8Array(0)
  #signedMs = Number.NEGATIVE_INFINITY

  constructor(core: RouterCore) {
    const { options, limits } = core
    this.#core = core
    this.#ownTransformed = keyId(transformKey(options.publicKey))
    this.#answers = new TokenBucket(limits.answersPerSecond)
    // Nobody repeats one within a second; one that comes back is caught in a circle of the tree.
    this.#seen = new Repeats(limits.lookupIntervalMs / 2)
  }

  /**
   * Send a lookup of our own.
   * @returns how many neighbours it went to
   */
  send(dest: Uint8Array, locations: BloomLocations, nowMs: number): number {
    const { options, hops, stats } = this.#core
    stats.lookups++
    return this.#multicast({ source: options.publicKey, dest, from: hops.own }, locations, undefined, nowMs)
  }

  /** @returns our answer, when it is us who is looked for and the limits allow one */
  receive(lookup: PathLookup, link: LinkState, nowMs: number): PathNotify | undefined {
    const transformed = transformKey(lookup.dest)
    const body = encodePathLookup(lookup)
    if (this.#seen.isRepeat(body, nowMs)) {
      this.#core.stats.throttled++
      return undefined
    }
    if (this.#core.options.transit) this.#multicast(lookup, bloomLocations(transformed), link.neighbour, nowMs)
    if (keyId(transformed) !== this.#ownTransformed) return undefined
    // Whoever asks too much uses up what comes that way, and leaves the rest to the others.
    const isAllowed = !this.#answered.isRepeat(withoutDest(body), nowMs) && link.answers.take(nowMs)
    if (!isAllowed || !this.#answers.take(nowMs)) {
      this.#core.stats.throttled++
      return undefined
    }
    this.#core.stats.answers++
    return this.#answer(lookup, nowMs)
  }

  /** Pass it to all parents and children behind whom the key may be. */
  #multicast(lookup: PathLookup, locations: BloomLocations, from: Neighbour | undefined, nowMs: number): number {
    let frame: Uint8Array | undefined
    let count = 0
    for (const neighbour of this.#core.neighbours.all) {
      const { filters, best } = neighbour
      if (neighbour === from || best === undefined || !filters.onTree) continue
      if (!filters.received.hasLocations(locations)) continue
      frame ??= encodeFrame(PacketType.pathLookup, encodePathLookup(lookup))
      this.#core.write(best, frame, lookup.source, lookup.dest, nowMs)
      count++
    }
    return count
  }

  #answer({ source, from }: PathLookup, nowMs: number): PathNotify {
    const { options, hops } = this.#core
    const path = hops.own
    const isSame = this.#infoPath === path
    if (!isSame || nowMs - this.#signedMs >= 1000) {
      const now = BigInt(options.unixSeconds())
      // Only a higher number counts, so two places in one second and a clock set back must not repeat one.
      this.#infoSeq = now > this.#infoSeq ? now : this.#infoSeq + 1n
      this.#infoPath = path
      this.#infoSig = options.sign(signedPathBytes(this.#infoSeq, path))
      this.#signedMs = nowMs
    }
    return {
      path: from,
      watermark: MAX_WATERMARK,
      source: options.publicKey,
      dest: source,
      infoSeq: this.#infoSeq,
      infoPath: path,
      infoSig: this.#infoSig,
    }
  }
}

/** What an answer depends on: `source ‖ from` of the body `source ‖ dest ‖ from`. */
function withoutDest(body: Uint8Array): Uint8Array {
  const rest = body.slice(KEY_BYTES)
  rest.set(body.subarray(0, KEY_BYTES))
  return rest
}
