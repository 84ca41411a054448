import { expect, test } from 'vitest'
import { keyId } from '../../src/key.js'
import type { StreamFailure } from '../../src/stream/types.js'
import { Mesh, type MeshNode } from './support/mesh.js'

// One hour of a small network in which something breaks twice a minute, on a clock turned by hand. Every ten minutes
// everything is mended, and has to work as if nothing had been.

const NODES = 12
const ROUNDS = 6
const ROUND_MS = 600_000
/** At the end of a round nothing breaks for so long. */
const QUIET_MS = 110_000
/** After the last change everything has to be in order again. */
const HEALING_MS = 15_000
const STREAM_PORT = 42

/** A transfer from one node to another. */
interface Transfer {
  readonly from: MeshNode
  readonly to: MeshNode
  readonly content: Uint8Array
  received: number
  /** Bytes that were not those that were sent. */
  wrong: number
  ended: boolean
  result: StreamFailure | 'done' | undefined
}

class Soak {
  readonly mesh = new Mesh(20_250_615)
  /** The next number of a raw packet, and what arrived at each pair of incarnations. */
  packetsSent = 0
  readonly arrived = new Map<string, number[]>()
  readonly transfers: Transfer[] = []

  constructor() {
    for (let count = 0; count < NODES; count++) {
      this.mesh.add({ onStart: (core, node) => this.#serve(core, node) })
    }
    const { nodes } = this.mesh
    // A ring with chords: each cut leaves other ways, two can split it.
    this.#ring()
    for (let at = 0; at < NODES; at += 3) this.#connect(nodes[at] ?? nodes[0], nodes[(at + 5) % NODES])
  }

  get random() {
    return this.mesh.random
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.random.next() * items.length)] as Item
  }

  #connect(a: MeshNode | undefined, b: MeshNode | undefined): void {
    if (a === undefined || b === undefined || !a.isUp || !b.isUp || this.mesh.isConnected(a, b)) return
    this.mesh.connect(a, b, 1 + Math.floor(this.random.next() * 20))
  }

  #serve(core: MeshNode['core'], node: MeshNode): void {
    const { incarnation } = node
    core.handleRaw((from, packet) => {
      const number = new DataView(packet.buffer, packet.byteOffset).getUint32(0)
      const pair = `${keyId(from)}${new DataView(packet.buffer, packet.byteOffset).getUint32(4)}>${node.index}.${incarnation}`
      this.arrived.set(pair, [...(this.arrived.get(pair) ?? []), number])
    })
    core.stack.listen(STREAM_PORT, (connection) => {
      let transfer: Transfer | undefined
      connection.attach({
        data: (chunk) => {
          let data = chunk
          if (transfer === undefined) {
            // The first four bytes always come in one piece: they were written as one.
            transfer = this.transfers[new DataView(data.buffer, data.byteOffset).getUint32(0)]
            data = data.subarray(4)
          }
          if (transfer === undefined) throw new Error('a transfer that nobody began')
          for (const byte of data) if (transfer.content[transfer.received++] !== byte) transfer.wrong++
        },
        end: () => {
          if (transfer !== undefined) transfer.ended = true
          connection.end()
        },
        drain() {},
        closed() {},
      })
    })
  }

  sendPacket(from: MeshNode, to: MeshNode): number {
    const number = ++this.packetsSent
    const packet = new Uint8Array(8 + Math.floor(this.random.next() * 1200))
    const view = new DataView(packet.buffer)
    view.setUint32(0, number)
    view.setUint32(4, from.incarnation)
    this.mesh.send(from, to, packet)
    return number
  }

  transfer(from: MeshNode, to: MeshNode, size: number): Transfer {
    const content = this.random.bytes(size)
    const head = new Uint8Array(4)
    new DataView(head.buffer).setUint32(0, this.transfers.length)
    const transfer: Transfer = { from, to, content, received: 0, wrong: 0, ended: false, result: undefined }
    this.transfers.push(transfer)
    const connection = from.core.stack.connect(to.publicKey, STREAM_PORT, this.mesh.nowMs)
    connection.attach({
      opened: () => {
        connection.write(head)
        connection.write(content.slice())
        connection.end()
      },
      data() {},
      end() {},
      drain() {},
      closed: (failure) => (transfer.result = failure ?? 'done'),
    })
    from.plan()
    return transfer
  }

  /** Break or mend something. */
  disturb(): void {
    const { nodes, wires } = this.mesh
    const living = nodes.filter(({ isUp }) => isUp)
    const dice = this.random.next()
    if (dice < 0.35 && living.length > NODES - 3) {
      const node = this.pick(living)
      for (const transfer of this.transfers) if (transfer.from === node) transfer.result ??= 'aborted'
      node.stop()
      this.mesh.timeline.at(this.mesh.nowMs + 500 + this.random.next() * 30_000, () => this.#restart(node))
    } else if (dice < 0.75) {
      const wire = this.pick([...wires])
      const [a, b] = wire.ends.map(({ node }) => node as MeshNode)
      wire.cut()
      this.mesh.timeline.at(this.mesh.nowMs + this.random.next() * 60_000, () => this.#connect(a, b))
    } else {
      this.#connect(this.pick(nodes), this.pick(nodes.slice(1)))
    }
  }

  #restart(node: MeshNode): void {
    if (node.isUp) return
    node.restart()
    const at = node.index
    for (const step of [1, NODES - 1, 5]) this.#connect(node, this.mesh.nodes[(at + step) % NODES])
  }

  mend(): void {
    for (const node of this.mesh.nodes) if (!node.isUp) this.#restart(node)
    this.#ring()
  }

  #ring(): void {
    const { nodes } = this.mesh
    for (const [at, node] of nodes.entries()) this.#connect(node, nodes[(at + 1) % NODES])
  }

  /** Whether this packet arrived anywhere. */
  has(number: number): boolean {
    return [...this.arrived.values()].some((numbers) => numbers.at(-1) === number || numbers.includes(number))
  }
}

/** Of real time: a machine with other work takes several times as long as one without. */
const PATIENCE_MS = 120_000

test(
  'an hour with churn: what is sent arrives once and in order, what is mended works, nothing grows',
  () => {
    const soak = new Soak()
    const { mesh } = soak
    const pairs = mesh.nodes.flatMap((from) => mesh.nodes.filter((to) => to !== from).map((to) => ({ from, to })))
    const busy = [pairs[0], pairs[40], pairs[77], pairs[101]]
    const sizes: number[][] = []
    let turns = 0

    for (let round = 0; round < ROUNDS; round++) {
      for (let at = 0; at < ROUND_MS - QUIET_MS; at += 1000) {
        mesh.run(1000)
        if (soak.random.next() < 1 / 30) soak.disturb()
        for (const pair of busy) if (pair?.from.isUp && pair.to.isUp) soak.sendPacket(pair.from, pair.to)
        for (const pair of busy)
          if (pair?.from.isUp && pair.to.isUp && at % 3000 === 0) soak.sendPacket(pair.to, pair.from)
        const { from, to } = soak.pick(pairs)
        if (from.isUp && at % 2000 === 0) soak.sendPacket(from, to)
        if (from.isUp && at % 15_000 === 0) soak.transfer(from, to, Math.floor(soak.random.next() * 60_000))
      }
      soak.mend()
      mesh.run(HEALING_MS)

      // A path that was good before the last change may have to be found anew, which costs a packet, or two.
      const heard = pairs.map(() => false)
      for (let attempt = 0; attempt < 3; attempt++) {
        const numbers = pairs.map(({ from, to }) => soak.sendPacket(from, to))
        mesh.run(2000)
        for (const [at, number] of numbers.entries()) heard[at] ||= soak.has(number)
      }
      expect(pairs.filter((_, at) => !heard[at]).map(({ from, to }) => [from.index, to.index])).toEqual([])
      const transfers = pairs.filter((_, at) => at % 5 === 0).map(({ from, to }) => soak.transfer(from, to, 50_000))
      mesh.run(20_000)
      expect(transfers.filter(({ result, received }) => result !== 'done' || received !== 50_000)).toEqual([])
      turns += mesh.nodes[0]?.core.sessions().reduce((sum, { localKeySeq }) => sum + localKeySeq, 0) ?? 0

      // A minute without traffic: sessions, openings, paths and streams are over.
      mesh.run(QUIET_MS - HEALING_MS - 26_000)
      sizes.push(mesh.nodes.flatMap(({ core }) => tableSizes(core)))
      expect(mesh.nodes.flatMap(({ errors }) => errors)).toEqual([])
    }

    for (const numbers of soak.arrived.values()) {
      for (let at = 1; at < numbers.length; at++) expect(numbers[at]).toBeGreaterThan(numbers[at - 1] ?? 0)
    }
    const all = [...soak.arrived.values()].flat()
    expect(new Set(all).size).toBe(all.length)
    expect(all.length / soak.packetsSent).toBeGreaterThan(0.8)
    for (const { wrong, ended, received, content, result } of soak.transfers) {
      expect(wrong).toBe(0)
      if (ended) expect(received).toBe(content.length)
      if (result === 'done') expect([ended, received]).toEqual([true, content.length])
      expect(result).toBeDefined()
    }
    const done = soak.transfers.filter(({ result }) => result === 'done').length
    expect(done / soak.transfers.length).toBeGreaterThan(0.7)
    expect(turns).toBeGreaterThan(50)
    // The first round has seen everything there is.
    for (const sample of sizes) expect(Math.max(...sample)).toBeLessThanOrEqual(NODES)
  },
  PATIENCE_MS,
)

/** Everything a node holds that somebody else chooses, after a quiet minute. */
function tableSizes(core: MeshNode['core']): number[] {
  const { sessions, openings, paths, counters } = core.stats()
  const names = ['router.records', 'router.rumors', 'session.strays', 'stream.connections', 'node.requests']
  return [sessions, openings, paths, ...names.map((name) => counters[name] ?? Number.NaN)]
}
