import { isKeyAt } from '../key.js'
import { encodeFrame, PacketType } from '../wire/frame.js'
import { MAX_FRAME_BYTES } from '../wire/limits.js'
import {
  decodePathBroken,
  decodePathLookup,
  decodePathNotify,
  encodePathBroken,
  encodePathNotify,
  type PathBroken,
  type PathNotify,
  signedPathBytes,
} from '../wire/pathfinder.js'
import { KeptBytes } from './kept-bytes.js'
import { KnownPath } from './known-path.js'
import { Lookups } from './lookups.js'
import type { LinkState, Neighbour } from './neighbours.js'
import { sendOwn } from './own-traffic.js'
import { PathTable } from './path-table.js'
import { Repeats } from './repeats.js'
import type { RouterCore } from './router-core.js'
import { type Rumor, Rumors } from './rumors.js'

/** Finds the way to keys, and notices when it changes. yggdrasil protocol §6 */
export class Pathfinder {
  readonly #core: RouterCore
  readonly #kept: KeptBytes
  readonly #paths: PathTable
  readonly #rumors: Rumors
  readonly #lookups: Lookups
  readonly #reported: Repeats

  constructor(core: RouterCore) {
    const { limits } = core
    this.#core = core
    this.#kept = new KeptBytes(limits.keptBytes)
    this.#paths = new PathTable(limits.paths)
    this.#rumors = new Rumors(limits.rumors, this.#kept)
    this.#lookups = new Lookups(core)
    this.#reported = new Repeats(limits.brokenIntervalMs)
  }

  get keptBytes(): number {
    return this.#kept.used
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

  /** yggdrasil protocol §6.2 */
  send(dest: Uint8Array, payload: Uint8Array, nowMs: number): void {
    const path = this.#paths.find(dest, 0, nowMs)
    if (path === undefined) {
      const rumor = this.#rumors.want(dest, nowMs, this.#core.limits.pathLifetimeMs)
      this.#rumors.keep(rumor, dest, payload)
      this.#seek(rumor, nowMs)
      return
    }
    path.writtenMs = nowMs
    const isUsable = this.#isUsable(path, nowMs)
    path.keep(payload, isUsable ? this.#core.limits.keptPacketBytes : MAX_FRAME_BYTES)
    if (isUsable) this.#transmit(path, payload, nowMs)
    if (path.brokenMs !== undefined) this.#seekAgain(path, nowMs)
  }

  /** Look for a key, whole or partial, without a packet. */
  lookup(key: Uint8Array, nowMs: number): void {
    const path = this.#paths.find(key, 0, nowMs)
    if (path !== undefined) this.#seekAgain(path, nowMs)
    else this.#seek(this.#rumors.want(key, nowMs, this.#core.limits.pathLifetimeMs), nowMs)
  }

  /** Traffic arrived from the key at `offset`: the path to it lives on. yggdrasil protocol §6.5 */
  heardFrom(bytes: Uint8Array, offset: number, nowMs: number): void {
    const path = this.#paths.find(bytes, offset, nowMs)
    if (path !== undefined && path.brokenMs === undefined) path.expiresMs = nowMs + this.#core.limits.pathLifetimeMs
  }

  receiveLookup(link: LinkState, body: Uint8Array, nowMs: number): void {
    if (!link.neighbour.filters.onTree) return
    if (!link.lookups.take(nowMs)) {
      this.#core.stats.throttled++
      return
    }
    const lookup = decodePathLookup(body, this.#core.decodeOptions)
    const notify = this.#lookups.receive(lookup, link.neighbour, nowMs)
    if (notify !== undefined) this.#forwardNotify(notify, nowMs)
  }

  receiveNotify(link: LinkState, body: Uint8Array, nowMs: number): void {
    const notify = decodePathNotify(body, this.#core.decodeOptions)
    if (this.#isOurs(notify.dest)) this.#accept(notify, link, nowMs)
    else if (this.#core.options.transit) this.#forwardNotify(notify, nowMs)
  }

  receiveBroken(body: Uint8Array, nowMs: number): void {
    const broken = decodePathBroken(body, this.#core.decodeOptions)
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
      if (path.brokenMs !== undefined && this.#isWanted(path.writtenMs, nowMs)) this.#seekAgain(path, nowMs)
    }
    for (const rumor of [...this.#rumors.values()]) if (this.#isWanted(rumor.wantedMs, nowMs)) this.#seek(rumor, nowMs)
  }

  #isOurs(key: Uint8Array): boolean {
    return isKeyAt(key, 0, this.#core.options.publicKey)
  }

  #isWanted(wantedMs: number, nowMs: number): boolean {
    return nowMs - wantedMs < this.#core.limits.lookupRetryMs
  }

  /**
   * A path said to be broken is used a little longer: whoever says so is not known, and could silence us for good if we
   * believed it before the other end had a chance to tell where it is now.
   */
  #isUsable({ brokenMs }: KnownPath, nowMs: number): boolean {
    return brokenMs === undefined || nowMs - brokenMs < this.#core.limits.brokenGraceMs
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

  #forwardNotify(notify: PathNotify, nowMs: number): void {
    const { hops } = this.#core
    const link = hops.find(notify.path, Number(notify.watermark))
    if (link === undefined) return
    const body = encodePathNotify({ ...notify, watermark: BigInt(hops.distance) })
    this.#core.write(link, encodeFrame(PacketType.pathNotify, body), notify.source, notify.dest, nowMs)
  }

  #handleBroken(broken: PathBroken, nowMs: number): void {
    if (this.#isOurs(broken.source)) {
      const path = this.#paths.find(broken.dest, 0, nowMs)
      if (path !== undefined) this.#markBroken(path, nowMs)
      return
    }
    const { hops } = this.#core
    const link = hops.find(broken.path, Number(broken.watermark))
    if (link === undefined) return
    const body = encodePathBroken({ ...broken, watermark: BigInt(hops.distance) })
    this.#core.write(link, encodeFrame(PacketType.pathBroken, body), broken.source, broken.dest, nowMs)
  }

  /** Somebody tells where it is. yggdrasil protocol §6.3 */
  #accept(notify: PathNotify, link: LinkState, nowMs: number): void {
    const { limits, options, stats } = this.#core
    if (notify.infoSeq > BigInt(options.unixSeconds() + limits.notifyAheadSeconds)) return
    const path = this.#paths.find(notify.source, 0, nowMs)
    if (path !== undefined && notify.infoSeq <= path.seq) return
    const rumor = this.#rumors.find(notify.source)
    if (path === undefined && rumor === undefined) return
    if (!link.notifies.take(nowMs)) {
      stats.throttled++
      return
    }
    stats.verifications++
    // Whoever brought it need not be who made it, so a wrong one costs nobody the link.
    if (!options.verify(notify.infoSig, signedPathBytes(notify.infoSeq, notify.infoPath), notify.source)) return
    if (path !== undefined) this.#update(path, notify, nowMs)
    else if (rumor !== undefined) this.#learn(rumor, notify, nowMs)
    options.effects.pathFound(notify.source, nowMs)
  }

  #update(path: KnownPath, notify: PathNotify, nowMs: number): void {
    const isNew = path.brokenMs !== undefined || !isSame(path.path, notify.infoPath)
    path.path = notify.infoPath
    path.epoch = -1
    path.seq = notify.infoSeq
    path.brokenMs = undefined
    path.expiresMs = nowMs + this.#core.limits.pathLifetimeMs
    // It was perhaps lost on the old path. Who got it twice can tell.
    if (isNew && path.packet !== undefined) this.#transmit(path, path.packet, nowMs)
  }

  #learn(rumor: Rumor, { source, infoPath, infoSeq }: PathNotify, nowMs: number): void {
    const { pathLifetimeMs, keptPacketBytes } = this.#core.limits
    const path = new KnownPath(source, infoPath, infoSeq, nowMs, nowMs + pathLifetimeMs, this.#kept)
    this.#paths.add(path)
    const { packet, destination } = rumor
    // Part of a key fits several nodes: one that waits for another of them goes on.
    if (packet === undefined || destination === undefined || isSame(destination, source))
      rumor.wantedMs = Number.NEGATIVE_INFINITY
    if (packet === undefined || destination === undefined || !isSame(destination, source)) return
    this.#rumors.release(rumor)
    path.writtenMs = nowMs
    path.keep(packet, keptPacketBytes)
    this.#transmit(path, packet, nowMs)
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}
