// Networks of both kinds of nodes as a random graph, of which parts fail and come back.
import { setTimeout as sleep } from 'node:timers/promises'
import { hex, type Member, numberedSeed, OurMember, startMemberOf } from './members.js'

/** One that restarts is the same place with another member. */
interface Place {
  readonly kind: Member['kind']
  readonly seed: Uint8Array
  member: Member
  /** URIs that it dials. */
  readonly peers: Set<string>
}

export interface MeshOptions {
  /** The Go node, from `buildPrograms()`. */
  readonly program: string
  /** Every other one is of ours. */
  readonly nodes: number
  readonly seed: number
}

/** So many links everybody makes itself at least, so that nobody is left alone. */
const OWN_LINKS = 2
/** What happens in the mean: restarts, and else links that come and go. */
const RESTART_SHARE = 0.4
/**
 * One of theirs stays away for more than two of its neighbours' ticks. What is back within one keeps its children's
 * places, which it then gives to others as well, and its children in Go do not notice for minutes.
 */
const AWAY_MS = 2500
/** How often who did not answer is asked again. */
const ASK_EVERY_MS = 500

/** A random graph of nodes that hangs together. */
export class Mesh {
  readonly #program: string
  readonly #random: () => number
  readonly #places: Place[] = []

  private constructor({ program, seed }: MeshOptions) {
    this.#program = program
    this.#random = seededRandom(seed)
  }

  static async start(options: MeshOptions): Promise<Mesh> {
    const mesh = new Mesh(options)
    try {
      for (let index = 0; index < options.nodes; index++) await mesh.#join(index)
    } catch (error) {
      await mesh.stop()
      throw error
    }
    return mesh
  }

  get members(): readonly Member[] {
    return this.#places.map(({ member }) => member)
  }

  /** Lowest key of all, hex: the root on which all have to agree. */
  get root(): string {
    return this.members.map(({ publicKey }) => publicKey).sort()[0] ?? ''
  }

  /** What ours take for the root, hex. */
  get rootsOfOurs(): Set<string> {
    return new Set(
      this.members.flatMap((member) => (member instanceof OurMember ? [hex(member.node.tree().root)] : [])),
    )
  }

  /** One node dies and comes back, or one link comes or goes. @returns what happened */
  async change(): Promise<string> {
    const place = this.#pick()
    const other = addressOf(this.#pick())
    const spare = [...place.peers][OWN_LINKS]
    if (this.#random() < RESTART_SHARE) {
      await this.#restart(place)
      return `${place.kind} ${this.#places.indexOf(place)} restarted`
    }
    if (spare !== undefined) {
      place.peers.delete(spare)
      await place.member.removePeer(spare)
      return `${place.kind} ${this.#places.indexOf(place)} lost a link`
    }
    if (other === addressOf(place) || place.peers.has(other)) return 'nothing'
    place.peers.add(other)
    await place.member.addPeer(other)
    return `${place.kind} ${this.#places.indexOf(place)} got a link`
  }

  async stop(): Promise<void> {
    await Promise.all(this.#places.map(({ member }) => member.stop()))
  }

  /** Links to some of those who are there already, so that the graph hangs together. */
  async #join(index: number): Promise<void> {
    const kind = index % 2 === 0 ? 'ours' : 'go'
    const seed = numberedSeed(300 + index)
    const peers = new Set<string>()
    while (peers.size < Math.min(OWN_LINKS, index)) peers.add(addressOf(this.#pick()))
    const options = { seed, listen: ['tcp://127.0.0.1:0'], peers: [...peers] }
    this.#places.push({ kind, seed, peers, member: await startMemberOf(kind, this.#program, options) })
  }

  /** At the same address, with the same key; ours at once. */
  async #restart(place: Place): Promise<void> {
    const { kind, seed, peers, member } = place
    const options = { seed, listen: [...member.listening], peers: [...peers] }
    await member.stop()
    if (kind === 'go') await sleep(AWAY_MS)
    place.member = await startMemberOf(kind, this.#program, options)
  }

  #pick(): Place {
    const picked = this.#places[Math.floor(this.#random() * this.#places.length)]
    if (picked === undefined) throw new Error('nobody is there yet')
    return picked
  }
}

const addressOf = ({ member }: Place): string => member.listening[0] ?? ''

/** Who did not reach whom within the time, as pairs of indexes and kinds. */
export async function unreached(members: readonly Member[], timeoutMs: number): Promise<string[]> {
  const missing: string[] = []
  await Promise.all(
    members.map(async (from, index) => {
      const others = members.filter((member) => member !== from)
      const answered = await from.ping(
        others.map(({ key }) => key),
        timeoutMs,
        ASK_EVERY_MS,
      )
      for (const [other, to] of members.entries())
        if (to !== from && !answered.has(to.publicKey)) missing.push(`${from.kind} ${index} to ${to.kind} ${other}`)
    }),
  )
  return missing
}

/** Numbers from 0 to below 1, the same for the same seed. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let z = Math.imul(state ^ (state >>> 15), state | 1)
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61)
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32
  }
}
