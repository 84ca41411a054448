import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { GoMember, OurMember } from '../../interop/yggdrasil/members.js'
import { type Mesh, unreached } from '../../interop/yggdrasil/mesh.js'

/** Of each round: changes, then rest. */
const CHANGES = 12
const CHANGE_EVERY_MS = 1000
/** Within this after the last change everybody has to reach everybody. */
const HEALED_MS = 30_000
/** Packets of each of ours to one of theirs and back, in the network that rests. */
const ECHO = { count: 300, minBytes: 1, maxBytes: 65_000, windowBytes: 65_536, stallMs: 1000 }
/** A network whose tree has just changed may lose packets, which are not repeated. */
const LOST_SHARE = 0.02
/** Rounds that fill tables and compile code. */
const WARM_UP_ROUNDS = 2
/** Of each, at the start and at the end, the median counts. */
const LEAST_ROUNDS = 6
const GROWTH_SHARE = 0.2
const GROWTH_MB = 8

/** Counted so far. */
export interface SoakVerdict {
  readonly rounds: number
  readonly changes: number
  /** Ordered pairs that had to reach each other after healing. */
  readonly pairs: number
  readonly missed: number
  readonly packets: number
  /** Packets that did not come back. */
  readonly lost: number
  /** Came back other than they went. */
  readonly wrong: number
  readonly slowestHealMs: number
  readonly memoryMb: number
  readonly growthMb: number
}

/** Rounds of trouble and rest, and what was counted in them. */
export class Soak {
  readonly #mesh: Mesh
  readonly #seed: number
  readonly #memoryMb: number[] = []
  readonly #counts = { rounds: 0, changes: 0, pairs: 0, missed: 0, packets: 0, lost: 0, wrong: 0, slowestHealMs: 0 }

  constructor(mesh: Mesh, seed: number) {
    this.#mesh = mesh
    this.#seed = seed
  }

  /** @returns one line for people */
  async round(): Promise<string> {
    const counts = this.#counts
    for (let change = 0; change < CHANGES; change++) {
      if ((await this.#mesh.change()) !== 'nothing') counts.changes++
      await sleep(CHANGE_EVERY_MS)
    }
    const startMs = performance.now()
    const { members } = this.#mesh
    const missing = await unreached(members, HEALED_MS)
    const healMs = Math.round(performance.now() - startMs)
    counts.rounds++
    counts.pairs += members.length * (members.length - 1)
    counts.missed += missing.length
    counts.slowestHealMs = Math.max(counts.slowestHealMs, healMs)
    await this.#echoes()
    this.#memoryMb.push(await memoryMb())
    const missed = missing.length === 0 ? '' : `; missed ${missing.join(', ')}`
    return `round ${counts.rounds}: all pairs in ${healMs} ms, ${this.#memoryMb.at(-1)?.toFixed(1)} MB${missed}`
  }

  get verdict(): SoakVerdict {
    const memory = this.#memoryMb.at(-1) ?? 0
    return { ...this.#counts, memoryMb: tenths(memory), growthMb: tenths(this.#growthMb) }
  }

  get isMemoryJudged(): boolean {
    return this.#memoryMb.length - WARM_UP_ROUNDS >= LEAST_ROUNDS
  }

  get isGood(): boolean {
    const { missed, lost, wrong, pairs, packets } = this.#counts
    return pairs > 0 && missed === 0 && lost <= packets * LOST_SHARE && wrong === 0 && !this.#grows
  }

  get #grows(): boolean {
    if (!this.isMemoryJudged) return false
    return this.#growthMb > Math.max(GROWTH_MB, (this.#memoryMb[WARM_UP_ROUNDS] ?? 0) * GROWTH_SHARE)
  }

  /** Between the first and the last third. */
  get #growthMb(): number {
    const warm = this.#memoryMb.slice(WARM_UP_ROUNDS)
    const third = Math.ceil(warm.length / 3)
    return third === 0 ? 0 : median(warm.slice(-third)) - median(warm.slice(0, third))
  }

  async #echoes(): Promise<void> {
    const theirs = this.#mesh.members.filter((member) => member instanceof GoMember)
    const ours = this.#mesh.members.filter((member) => member instanceof OurMember)
    for (const [index, from] of ours.entries()) {
      const to = theirs[(index + this.#counts.rounds) % theirs.length]
      if (to === undefined) continue
      await to.node.setMode('echo')
      const { sent, lost, wrong } = await from.traffic.echo(to.key, { ...ECHO, seed: this.#seed + index })
      await to.node.setMode('keep')
      this.#counts.packets += sent
      this.#counts.lost += lost
      this.#counts.wrong += wrong
    }
  }
}

let collect: (() => void) | undefined

/** Heap and buffers of this process, where all nodes of ours live, after collections. */
async function memoryMb(): Promise<number> {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as () => void
  }
  for (let turn = 0; turn < 5; turn++) {
    collect()
    await sleep(40)
  }
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 1e6
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10
}
