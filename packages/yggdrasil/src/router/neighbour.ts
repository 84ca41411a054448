import { type KeyId, keyId } from '../key.js'
import { type Path, ROOT_PATH } from '../wire/path.js'
import type { SigRes } from '../wire/signature.js'
import { FilterState } from './filter-state.js'
import type { LinkState } from './link-state.js'

/** A node that we have links to. */
export class Neighbour {
  readonly id: KeyId
  readonly key: Uint8Array
  /** What it is called in coordinates below us. */
  readonly port: number
  /** In order of their start. */
  readonly links: LinkState[] = []
  /** Keys whose current record it is known to have. */
  readonly sent: Set<KeyId> = new Set<KeyId>()
  readonly filters: FilterState = new FilterState()
  /** The first valid one to a current request. */
  response: SigRes | undefined
  /** Coordinates, as of `pathVersion`. */
  path: Path = ROOT_PATH
  pathVersion = -1
  /** Since when it announces another port below us than ours for it. */
  misplacedSinceMs: number | undefined
  /** Which link traffic takes; `undefined` while none is proven. */
  best: LinkState | undefined

  constructor(key: Uint8Array, port: number) {
    this.id = keyId(key)
    this.key = key.slice()
    this.port = port
  }

  /** The lowest cost of its links. */
  get cost(): number {
    let lowest = Number.POSITIVE_INFINITY
    for (const { cost } of this.links) lowest = Math.min(lowest, cost)
    return lowest
  }

  writeControl(frame: Uint8Array, nowMs: number): void {
    for (const link of this.links) link.writeControl(frame, nowMs)
  }

  /** What only those are told who have shown who they are. */
  writeProven(frame: Uint8Array, nowMs: number): void {
    for (const link of this.links) if (link.proven) link.writeControl(frame, nowMs)
  }

  /** To be called when links came, went, were proven or measured. yggdrasil protocol §4.9, step 4 */
  chooseLink(): void {
    this.best = undefined
    for (const link of this.links) if (link.proven && isBetter(link, this.best)) this.best = link
    // It signed, but who is there now need not be the same.
    if (this.best === undefined) this.response = undefined
  }
}

function isBetter(link: LinkState, than: LinkState | undefined): boolean {
  if (than === undefined) return true
  const difference = link.link.priority - than.link.priority || link.cost - than.cost || link.link.id - than.link.id
  return difference < 0
}
