import type { KeyId } from '../key.js'
import type { Announcement } from './announcement.js'
import type { Neighbour } from './neighbour.js'
import type { Neighbours } from './neighbours.js'
import type { Records } from './records.js'

/** Where to hang in the tree. */
export interface Choice {
  readonly rootId: KeyId
  /** Ourselves when nobody leads to a better root. */
  readonly parentId: KeyId
  /** Hops to the root times the cost of the link. */
  readonly cost: number
}

/**
 * The neighbour that leads to the lowest root, and among those the cheapest; the present one unless another is clearly
 * better, and that is only looked at when our announcement is due anyway. yggdrasil protocol §4.5
 */
export function chooseParent(own: Announcement, records: Records, neighbours: Neighbours, isRefresh: boolean): Choice {
  const selfId = own.id
  let best: Choice = { rootId: selfId, parentId: selfId, cost: Number.POSITIVE_INFINITY }
  const parent = neighbours.get(own.parentId)
  // One that nobody has proven to be is perhaps not there.
  if (parent?.best !== undefined) {
    const choice = choiceOf(parent, records.ancestry(selfId))
    if (choice !== undefined && choice.rootId < best.rootId) best = choice
  }
  for (const neighbour of neighbours.all) {
    if (neighbour.response === undefined) continue
    const way = records.ancestry(neighbour.id)
    if (way.some(({ id }) => id === selfId)) continue
    const choice = choiceOf(neighbour, way)
    if (choice === undefined || choice.rootId > best.rootId) continue
    const isLower = choice.rootId < best.rootId
    const isCheaper =
      (isRefresh && 2 * choice.cost < best.cost) || (best.parentId !== own.parentId && choice.cost < best.cost)
    if (isLower || isCheaper) best = choice
  }
  return best
}

/** @param way - from whom the hops count up to the root */
function choiceOf(neighbour: Neighbour, way: readonly Announcement[]): Choice | undefined {
  const root = way[way.length - 1]
  if (root === undefined) return undefined
  return { rootId: root.id, parentId: neighbour.id, cost: (way.length - 1) * neighbour.cost }
}
