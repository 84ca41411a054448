import { createSigner } from '@mimirjs/crypto'
import { createRandom, type Random } from '@mimirjs/transport/testing'
import { DEFAULT_LIMITS, type YggdrasilLimits } from '../../../src/limits.js'
import { NodeCore } from '../../../src/node/core.js'
import type { RouterLink } from '../../../src/router/types.js'
import { uvarintEnd } from '../../../src/wire/uvarint.js'
import { Timeline } from '../../router/support/timeline.js'

export const START_MS = 1_750_000_000_000

export interface MeshNodeOptions {
  readonly limits?: Partial<YggdrasilLimits>
  readonly transit?: boolean
  readonly nodeInfo?: object
  /** Told after every start: the place for listeners and handlers. */
  readonly onStart?: (core: NodeCore, node: MeshNode) => void
}

/** What the mesh drives. */
export type Core = Pick<NodeCore, 'addLink' | 'removeLink' | 'receive' | 'advance' | 'nextDeadlineMs'>

/** A node without links of its own: its machine, driven by the time of the mesh. */
export class MeshNode<Kind extends Core = NodeCore> {
  readonly index: number
  readonly publicKey: Uint8Array
  readonly errors: unknown[] = []
  isUp = true
  /** Counted up with every start. */
  incarnation = 0
  core: Kind
  readonly seed: Uint8Array
  readonly #mesh: Mesh
  readonly #make: (node: MeshNode<Kind>) => Kind
  #wakeMs = Number.POSITIVE_INFINITY

  constructor(mesh: Mesh, index: number, make: (node: MeshNode<Kind>) => Kind) {
    this.#mesh = mesh
    this.index = index
    this.seed = mesh.random.bytes(32)
    this.publicKey = createSigner(this.seed).publicKey
    this.#make = make
    this.core = make(this)
    this.plan()
  }

  get nowMs(): number {
    return this.#mesh.nowMs
  }

  /** Gone without a word, as after a crash. */
  stop(): void {
    for (const wire of [...this.#mesh.wires]) if (wire.leadsTo(this)) wire.cut()
    this.isUp = false
  }

  /** The same key, and nothing remembered. */
  restart(): void {
    this.isUp = true
    this.incarnation++
    this.#wakeMs = Number.POSITIVE_INFINITY
    this.core = this.#make(this)
    this.plan()
  }

  /** To be called after everything that was said to the machine. */
  plan(): void {
    const atMs = Math.max(this.nowMs, this.core.nextDeadlineMs)
    if (atMs >= this.#wakeMs || atMs === Number.POSITIVE_INFINITY) return
    this.#wakeMs = atMs
    const { core } = this
    this.#mesh.timeline.at(atMs, () => {
      if (this.core !== core || !this.isUp) return
      this.#wakeMs = Number.POSITIVE_INFINITY
      core.advance(this.nowMs)
      this.plan()
    })
  }
}

function startCore(mesh: Mesh, node: MeshNode, options: MeshNodeOptions): NodeCore {
  const { random } = mesh
  const core = new NodeCore(
    {
      seed: node.seed,
      signer: createSigner(node.seed),
      wallMs: () => mesh.nowMs,
      random: (bytes) => random.bytes(bytes),
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      transit: options.transit ?? true,
      nodeInfo: options.nodeInfo,
      effects: {
        proven: () => {},
        treeChanged: () => {},
        threw: (error) => node.errors.push(error),
        wake: () => node.plan(),
      },
    },
    mesh.nowMs,
  )
  options.onStart?.(core, node)
  return core
}

/** What a wire leads to. */
export interface Attached {
  readonly publicKey: Uint8Array
  readonly isUp: boolean
  readonly core: Core
  plan(): void
}

class WireEnd implements RouterLink {
  readonly id: number
  readonly node: Attached
  readonly publicKey: Uint8Array
  readonly priority = 0
  readonly #wire: Wire

  constructor(id: number, node: Attached, other: Attached, wire: Wire) {
    this.id = id
    this.node = node
    this.publicKey = other.publicKey
    this.#wire = wire
  }

  write(frame: Uint8Array): boolean {
    this.#wire.carry(this, frame.slice())
    return true
  }

  close(reason: Error): void {
    throw reason
  }
}

/** What a wire may do to a frame on its way. */
export type Meddle = (frame: Uint8Array, from: Attached) => 'pass' | 'lose'

/** A link between two nodes. */
export class Wire {
  readonly ends: readonly [WireEnd, WireEnd]
  isUp = true
  readonly #mesh: Mesh
  readonly #delayMs: number
  readonly #meddle: Meddle

  constructor(mesh: Mesh, a: Attached, b: Attached, ids: readonly [number, number], delayMs: number, meddle: Meddle) {
    this.#mesh = mesh
    this.#delayMs = delayMs
    this.#meddle = meddle
    this.ends = [new WireEnd(ids[0], a, b, this), new WireEnd(ids[1], b, a, this)]
  }

  leadsTo(node: object): boolean {
    return this.ends.some((end) => end.node === node)
  }

  carry(from: WireEnd, frame: Uint8Array): void {
    if (!this.isUp || this.#meddle(frame, from.node) === 'lose') return
    const [near, far] = this.ends
    const to = from === near ? far : near
    this.#mesh.timeline.at(this.#mesh.nowMs + this.#delayMs, () => {
      if (!this.isUp) return
      const start = uvarintEnd(frame, 0)
      to.node.core.receive(to, frame[start] ?? 0, frame.subarray(start + 1), this.#mesh.nowMs)
      to.node.plan()
    })
  }

  /** What is on its way is lost. */
  cut(): void {
    if (!this.isUp) return
    this.isUp = false
    this.#mesh.wires.delete(this)
    for (const end of this.ends) {
      if (!end.node.isUp) continue
      end.node.core.removeLink(end, this.#mesh.nowMs)
      end.node.plan()
    }
  }
}

/** Whole nodes, wires between them, and time turned by hand. */
export class Mesh {
  readonly timeline: Timeline = new Timeline(START_MS)
  readonly random: Random
  readonly nodes: MeshNode[] = []
  readonly wires = new Set<Wire>()
  #lastLinkId = 0

  constructor(seed: number) {
    this.random = createRandom(seed)
  }

  get nowMs(): number {
    return this.timeline.nowMs
  }

  add(options: MeshNodeOptions = {}): MeshNode {
    const node = this.addOther<NodeCore>((one) => startCore(this, one, options))
    this.nodes.push(node)
    return node
  }

  /** A node of another make. */
  addOther<Kind extends Core>(make: (node: MeshNode<Kind>) => Kind): MeshNode<Kind> {
    return new MeshNode(this, this.nodes.length, make)
  }

  send(from: MeshNode, to: Attached, packet: Uint8Array): void {
    from.core.send(to.publicKey, packet, this.nowMs)
    from.plan()
  }

  connect(a: Attached, b: Attached, delayMs = 1, meddle: Meddle = () => 'pass'): Wire {
    const wire = new Wire(this, a, b, [++this.#lastLinkId, ++this.#lastLinkId], delayMs, meddle)
    this.wires.add(wire)
    for (const end of wire.ends) {
      end.node.core.addLink(end, this.nowMs)
      end.node.plan()
    }
    return wire
  }

  isConnected(a: MeshNode, b: MeshNode): boolean {
    return [...this.wires].some((wire) => wire.leadsTo(a) && wire.leadsTo(b))
  }

  /** The nodes that can be reached from this one, itself included. */
  reachable(from: MeshNode): Set<object> {
    const found = new Set<object>([from])
    for (const node of found) {
      for (const wire of this.wires) if (wire.leadsTo(node)) for (const end of wire.ends) found.add(end.node)
    }
    return found
  }

  run(ms: number): void {
    this.timeline.run(ms)
  }

  /** @returns how long it took, or `undefined` */
  runUntil(condition: () => boolean, limitMs: number): number | undefined {
    return this.timeline.runUntil(condition, limitMs, 50)
  }
}
