import { YggdrasilError } from '../error.js'
import { isKeyAt, KEY_BYTES, keyId } from '../key.js'
import { DEFAULT_LIMITS, type RouterLimits } from '../limits.js'
import { checkFrameType, PacketType } from '../wire/frame.js'
import { Checks } from './checks.js'
import { Filters } from './filters.js'
import { Forwarder } from './forwarder.js'
import type { LinkState } from './link-state.js'
import { Loopback } from './loopback.js'
import { Neighbours } from './neighbours.js'
import { NextHops } from './next-hops.js'
import { Pathfinder } from './pathfinder.js'
import { Records } from './records.js'
import type { RouterCore } from './router-core.js'
import { Ticker } from './ticker.js'
import { Tree } from './tree.js'
import {
  newRouterStats,
  type PathInfo,
  type RouterLink,
  type RouterOptions,
  type RouterPeerInfo,
  type RouterSizes,
  type RouterStats,
  type TreeInfo,
} from './types.js'
import { pathInfos, peerInfos, routerSizes, treeInfo } from './views.js'

/** Largest payload of a packet. Coordinates count in the frame too; of what is too long with them nothing is sent. §8.7 */
const MAX_TRAFFIC_PAYLOAD_BYTES = 130_993

/**
 * The router of one node: spanning tree, announcements, filters, lookups and forwarding, without I/O, clock or chance.
 * Frames and the time go in; frames go to the links, packets for this node to the effects. yggdrasil protocol §4 to §7
 *
 * `nowMs` is any clock that never goes back. Call {@link advance} at {@link nextDeadlineMs}.
 */
export class Router {
  readonly #core: RouterCore
  readonly #tree: Tree
  readonly #filters: Filters
  readonly #pathfinder: Pathfinder
  readonly #forwarder: Forwarder
  readonly #loopback: Loopback
  readonly #ticker: Ticker
  #nowMs: number
  #toldTree = ''

  constructor(options: RouterOptions, nowMs: number) {
    const limits: RouterLimits = { ...DEFAULT_LIMITS, ...options.limits }
    const selfId = keyId(options.publicKey)
    const neighbours = new Neighbours(limits, () => records.portsBelow(selfId))
    const records: Records = new Records({
      selfId,
      maxRecords: limits.records,
      maxDepth: limits.pathPorts,
      onChange(id) {
        for (const { sent } of neighbours.all) sent.delete(id)
      },
      neighbours: () => neighbours.ids,
    })
    const stats = newRouterStats()
    const core: RouterCore = {
      options,
      limits,
      selfId,
      stats,
      checks: new Checks(limits, stats),
      records,
      neighbours,
      hops: new NextHops(selfId, records, neighbours),
      write(link, frame, source, dest, at) {
        if (link.writeTraffic(frame, at)) return
        core.stats.dropped += link.queue.push(frame.slice(), keyId(source), keyId(dest))
      },
    }
    this.#core = core
    this.#ticker = new Ticker(nowMs)
    this.#tree = new Tree({ ...core, ticker: this.#ticker, proven: (link, at) => this.#proven(link, at) })
    this.#filters = new Filters(core)
    this.#pathfinder = new Pathfinder(core)
    this.#forwarder = new Forwarder(core, this.#pathfinder)
    this.#loopback = new Loopback(core)
    this.#nowMs = nowMs
    this.advance(nowMs)
  }

  /**
   * A link came up: the first signature request and filter go out.
   * @throws {YggdrasilError} `self` for a link to our own key | `misuse` for one that was added before
   */
  addLink(link: RouterLink, nowMs: number): void {
    this.#nowMs = nowMs
    if (isKeyAt(link.publicKey, 0, this.#core.options.publicKey)) {
      throw new YggdrasilError('self', `router: link ${link.id} leads to this node itself`)
    }
    const state = this.#core.neighbours.add(link)
    this.#tree.ask(state, nowMs)
    this.#filters.repeat(state.neighbour, state, nowMs)
  }

  /** A link is gone: nothing is written to it any more. Does nothing for one that is not there. */
  removeLink(link: RouterLink, nowMs: number): void {
    this.#nowMs = nowMs
    const state = this.#core.neighbours.remove(link)
    if (state === undefined) return
    this.#core.checks.forget(state)
    // One that was on its way on the broken link is perhaps lost.
    for (const other of state.neighbour.links) this.#filters.repeat(state.neighbour, other, nowMs)
  }

  /**
   * One frame of a link.
   * @param body - without length and type; a view that is read during the call only
   * @throws {YggdrasilError} `malformed`, `bad-signature` or `flood`: close this link; nothing else is harmed
   */
  receive(link: RouterLink, type: number, body: Uint8Array, nowMs: number): void {
    this.#nowMs = nowMs
    const state = this.#core.neighbours.find(link)
    if (state === undefined) return
    if (type < PacketType.pathLookup) this.#receiveControl(state, type, body, nowMs)
    else this.#receiveRouted(state, checkFrameType(type), body, nowMs)
  }

  /** The link takes traffic again. */
  drained(link: RouterLink, nowMs: number): void {
    this.#nowMs = nowMs
    this.#core.neighbours.find(link)?.drain(nowMs)
  }

  /**
   * Send a packet. With a known path it goes out at once; else it waits for the path (only the newest one waits) while a
   * lookup goes out, at most one a second. Nobody tells whether it arrives. `payload` is not held on to.
   * @param dest - 32 bytes
   * @returns `false`: taken, but its link takes no more for now; more would wait in a queue until {@link drained}
   * @throws {YggdrasilError} `bad-key` | `too-large` above {@link MAX_TRAFFIC_PAYLOAD_BYTES}
   */
  send(dest: Uint8Array, payload: Uint8Array, nowMs: number): boolean {
    this.#nowMs = nowMs
    checkKey(dest)
    if (payload.length > MAX_TRAFFIC_PAYLOAD_BYTES) {
      const text = `packet of ${payload.length} bytes: at most ${MAX_TRAFFIC_PAYLOAD_BYTES} can be sent`
      throw new YggdrasilError('too-large', text, { blame: 'local' })
    }
    if (!isKeyAt(dest, 0, this.#core.options.publicKey)) return this.#pathfinder.send(dest, payload, nowMs)
    this.#loopback.send(payload)
    return true
  }

  /**
   * Look for the path to a key, or to one of which only the first bits are known (yggdrasil protocol §9.3). `pathFound`
   * tells, for a path that is known already from the next {@link advance}. Several nodes may fit part of a key.
   * @throws {YggdrasilError} `bad-key`
   */
  lookup(key: Uint8Array, nowMs: number): void {
    this.#nowMs = nowMs
    checkKey(key)
    for (const found of this.#pathfinder.lookup(key, nowMs)) this.#loopback.found(found)
  }

  /** Ask the remote of a link for a sign of life: it answers at once. yggdrasil protocol §3.5 */
  probe(link: RouterLink, nowMs: number): void {
    const state = this.#core.neighbours.find(link)
    if (state !== undefined) this.#tree.ask(state, nowMs)
  }

  /** Do what is due. */
  advance(nowMs: number): void {
    this.#nowMs = nowMs
    this.#loopback.deliver(nowMs)
    if (nowMs >= this.#core.checks.nextMs) this.#core.checks.advance(nowMs)
    const tick = this.#ticker.take(nowMs)
    if (tick !== undefined) this.#tick(nowMs, tick === 'regular')
  }

  /** When {@link advance} next has work. */
  get nextDeadlineMs(): number {
    return this.#loopback.isEmpty ? Math.min(this.#ticker.nextMs, this.#core.checks.nextMs) : this.#nowMs
  }

  tree(): TreeInfo {
    return treeInfo(this.#core)
  }

  /** One entry for each link. */
  peers(): RouterPeerInfo[] {
    return peerInfos(this.#core)
  }

  paths(): PathInfo[] {
    return pathInfos(this.#pathfinder)
  }

  /** Whether a packet to this key would leave at once. */
  hasPath(key: Uint8Array, nowMs: number): boolean {
    return this.#pathfinder.hasPath(key, nowMs)
  }

  /** Counters since the start; the object changes as they do. */
  stats(): Readonly<RouterStats> {
    return this.#core.stats
  }

  sizes(): RouterSizes {
    return routerSizes(this.#core, this.#pathfinder)
  }

  /** Types 0 to 5. */
  #receiveControl(state: LinkState, type: number, body: Uint8Array, nowMs: number): void {
    switch (type) {
      case PacketType.sigReq:
        this.#tree.receiveRequest(state, body, nowMs)
        break
      case PacketType.sigRes:
        this.#tree.receiveResponse(state, body, nowMs)
        break
      case PacketType.announce:
        this.#tree.receiveAnnounce(state, body, nowMs)
        break
      case PacketType.bloomFilter:
        this.#filters.receive(state, body, nowMs)
        this.#pathfinder.filterArrived(state.neighbour, nowMs)
        break
    }
  }

  /** Types 6 to 9: before the proof, traffic and word of paths may be anybody's. */
  #receiveRouted(state: LinkState, type: number, body: Uint8Array, nowMs: number): void {
    if (!state.proven) {
      this.#core.stats.throttled++
      return
    }
    switch (type) {
      case PacketType.traffic:
        this.#forwarder.receive(body, nowMs)
        break
      case PacketType.pathLookup:
        this.#pathfinder.receiveLookup(state, body, nowMs)
        break
      case PacketType.pathNotify:
        this.#pathfinder.receiveNotify(state, body, nowMs)
        break
      case PacketType.pathBroken:
        this.#pathfinder.receiveBroken(body, nowMs)
        break
    }
  }

  #proven(link: LinkState, nowMs: number): void {
    const { neighbour, heldFilter } = link
    link.prove()
    neighbour.chooseLink()
    this.#core.neighbours.version++
    if (heldFilter !== undefined) this.#filters.apply(neighbour, heldFilter)
    link.heldFilter = undefined
    // A second sooner than the next tick would.
    this.#tree.greet(link, nowMs)
    this.#core.options.effects.proven(link.link)
    this.#core.checks.advance(nowMs)
  }

  #tick(nowMs: number, isRegular: boolean): void {
    this.#core.records.expire(nowMs)
    if (isRegular) this.#core.checks.fade()
    this.#tree.maintain(nowMs, isRegular)
    this.#tree.gossip(nowMs)
    this.#filters.maintain(nowMs)
    this.#pathfinder.maintain(nowMs)
    this.#cutStalled(nowMs)
    this.#tellTree()
  }

  #cutStalled(nowMs: number): void {
    const { neighbours, limits } = this.#core
    for (const { link, busySinceMs } of [...neighbours.links]) {
      if (busySinceMs === undefined || nowMs - busySinceMs < limits.stalledLinkMs) continue
      link.close(new YggdrasilError('timeout', `the link took no traffic for ${limits.stalledLinkMs} ms`))
    }
  }

  #tellTree(): void {
    const { effects } = this.#core.options
    if (effects.treeChanged === undefined) return
    const tree = this.tree()
    const told = `${keyId(tree.root)}${keyId(tree.parent)}${tree.coordinates}`
    if (told === this.#toldTree) return
    this.#toldTree = told
    effects.treeChanged(tree)
  }
}

/** @throws {YggdrasilError} `bad-key` */
function checkKey(key: Uint8Array): void {
  if (key.length !== KEY_BYTES) {
    throw new YggdrasilError('bad-key', `public key: expected ${KEY_BYTES} bytes, got ${key.length}`)
  }
}
