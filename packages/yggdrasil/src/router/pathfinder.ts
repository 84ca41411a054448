import { transformKey } from '../address.js'
import { isYggdrasilError } from '../error.js'
import { isKeyAt, keyId } from '../key.js'
import type { DecodeOptions } from '../wire/body.js'
import {
  decodePathBroken,
  decodePathLookup,
  decodePathNotify,
  type PathBroken,
  type PathNotify,
  signedPathBytes,
} from '../wire/pathfinder.js'
import { KeptBytes } from './kept-bytes.js'
import { KnownPath } from './known-path.js'
import type { LinkState } from './link-state.js'
import { Lookups } from './lookups.js'
import type { Neighbour } from './neighbour.js'
import { sendOwn } from './own-traffic.js'
import { PathTable } from './path-table.js'
import { forwardBroken, forwardNotify } from './relay.js'
import { Repeats } from './repeats.js'
import type { RouterCore } from './router-core.js'
import { type Rumor, Rumors } from './rumors.js'
import { WaitingPackets } from './waiting-packets.js'

/** Finds the way to keys, and notices when it changes. yggdrasil protocol §6 */
export class Pathfinder {
  readonly #core: RouterCore
  readonly #waiting: WaitingPackets
  /** Room for copies of packets that are on their way. */
  readonly #copies: KeptBytes
  readonly #paths: PathTable
  readonly #rumors: Rumors
  readonly #lookups: Lookups
  readonly #reported: Repeats

  constructor(core: RouterCore) {
    const { limits } = core
    this.#core = core
    this.#waiting = new WaitingPackets(limits.keptBytes)
    this.#copies = new KeptBytes(limits.copiedBytes)
    this.#paths = new PathTable(limits.paths, (path) => {
      path.release()
      this.#waiting.drop(path)
    })
    this.#rumors = new Rumors(limits.rumors, this.#waiting)
    this.#lookups = new Lookups(core)
    this.#reported = new Repeats(limits.brokenIntervalMs)
  }

  get keptBytes(): number {
    return this.#waiting.bytes + this.#copies.used
  }

  get rumorCount(): number {
    return this.#rumors.size
  }

  get pathCount(): number {
    return this.#paths.size
  }

  paths(): Iterable<KnownPath> {
    return this.#paths.values()
  }

  /** Whether a packet to this key would leave at once. */
  hasPath(key: Uint8Array, nowMs: number): boolean {
    const path = this.#paths.find(key, 0, nowMs)
    return path !== undefined && this.#isUsable(path, nowMs)
  }

  /** @returns `false` when the link that it takes takes no more for now. yggdrasil protocol §6.2 */
  send(dest: Uint8Array, payload: Uint8Array, nowMs: number): boolean {
    const path = this.#paths.find(dest, 0, nowMs)
    if (path === undefined) {
      const rumor = this.#rumors.want(dest, nowMs, this.#core.limits.pathLifetimeMs)
      rumor.destination = dest.slice()
      this.#waiting.put(rumor, payload)
      this.#seek(rumor, nowMs)
      return true
    }
    path.writtenMs = nowMs
    const isUsable = this.#isUsable(path, nowMs)
    if (path.brokenMs === undefined) {
      path.keepCopy(payload, this.#core.limits.keptPacketBytes)
    } else {
      path.release()
      this.#waiting.put(path, payload)
    }
    if (isUsable) this.#transmit(path, payload, nowMs)
    if (path.brokenMs !== undefined) this.#seekAgain(path, nowMs)
    return !isUsable || path.link?.busySinceMs === undefined
  }

  /**
   * Look for a key, whole or partial, without a packet.
   * @returns keys that fit and to which there is a path already
   */
  lookup(key: Uint8Array, nowMs: number): Uint8Array[] {
    const { options, limits } = this.#core
    const wanted = keyId(transformKey(key))
    if (keyId(transformKey(options.publicKey)) === wanted) return [options.publicKey]
    const path = this.#paths.find(key, 0, nowMs)
    if (path !== undefined) this.#seekAgain(path, nowMs)
    else this.#seek(this.#rumors.want(key, nowMs, limits.pathLifetimeMs), nowMs)
    const known = [...this.#paths.values()].filter(({ transformedId }) => transformedId === wanted)
    return known.filter((one) => nowMs < one.expiresMs && this.#isUsable(one, nowMs)).map((one) => one.key)
  }

  /** Traffic arrived from the key at `offset`: the path to it lives on. yggdrasil protocol §6.5 */
  heardFrom(bytes: Uint8Array, offset: number, nowMs: number): void {
    const path = this.#paths.find(bytes, offset, nowMs)
    if (path === undefined) return
    path.heardMs = nowMs
    if (path.brokenMs === undefined) path.expiresMs = nowMs + this.#core.limits.pathLifetimeMs
  }

  receiveLookup(link: LinkState, body: Uint8Array, nowMs: number): void {
    if (!link.neighbour.filters.onTree) return
    if (!link.lookups.take(nowMs)) {
      this.#core.stats.throttled++
      return
    }
    const lookup = this.#read(decodePathLookup, body)
    if (lookup === undefined) return
    const notify = this.#lookups.receive(lookup, link, nowMs)
    if (notify !== undefined) forwardNotify(this.#core, notify, nowMs)
  }

  receiveNotify(link: LinkState, body: Uint8Array, nowMs: number): void {
    const notify = this.#read(decodePathNotify, body)
    if (notify === undefined) return
    if (this.#isOurs(notify.dest)) this.#receiveAnswer(notify, link, body, nowMs)
    else if (this.#core.options.transit) forwardNotify(this.#core, notify, nowMs)
  }

  receiveBroken(body: Uint8Array, nowMs: number): void {
    const broken = this.#read(decodePathBroken, body)
    if (broken === undefined) return
    if (this.#isOurs(broken.source) || this.#core.options.transit) this.#handleBroken(broken, nowMs)
  }

  /** Traffic ended here without being at home: let its source know. yggdrasil protocol §6.4 */
  reportBroken(broken: PathBroken, keys: Uint8Array, nowMs: number): void {
    if (!this.#reported.isRepeat(keys, nowMs)) this.#handleBroken(broken, nowMs)
  }

  /** The neighbour's filter is new: perhaps it leads to what nobody led to so far. */
  filterArrived({ filters }: Neighbour, nowMs: number): void {
    if (!filters.onTree || this.#rumors.size === 0) return
    for (const rumor of [...this.#rumors.values()]) {
      if (rumor.isOut || !this.#isWanted(rumor.wantedMs, nowMs)) continue
      if (filters.received.hasLocations(rumor.locations)) this.#lookUp(rumor, nowMs)
    }
  }

  /** Forget what has expired; look again for what somebody still waits for. */
  maintain(nowMs: number): void {
    this.#paths.expire(nowMs)
    this.#rumors.expire(nowMs)
    for (const path of this.#paths.values()) {
      // What was sent so long ago has arrived, or nobody waits for it any more.
      if (!this.#isWanted(path.writtenMs, nowMs)) path.release()
      else if (path.brokenMs !== undefined) this.#seekAgain(path, nowMs)
    }
    for (const rumor of [...this.#rumors.values()]) if (this.#isWanted(rumor.wantedMs, nowMs)) this.#seek(rumor, nowMs)
  }

  /** `undefined` for a path above the limit: somebody far away made it, and others may pass such on. */
  #read<Packet>(decode: (body: Uint8Array, options: DecodeOptions) => Packet, body: Uint8Array): Packet | undefined {
    try {
      return decode(body, { maxPathPorts: this.#core.limits.pathPorts })
    } catch (error) {
      if (!isYggdrasilError(error) || error.code !== 'too-large') throw error
      this.#core.stats.dropped++
      return undefined
    }
  }

  #isOurs(key: Uint8Array): boolean {
    return isKeyAt(key, 0, this.#core.options.publicKey)
  }

  #isWanted(wantedMs: number, nowMs: number): boolean {
    return nowMs - wantedMs < this.#core.limits.lookupRetryMs
  }

  /**
   * A path said to be broken is used as long as its node is heard, and a little longer: whoever says so is not known, and
   * could silence us for good if we believed it before the other end had a chance to tell where it is now.
   */
  #isUsable({ brokenMs, heardMs }: KnownPath, nowMs: number): boolean {
    return brokenMs === undefined || nowMs - Math.max(brokenMs, heardMs) < this.#core.limits.brokenGraceMs
  }

  #transmit(path: KnownPath, payload: Uint8Array, nowMs: number): void {
    if (sendOwn(this.#core, path, payload, nowMs)) return
    this.#core.stats.undeliverable++
    this.#markBroken(path, nowMs)
  }

  #markBroken(path: KnownPath, nowMs: number): void {
    path.brokenMs ??= nowMs
    this.#seekAgain(path, nowMs)
  }

  #seek(rumor: Rumor, nowMs: number): void {
    if (nowMs - rumor.lookupMs >= this.#core.limits.lookupIntervalMs) this.#lookUp(rumor, nowMs)
  }

  #lookUp(rumor: Rumor, nowMs: number): void {
    this.#rumors.renew(rumor, nowMs, this.#core.limits.pathLifetimeMs)
    rumor.isOut = this.#lookups.send(rumor.target, rumor.locations, nowMs) > 0
  }

  #seekAgain(path: KnownPath, nowMs: number): void {
    if (nowMs - path.lookupMs < this.#core.limits.lookupIntervalMs) return
    path.lookupMs = nowMs
    this.#lookups.send(path.key, path.locations, nowMs)
  }

  #handleBroken(broken: PathBroken, nowMs: number): void {
    if (!this.#isOurs(broken.source)) {
      forwardBroken(this.#core, broken, nowMs)
      return
    }
    const path = this.#paths.find(broken.dest, 0, nowMs)
    if (path !== undefined) this.#markBroken(path, nowMs)
  }

  /** Somebody tells where it is. yggdrasil protocol §6.3 */
  #receiveAnswer(notify: PathNotify, link: LinkState, body: Uint8Array, nowMs: number): void {
    if (this.#asker(notify, nowMs) === undefined) return
    if (link.notifies.take(nowMs)) this.#core.checks.submit(link, body, this.#accept, nowMs)
    else this.#core.stats.throttled++
  }

  readonly #accept = (_: LinkState, body: Uint8Array, nowMs: number): void => {
    const { options, stats } = this.#core
    const notify = decodePathNotify(body, { maxPathPorts: this.#core.limits.pathPorts })
    const asker = this.#asker(notify, nowMs)
    if (asker === undefined) return
    stats.verifications++
    // Whoever brought it need not be who made it, so a wrong one costs nobody the link.
    if (!options.verify(notify.infoSig, signedPathBytes(notify.infoSeq, notify.infoPath), notify.source)) return
    if (asker instanceof KnownPath) this.#update(asker, notify, nowMs)
    else this.#learn(asker, notify, nowMs)
    options.effects.pathFound(notify.source, nowMs)
  }

  /** What a notify would change: a path that is older, or a rumor. */
  #asker({ source, infoSeq }: PathNotify, nowMs: number): KnownPath | Rumor | undefined {
    const { limits, options } = this.#core
    if (infoSeq > BigInt(options.unixSeconds() + limits.notifyAheadSeconds)) return undefined
    const path = this.#paths.find(source, 0, nowMs)
    if (path === undefined) return this.#rumors.find(source)
    return infoSeq > path.seq ? path : undefined
  }

  #update(path: KnownPath, notify: PathNotify, nowMs: number): void {
    const isNew = path.brokenMs !== undefined || !isSame(path.path, notify.infoPath)
    path.path = notify.infoPath
    path.epoch = -1
    path.seq = notify.infoSeq
    path.brokenMs = undefined
    path.expiresMs = nowMs + this.#core.limits.pathLifetimeMs
    // It was perhaps lost on the old path. Who got it twice can tell.
    const packet = this.#waiting.get(path) ?? path.copy
    if (isNew && packet !== undefined) this.#transmit(path, packet, nowMs)
    if (path.brokenMs === undefined) this.#waiting.drop(path)
  }

  #learn(rumor: Rumor, { source, infoPath, infoSeq }: PathNotify, nowMs: number): void {
    const { pathLifetimeMs, keptPacketBytes } = this.#core.limits
    const path = new KnownPath(source, infoPath, infoSeq, nowMs, nowMs + pathLifetimeMs, this.#copies)
    this.#paths.add(path)
    const { destination } = rumor
    const packet = this.#waiting.get(rumor)
    // Part of a key fits several nodes: one that waits for another of them goes on.
    if (packet === undefined || destination === undefined || isSame(destination, source))
      rumor.wantedMs = Number.NEGATIVE_INFINITY
    if (packet === undefined || destination === undefined || !isSame(destination, source)) return
    this.#waiting.drop(rumor)
    path.writtenMs = nowMs
    path.keepCopy(packet, keptPacketBytes)
    this.#transmit(path, packet, nowMs)
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}
