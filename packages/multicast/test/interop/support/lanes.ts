// Networks for one test at a time, kept for the next one.
import { afterAll } from 'vitest'
import {
  closeLoopback,
  joinByVeth,
  Namespace,
  openLoopback,
  VETH,
} from '../../../../../interop/multicast/namespaces.js'
import { Actor } from './actor.js'

export const PLACES = ['veth', 'loopback'] as const
/** Two hosts on a wire, or both sides on one host. */
export type Place = (typeof PLACES)[number]

/** Where something runs. */
export type Side = 'ours' | 'theirs'

/** A network of two sides. */
export interface Lane {
  /** Where our side runs. */
  readonly ours: Namespace
  /** Where the other side runs; on loopback the same. */
  readonly theirs: Namespace
  /** What both sides send on. */
  readonly interface: string
  /** A process of ours on that side; started when it is asked for first. */
  actor(side: Side): Promise<Actor>
}

class Pair {
  readonly #first: Namespace
  readonly #second: Namespace
  readonly #actors = new Map<Namespace, Promise<Actor>>()
  #hasLoopback = false

  private constructor(first: Namespace, second: Namespace) {
    this.#first = first
    this.#second = second
  }

  static async open(): Promise<Pair> {
    const [first, second] = [await Namespace.open(), await Namespace.open()]
    await joinByVeth(first, second)
    return new Pair(first, second)
  }

  lane(place: Place): Lane {
    const isLoopback = place === 'loopback'
    if (isLoopback !== this.#hasLoopback) (isLoopback ? openLoopback : closeLoopback)(this.#first)
    this.#hasLoopback = isLoopback
    const theirs = isLoopback ? this.#first : this.#second
    return {
      ours: this.#first,
      theirs,
      interface: isLoopback ? 'lo' : VETH,
      actor: (side) => this.#actor(side === 'ours' ? this.#first : theirs),
    }
  }

  async close(): Promise<void> {
    for (const actor of this.#actors.values()) await (await actor).stop()
    await Promise.all([this.#first.close(), this.#second.close()])
  }

  #actor(namespace: Namespace): Promise<Actor> {
    const actor = this.#actors.get(namespace) ?? Actor.start(namespace)
    this.#actors.set(namespace, actor)
    return actor
  }
}

const idle: Pair[] = []

/** Run a test with a network that is its own meanwhile. Whatever it opens it closes; after a failure nobody relies on it. */
export async function onLane(place: Place, test: (lane: Lane) => Promise<void>): Promise<void> {
  const pair = idle.pop() ?? (await Pair.open())
  try {
    await test(pair.lane(place))
  } catch (error) {
    await pair.close()
    throw error
  }
  idle.push(pair)
}

afterAll(async () => {
  await Promise.all(idle.splice(0).map((pair) => pair.close()))
})
