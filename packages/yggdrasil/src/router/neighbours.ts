import { YggdrasilError } from '../error.js'
import { type KeyId, keyId } from '../key.js'
import type { RouterLimits } from '../limits.js'
import { LinkState } from './link-state.js'
import { Neighbour } from './neighbour.js'
import type { RouterLink } from './types.js'

/** All neighbours and their links. */
export class Neighbours {
  readonly #limits: RouterLimits
  readonly #childPorts: () => ReadonlyMap<KeyId, number>
  readonly #byId = new Map<KeyId, Neighbour>()
  readonly #byLink = new Map<RouterLink, LinkState>()
  /** Changes whenever another link may be the best one on some way. */
  version = 0
  /** The same neighbours, for loops that run for every packet. */
  all: readonly Neighbour[] = []

  /** @param childPorts - the ports that nodes have below us as far as the network knows, those that are gone included */
  constructor(limits: RouterLimits, childPorts: () => ReadonlyMap<KeyId, number> = () => new Map()) {
    this.#limits = limits
    this.#childPorts = childPorts
  }

  get ids(): Iterable<KeyId> {
    return this.#byId.keys()
  }

  get links(): Iterable<LinkState> {
    return this.#byLink.values()
  }

  get linkCount(): number {
    return this.#byLink.size
  }

  get(id: KeyId): Neighbour | undefined {
    return this.#byId.get(id)
  }

  find(link: RouterLink): LinkState | undefined {
    return this.#byLink.get(link)
  }

  /** @throws {YggdrasilError} `misuse` for a link that is there already */
  add(link: RouterLink): LinkState {
    if (this.#byLink.has(link)) throw new YggdrasilError('misuse', `router: link ${link.id} was added before`)
    const id = keyId(link.publicKey)
    const neighbour = this.#byId.get(id) ?? new Neighbour(link.publicKey, this.#freePort(id))
    this.#byId.set(id, neighbour)
    const state = new LinkState(link, neighbour, this.#limits)
    this.#byLink.set(link, state)
    neighbour.links.push(state)
    this.#changed()
    return state
  }

  /** Its neighbour goes with the last link. */
  remove(link: RouterLink): LinkState | undefined {
    const state = this.#byLink.get(link)
    if (state === undefined) return undefined
    const { neighbour } = state
    this.#byLink.delete(link)
    neighbour.links.splice(neighbour.links.indexOf(state), 1)
    neighbour.chooseLink()
    if (neighbour.links.length === 0) this.#byId.delete(neighbour.id)
    this.#changed()
    return state
  }

  #changed(): void {
    this.version++
    this.all = [...this.#byId.values()]
  }

  /**
   * The one that the network knows already, so that whoever comes back keeps its coordinates; else the lowest that nobody
   * is known to have, from 1: two with the same one would be a black hole. yggdrasil protocol §4.2
   */
  #freePort(id: KeyId): number {
    const taken = new Set<number>()
    for (const { port } of this.#byId.values()) taken.add(port)
    const known = this.#childPorts()
    const before = known.get(id)
    if (before !== undefined && !taken.has(before)) return before
    for (const port of known.values()) taken.add(port)
    let port = 1
    while (taken.has(port)) port++
    return port
  }
}
