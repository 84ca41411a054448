import { transformKey } from '../address.js'
import { BloomFilter, type BloomLocations, bloomLocations } from '../bloom.js'
import type { KeyId } from '../key.js'
import { encodeFrame, PacketType } from '../wire/frame.js'
import { flood } from './flood.js'
import type { LinkState } from './link-state.js'
import type { Neighbour } from './neighbour.js'
import type { Neighbours } from './neighbours.js'
import type { Records } from './records.js'
import type { RouterCore } from './router-core.js'

/** An unchanged filter is sent again after so long. yggdrasil protocol §5.4 */
const RESEND_MS = 3_600_000

/** Which keys are behind which neighbour, and who has to hear of it. yggdrasil protocol §5.4 */
export class Filters {
  readonly #selfId: KeyId
  readonly #ownLocations: BloomLocations
  readonly #neighbours: Neighbours
  readonly #records: Records
  readonly #transit: boolean
  /** Something arrived since the last maintenance. */
  #hasNew = true
  #neighboursVersion = -1

  constructor({ options, selfId, neighbours, records }: RouterCore) {
    this.#selfId = selfId
    this.#transit = options.transit
    this.#ownLocations = bloomLocations(transformKey(options.publicKey))
    this.#neighbours = neighbours
    this.#records = records
  }

  /** Before the link is proven anybody may have sent it: it counts from then on. */
  receive(link: LinkState, body: Uint8Array, nowMs: number): void {
    if (!link.blooms.take(nowMs)) throw flood('bloom filters')
    const filter = BloomFilter.decode(body)
    if (link.proven) this.apply(link.neighbour, filter)
    else link.heldFilter = filter
  }

  apply(neighbour: Neighbour, filter: BloomFilter): void {
    neighbour.filters.received = filter
    this.#hasNew = true
  }

  /** Send again what was sent last: nothing at first. */
  repeat({ filters }: Neighbour, link: LinkState, nowMs: number): void {
    link.writeControl(frameOf(filters.sent), nowMs)
  }

  /** New bits go out at once, bits that are no longer true one tick later: so a change does not flap. */
  maintain(nowMs: number): void {
    // One that is gone has taken its keys along.
    if (this.#neighboursVersion !== this.#neighbours.version) this.#hasNew = true
    this.#neighboursVersion = this.#neighbours.version
    const members = this.#fixMembers(nowMs)
    if (this.#hasNew || members.some(({ filters }) => filters.dirty)) this.#update(members, nowMs)
    this.#hasNew = false
    for (const member of members) if (nowMs - member.filters.sentMs >= RESEND_MS) send(member, nowMs)
  }

  /** @returns parent and children */
  #fixMembers(nowMs: number): Neighbour[] {
    const parentId = this.#records.get(this.#selfId)?.parentId
    const members: Neighbour[] = []
    for (const neighbour of this.#neighbours.all) {
      const { filters, id, best } = neighbour
      const wasOnTree = filters.onTree
      const isRelative = id === parentId || this.#records.get(id)?.parentId === this.#selfId
      filters.onTree = isRelative && best !== undefined
      if (filters.onTree) members.push(neighbour)
      if (filters.onTree === wasOnTree) continue
      this.#hasNew = true
      if (filters.onTree) continue
      filters.sent = new BloomFilter()
      filters.dirty = false
      send(neighbour, nowMs)
    }
    return members
  }

  /** Everybody hears of ourselves and, unless we are a leaf, of what all the others have sent. */
  #update(members: readonly Neighbour[], nowMs: number): void {
    // Of those behind: the union from each one to the end. With it all is linear in the number of members.
    const behind: BloomFilter[] = [new BloomFilter()]
    for (let index = members.length - 1; index > 0; index--) {
      const union = behind[behind.length - 1]!.clone()
      union.merge(members[index]!.filters.received)
      behind.push(union)
    }
    const before = new BloomFilter()
    before.addLocations(this.#ownLocations)
    for (const member of members) {
      const filter = before.clone()
      if (this.#transit) filter.merge(behind.pop()!)
      offer(member, filter, nowMs)
      if (this.#transit) before.merge(member.filters.received)
    }
  }
}

function offer(member: Neighbour, filter: BloomFilter, nowMs: number): void {
  const { filters } = member
  filters.dirty = !filters.dirty && filter.merge(filters.sent)
  if (filter.equals(filters.sent)) return
  filters.sent = filter
  send(member, nowMs)
}

function send(neighbour: Neighbour, nowMs: number): void {
  neighbour.filters.sentMs = nowMs
  neighbour.writeControl(frameOf(neighbour.filters.sent), nowMs)
}

function frameOf(filter: BloomFilter): Uint8Array {
  return encodeFrame(PacketType.bloomFilter, filter.encode())
}
