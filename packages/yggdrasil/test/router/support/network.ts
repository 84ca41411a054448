import { createRandom, type Random } from '@mimirjs/transport/testing'
import { isYggdrasilError, type YggdrasilError } from '../../../src/error.js'
import { formatKey, isKeyAt, type KeyId, keyId } from '../../../src/key.js'
import type { RouterLimits } from '../../../src/limits.js'
import { Router } from '../../../src/router/router.js'
import type { RouterLink } from '../../../src/router/types.js'
import { uvarintEnd } from '../../../src/wire/uvarint.js'
import { cheapIdentity, type Identity } from './identity.js'
import { Timeline } from './timeline.js'

/** Simulated time starts here; it is also the time of day. */
export const START_MS = 1_750_000_000_000

export interface NodeOptions {
  readonly identity?: Identity
  readonly transit?: boolean
  readonly limits?: Partial<RouterLimits>
}

export interface WireOptions {
  readonly delayMs?: number
  readonly priority?: number
  /** Bytes a second that get through; what is on its way is bounded, then the link asks to wait. Default: any. */
  readonly bytesPerSecond?: number
  /** Whether the far end answers before the test lets it; for tests that want to see frames only. */
  readonly onFrame?: (from: SimulatedNode, type: number, body: Uint8Array) => void
}

export interface Delivery {
  readonly source: KeyId
  readonly payload: Uint8Array
  readonly atMs: number
}

/** A node: a router, and what it brought. */
export class SimulatedNode {
  readonly network: SimulatedNetwork
  readonly index: number
  readonly identity: Identity
  readonly options: NodeOptions
  readonly id: KeyId
  router: Router
  isUp = true
  deliveries: Delivery[] = []
  found: KeyId[] = []
  proven: RouterLink[] = []
  #wakeMs = Number.POSITIVE_INFINITY

  constructor(network: SimulatedNetwork, index: number, options: NodeOptions) {
    this.network = network
    this.index = index
    this.identity = options.identity ?? cheapIdentity(network.random)
    this.options = options
    this.id = keyId(this.identity.publicKey)
    this.router = this.#start()
    this.plan()
  }

  get key(): Uint8Array {
    return this.identity.publicKey
  }

  get wires(): Wire[] {
    return this.network.wires.filter(({ ends }) => ends.some(({ node }) => node === this))
  }

  send(to: SimulatedNode, payload: Uint8Array): void {
    this.router.send(to.key, payload, this.network.nowMs)
    this.plan()
  }

  /** Forget everything, as after a crash; its links are cut. */
  stop(): void {
    for (const wire of this.wires) wire.cut()
    this.isUp = false
  }

  /** Start again with the same key. */
  restart(): void {
    this.isUp = true
    this.router = this.#start()
    this.plan()
  }

  /** Wake it when it wants to be. To be called after everything that happens to it. */
  plan(): void {
    const atMs = this.router.nextDeadlineMs
    if (atMs >= this.#wakeMs) return
    this.#wakeMs = atMs
    const { router } = this
    this.network.timeline.at(atMs, () => {
      if (this.router !== router || !this.isUp) return
      this.#wakeMs = Number.POSITIVE_INFINITY
      router.advance(this.network.nowMs)
      this.plan()
    })
  }

  #start(): Router {
    this.#wakeMs = Number.POSITIVE_INFINITY
    const { network, identity, options } = this
    return new Router(
      {
        ...identity,
        random64: () => new DataView(network.random.bytes(8).buffer).getBigUint64(0),
        unixSeconds: () => Math.floor(network.nowMs / 1000),
        transit: options.transit ?? true,
        limits: options.limits ?? network.limits,
        effects: {
          deliver: (source, payload, atMs) => {
            this.deliveries.push({ source: keyId(source), payload: payload.slice(), atMs })
          },
          pathFound: (key) => void this.found.push(keyId(key)),
          proven: (link) => void this.proven.push(link),
        },
      },
      network.nowMs,
    )
  }
}

/** One end of a wire, as its node sees it. */
export class WireEnd implements RouterLink {
  readonly id: number
  readonly node: SimulatedNode
  readonly wire: Wire
  readonly priority: number
  other!: WireEnd
  reason: YggdrasilError | undefined
  writtenFrames = 0
  #inFlightBytes = 0
  #isFull = false
  #freeMs = 0

  constructor(id: number, node: SimulatedNode, wire: Wire) {
    this.id = id
    this.node = node
    this.wire = wire
    this.priority = wire.options.priority ?? 0
  }

  /** Of the remote, as the handshake told it. */
  get publicKey(): Uint8Array {
    return this.other.node.key
  }

  write(frame: Uint8Array): boolean {
    if (!this.wire.isUp) return false
    this.writtenFrames++
    const { timeline } = this.node.network
    const { delayMs = 1, bytesPerSecond = Number.POSITIVE_INFINITY, onFrame } = this.wire.options
    const copy = frame.slice()
    this.#freeMs = Math.max(this.#freeMs, timeline.nowMs) + (1000 * copy.length) / bytesPerSecond
    this.#inFlightBytes += copy.length
    const head = uvarintEnd(copy, 0)
    timeline.at(this.#freeMs + delayMs, () => {
      this.#sent(copy.length)
      onFrame?.(this.node, copy[head]!, copy.subarray(head + 1))
      this.other.receive(copy[head]!, copy.subarray(head + 1))
    })
    this.#isFull ||= bytesPerSecond !== Number.POSITIVE_INFINITY && this.#inFlightBytes > 16_384
    return !this.#isFull
  }

  close(reason: YggdrasilError): void {
    this.reason = reason
    this.node.network.faults.push(reason)
    this.node.network.timeline.at(this.node.network.nowMs, () => this.wire.cut())
  }

  /** A frame from the other end arrives, or one that a test made up. */
  receive(type: number, body: Uint8Array): void {
    if (!this.wire.isUp) return
    try {
      this.node.router.receive(this, type, body, this.node.network.nowMs)
    } catch (error) {
      if (!isYggdrasilError(error)) throw error
      this.reason = error
      this.node.network.faults.push(error)
      this.wire.cut()
    }
    this.node.plan()
  }

  #sent(bytes: number): void {
    this.#inFlightBytes -= bytes
    if (!this.#isFull || this.#inFlightBytes > 8192 || !this.wire.isUp) return
    this.#isFull = false
    this.node.router.drained(this, this.node.network.nowMs)
  }
}

/** A link between two nodes. */
export class Wire {
  readonly ends: readonly [WireEnd, WireEnd]
  readonly options: WireOptions
  readonly #network: SimulatedNetwork
  isUp = true

  constructor(
    network: SimulatedNetwork,
    a: SimulatedNode,
    b: SimulatedNode,
    ids: readonly [number, number],
    options: WireOptions,
  ) {
    this.#network = network
    this.options = options
    const near = new WireEnd(ids[0], a, this)
    const far = new WireEnd(ids[1], b, this)
    near.other = far
    far.other = near
    this.ends = [near, far]
  }

  /** The end at `node`. */
  at(node: SimulatedNode): WireEnd {
    const end = this.ends.find((one) => one.node === node)
    if (end === undefined) throw new Error('this wire does not lead there')
    return end
  }

  /** Cut it: what is on its way is lost. */
  cut(): void {
    if (!this.isUp) return
    this.isUp = false
    this.#network.wires.splice(this.#network.wires.indexOf(this), 1)
    for (const end of this.ends) {
      if (!end.node.isUp) continue
      end.node.router.removeLink(end, this.#network.nowMs)
      end.node.plan()
    }
  }
}

/** Many routers and the wires between them, on a clock turned by hand. */
export class SimulatedNetwork {
  readonly timeline: Timeline = new Timeline(START_MS)
  readonly random: Random
  readonly nodes: SimulatedNode[] = []
  readonly wires: Wire[] = []
  /** Why routers cut wires by themselves. */
  readonly faults: YggdrasilError[] = []
  /** Of nodes added from now on. */
  limits: Partial<RouterLimits> = {}
  #lastLinkId = 0

  constructor(seed: number) {
    this.random = createRandom(seed)
  }

  get nowMs(): number {
    return this.timeline.nowMs
  }

  get living(): SimulatedNode[] {
    return this.nodes.filter(({ isUp }) => isUp)
  }

  add(options: NodeOptions = {}): SimulatedNode {
    const node = new SimulatedNode(this, this.nodes.length, options)
    this.nodes.push(node)
    return node
  }

  connect(a: SimulatedNode, b: SimulatedNode, options: WireOptions = {}): Wire {
    const wire = new Wire(this, a, b, [++this.#lastLinkId, ++this.#lastLinkId], options)
    this.wires.push(wire)
    for (const end of wire.ends) {
      end.node.router.addLink(end, this.nowMs)
      end.node.plan()
    }
    return wire
  }

  run(ms: number): void {
    this.timeline.run(ms)
  }

  /** Nodes that can reach each other, by the wires that stand. */
  components(): SimulatedNode[][] {
    const neighbours = new Map<SimulatedNode, SimulatedNode[]>(this.living.map((node) => [node, []]))
    for (const { ends } of this.wires) {
      const [a, b] = [ends[0].node, ends[1].node]
      neighbours.get(a)?.push(b)
      neighbours.get(b)?.push(a)
    }
    const left = new Set(this.living)
    const components: SimulatedNode[][] = []
    for (const start of left) {
      const component = [start]
      left.delete(start)
      for (const node of component) {
        for (const next of neighbours.get(node) ?? []) if (left.delete(next)) component.push(next)
      }
      components.push(component)
    }
    return components
  }
}

/** What is wrong with the tree of nodes that can reach each other; empty when all is well. */
export function treeFaults(component: readonly SimulatedNode[]): string[] {
  const root = component.reduce((lowest, node) => (node.id < lowest.id ? node : lowest))
  const byId = new Map(component.map((node) => [node.id, node]))
  const ports = new Map<KeyId, Map<KeyId, number>>()
  const places = new Set<string>()
  const faults: string[] = []
  for (const node of component) {
    const tree = node.router.tree()
    const name = `${node.index} (${formatKey(node.key).slice(0, 6)})`
    if (!isKeyAt(tree.root, 0, root.key)) faults.push(`${name}: root ${formatKey(tree.root).slice(0, 6)}`)
    const place = tree.coordinates.join('.')
    if (places.has(place)) faults.push(`${name}: shares its place ${place}`)
    places.add(place)
    if (node === root) {
      if (place !== '') faults.push(`${name}: the root at ${place}`)
      continue
    }
    const parent = byId.get(keyId(tree.parent))
    if (parent === undefined) {
      faults.push(`${name}: its parent is not there`)
      continue
    }
    if (!ports.has(parent.id)) {
      const given = parent.router.peers().map(({ publicKey, port }) => [keyId(publicKey), port] as const)
      ports.set(parent.id, new Map(given))
    }
    const port = ports.get(parent.id)?.get(node.id)
    const expected = [...parent.router.tree().coordinates, port].join('.')
    if (place !== expected) faults.push(`${name}: at ${place}, its parent says ${expected}`)
  }
  return faults
}
