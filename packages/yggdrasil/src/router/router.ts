import { transformKey } from '../address.js'
import { YggdrasilError } from '../error.js'
import { isKeyAt, KEY_BYTES, keyId, keyOfId } from '../key.js'
import { DEFAULT_LIMITS, type RouterLimits } from '../limits.js'
import { checkFrameType, PacketType } from '../wire/frame.js'
import { portsOf } from '../wire/path.js'
import { Filters } from './filters.js'
import { Forwarder } from './forwarder.js'
import { Loopback } from './loopback.js'
import { type LinkState, Neighbours, UNKNOWN_LATENCY_MS } from './neighbours.js'
import { NextHops } from './next-hops.js'
import { Pathfinder } from './pathfinder.js'
import { Records } from './records.js'
import type { RouterCore } from './router-core.js'
import { Tree } from './tree.js'
import type {
  PathInfo,
  RouterLink,
  RouterOptions,
  RouterPeerInfo,
  RouterSizes,
  RouterStats,
  TreeInfo,
} from './types.js'

/** yggdrasil protocol §4.5 */
const TICK_MS = 1000
/** News that should not wait for the next tick get one after so long, so that what comes together is seen together… */
const EARLY_TICK_MS = 100
/** …and not sooner after the last one than this. */
const TICK_GAP_MS = 250

/** Largest payload of a packet. Coordinates count in the frame too; of what is too long with them nothing is sent. §8.7 */
export const MAX_TRAFFIC_PAYLOAD_BYTES = 130_993

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
  #nowMs: number
  #lastTickMs = Number.NEGATIVE_INFINITY
  #nextTickMs: number
  #earlyTickMs = Number.POSITIVE_INFINITY
  #toldTree = ''

  constructor(options: RouterOptions, nowMs: number) {
    const limits: RouterLimits = { ...DEFAULT_LIMITS, ...options.limits }
    const selfId = keyId(options.publicKey)
    const neighbours = new Neighbours(limits)
    const records = new Records({
      selfId,
      maxRecords: limits.records,
      maxDepth: limits.pathPorts,
      onChange(id) {
        for (const { sent } of neighbours.all) sent.delete(id)
      },
      neighbours: () => neighbours.ids,
    })
    const core: RouterCore = {
      options,
      limits,
      decodeOptions: { maxPathPorts: limits.pathPorts },
      selfId,
      stats: newStats(),
      records,
      neighbours,
      hops: new NextHops(selfId, records, neighbours),
      write(link, frame, source, dest, at) {
        if (link.writeTraffic(frame, at)) return
        core.stats.dropped += link.queue.push(frame.slice(), keyId(source), keyId(dest))
      },
    }
    this.#core = core
    this.#tree = new Tree({ ...core, proven: (link, at) => this.#proven(link, at) })
    this.#filters = new Filters(core)
    this.#pathfinder = new Pathfinder(core)
    this.#forwarder = new Forwarder(core, this.#pathfinder)
    this.#loopback = new Loopback(limits.queueBytes)
    this.#nowMs = nowMs
    this.#nextTickMs = nowMs
    this.#tick(nowMs, true)
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
    this.#tree.addLink(state, nowMs)
    this.#filters.repeat(state.neighbour, state, nowMs)
  }

  /** A link is gone: nothing is written to it any more. Does nothing for one that is not there. */
  removeLink(link: RouterLink, nowMs: number): void {
    this.#nowMs = nowMs
    const state = this.#core.neighbours.remove(link)
    if (state === undefined) return
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
    if (type === PacketType.traffic) {
      if (state.proven) this.#forwarder.receive(body, nowMs)
      else this.#core.stats.throttled++
    } else if (type < PacketType.pathLookup) {
      this.#receiveControl(state, type, body, nowMs)
    } else if (state.proven) {
      this.#receivePath(state, type, body, nowMs)
    } else {
      this.#core.stats.throttled++
    }
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
   * @throws {YggdrasilError} `bad-key` | `too-large` above {@link MAX_TRAFFIC_PAYLOAD_BYTES}
   */
  send(dest: Uint8Array, payload: Uint8Array, nowMs: number): void {
    this.#nowMs = nowMs
    checkKey(dest)
    if (payload.length > MAX_TRAFFIC_PAYLOAD_BYTES) {
      const text = `packet of ${payload.length} bytes: at most ${MAX_TRAFFIC_PAYLOAD_BYTES} can be sent`
      throw new YggdrasilError('too-large', text, { blame: 'local' })
    }
    if (!isKeyAt(dest, 0, this.#core.options.publicKey)) this.#pathfinder.send(dest, payload, nowMs)
    else if (!this.#loopback.send(payload)) this.#core.stats.dropped++
  }

  /**
   * Look for the path to a key, or to one of which only the first bits are known (yggdrasil protocol §9.3). `pathFound`
   * tells, for a path that is known already from the next {@link advance}. Several nodes may fit part of a key.
   * @throws {YggdrasilError} `bad-key`
   */
  lookup(key: Uint8Array, nowMs: number): void {
    this.#nowMs = nowMs
    checkKey(key)
    const wanted = keyId(transformKey(key))
    const { publicKey } = this.#core.options
    const isOwn = keyId(transformKey(publicKey)) === wanted
    if (isOwn) this.#loopback.found(publicKey)
    for (const path of this.#pathfinder.paths()) {
      if (keyId(transformKey(path.key)) === wanted && this.#pathfinder.hasPath(path.key, nowMs)) {
        this.#loopback.found(path.key)
      }
    }
    if (!isOwn) this.#pathfinder.lookup(key, nowMs)
  }

  /** Ask the remote of a link for a sign of life: it answers at once. yggdrasil protocol §3.5 */
  probe(link: RouterLink, nowMs: number): void {
    const state = this.#core.neighbours.find(link)
    if (state?.neighbour.request !== undefined) this.#tree.ask(state, state.neighbour.request, nowMs)
  }

  /** Do what is due. */
  advance(nowMs: number): void {
    this.#nowMs = nowMs
    if (!this.#loopback.isEmpty) this.#deliverOwn(nowMs)
    if (nowMs >= this.#nextTickMs) this.#tick(nowMs, true)
    else if (nowMs >= this.#earlyTickMs) this.#tick(nowMs, false)
  }

  /** When {@link advance} next has work. */
  get nextDeadlineMs(): number {
    return this.#loopback.isEmpty ? Math.min(this.#nextTickMs, this.#earlyTickMs) : this.#nowMs
  }

  tree(): TreeInfo {
    const { records, hops, selfId, options } = this.#core
    const { own } = this.#tree
    const root = records.ancestry(selfId).pop()
    return {
      root: keyOfId(root?.id ?? selfId),
      parent: own === undefined ? options.publicKey : keyOfId(own.parentId),
      coordinates: portsOf(hops.own),
      seq: own?.seq ?? 0n,
      records: records.size,
    }
  }

  /** One entry for each link. */
  peers(): RouterPeerInfo[] {
    const { records, neighbours } = this.#core
    return Array.from(neighbours.links, ({ link, neighbour, cost, latencyMs, proven, queue }) => ({
      linkId: link.id,
      publicKey: neighbour.key,
      port: neighbour.port,
      priority: link.priority,
      cost,
      ...(latencyMs === UNKNOWN_LATENCY_MS ? undefined : { latencyMs }),
      coordinates: portsOf(records.coordinates(neighbour.id)),
      onTree: neighbour.filters.onTree,
      proven,
      queuedBytes: queue.bytes,
    }))
  }

  paths(): PathInfo[] {
    return Array.from(this.#pathfinder.paths(), ({ key, path, seq, brokenMs, expiresMs }) => ({
      publicKey: key,
      coordinates: portsOf(path),
      seq,
      broken: brokenMs !== undefined,
      expiresMs,
    }))
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
    const { records, neighbours } = this.#core
    let [sent, queuedBytes] = [0, 0]
    for (const neighbour of neighbours.all) sent += neighbour.sent.size
    for (const { queue } of neighbours.links) queuedBytes += queue.bytes
    const { pathCount, rumorCount, keptBytes } = this.#pathfinder
    return {
      links: neighbours.linkCount,
      records: records.size,
      paths: pathCount,
      rumors: rumorCount,
      sent,
      keptBytes,
      queuedBytes,
    }
  }

  #receiveControl(state: LinkState, type: number, body: Uint8Array, nowMs: number): void {
    switch (type) {
      case PacketType.sigReq:
        this.#tree.receiveRequest(state, body, nowMs)
        break
      case PacketType.sigRes:
        if (this.#tree.receiveResponse(state, body, nowMs)) this.#tickSoon(nowMs)
        break
      case PacketType.announce:
        if (this.#tree.receiveAnnounce(state, body, nowMs)) this.#tickSoon(nowMs)
        break
      case PacketType.bloomFilter:
        this.#filters.receive(state, body, nowMs)
        this.#pathfinder.filterArrived(state.neighbour, nowMs)
        break
    }
  }

  #receivePath(state: LinkState, type: number, body: Uint8Array, nowMs: number): void {
    try {
      switch (type) {
        case PacketType.pathLookup:
          this.#pathfinder.receiveLookup(state, body, nowMs)
          break
        case PacketType.pathNotify:
          this.#pathfinder.receiveNotify(state, body, nowMs)
          break
        case PacketType.pathBroken:
          this.#pathfinder.receiveBroken(body, nowMs)
          break
        default:
          checkFrameType(type)
      }
    } catch (error) {
      // A long path is made by somebody far away, perhaps, and passed on by those who have no such limit.
      if (!(error instanceof YggdrasilError) || error.code !== 'too-large') throw error
      this.#core.stats.dropped++
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
    this.#tree.greet(neighbour, nowMs)
    this.#core.options.effects.proven(link.link)
  }

  #tickSoon(nowMs: number): void {
    const dueMs = Math.max(nowMs + EARLY_TICK_MS, this.#lastTickMs + TICK_GAP_MS)
    this.#earlyTickMs = Math.min(this.#earlyTickMs, dueMs)
  }

  #tick(nowMs: number, isRegular: boolean): void {
    this.#lastTickMs = nowMs
    this.#earlyTickMs = Number.POSITIVE_INFINITY
    if (isRegular) {
      this.#nextTickMs += TICK_MS
      // After a sleep the ticks that were missed are not made up for.
      if (this.#nextTickMs <= nowMs) this.#nextTickMs = nowMs + TICK_MS
    }
    this.#core.records.expire(nowMs)
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

  #deliverOwn(nowMs: number): void {
    const { effects, publicKey } = this.#core.options
    for (const pending of this.#loopback.take()) {
      if ('packet' in pending) {
        this.#core.stats.delivered++
        effects.deliver(publicKey, pending.packet, nowMs)
      } else {
        effects.pathFound(pending.foundKey, nowMs)
      }
    }
  }
}

function newStats(): RouterStats {
  return {
    delivered: 0,
    sent: 0,
    forwarded: 0,
    dropped: 0,
    undeliverable: 0,
    lookups: 0,
    answers: 0,
    throttled: 0,
    verifications: 0,
    announcements: 0,
  }
}

/** @throws {YggdrasilError} `bad-key` */
function checkKey(key: Uint8Array): void {
  if (key.length !== KEY_BYTES) {
    throw new YggdrasilError('bad-key', `public key: expected ${KEY_BYTES} bytes, got ${key.length}`)
  }
}
