import type { StoredMessage } from '../../store.js'
import type { GroupCopy, InGroup } from '../../store-groups.js'

/** A message as it is kept. */
export type Row = { -readonly [Key in keyof Omit<StoredMessage, 'group'>]: StoredMessage[Key] } & {
  /** Set only while a handler holds it back. */
  heldBy: number | undefined
  removed: boolean
  /** Of a message in a group. */
  beside?: Beside
}

/** What a message of a group has beside the others, as it is kept. */
export type Beside = { -readonly [Key in keyof Omit<InGroup, 'innerGuid'>]: InGroup[Key] } & {
  /** Undefined for what is told apart by the number of the mediator alone. */
  innerGuid: bigint | undefined
  /** Of what is to be sent, when it is not the first version. */
  sealedGuid: bigint | undefined
  /** Its place in the group. */
  orderKey: bigint
  /** Further ones; the first is the message itself. */
  copies: GroupCopy[]
  /** The mediator is to delete it. */
  retracted: boolean
}

export function isShown(row: Row): boolean {
  return !row.removed && row.heldBy === undefined
}

/** A copy, so that nobody outside changes a row. */
export function view({ heldBy: _, removed: __, beside, ...message }: Row): StoredMessage {
  if (!beside) return message
  const { sealedGuid, orderKey: ___, copies: ____, retracted: _____, ...group } = beside
  const [outerGuid, innerGuid] = [sealedGuid ?? group.outerGuid, group.innerGuid ?? message.guid]
  return { ...message, group: { ...group, outerGuid, innerGuid, blob: undefined } }
}

/** As {@link view}, with the sealed bytes of messages of groups. */
export function viewSealed(row: Row): StoredMessage {
  const message = view(row)
  return message.group ? { ...message, group: { ...message.group, blob: row.beside?.blob } } : message
}

/** The rows of each peer that something is still to be done with, in order of acceptance. */
export class OpenRows {
  readonly #byPeer = new Map<string, Set<Row>>()

  get size(): number {
    let size = 0
    for (const rows of this.#byPeer.values()) size += rows.size
    return size
  }

  add(row: Row): void {
    const rows = this.#byPeer.get(row.peer)
    if (rows) rows.add(row)
    else this.#byPeer.set(row.peer, new Set([row]))
  }

  /** One that is older than some of those that are there. */
  addAgain(row: Row): void {
    const rows = [...(this.#byPeer.get(row.peer) ?? []), row]
    this.#byPeer.set(row.peer, new Set(rows.sort((a, b) => a.seq - b.seq)))
  }

  delete(row: Row): void {
    const rows = this.#byPeer.get(row.peer)
    if (rows?.delete(row) && rows.size === 0) this.#byPeer.delete(row.peer)
  }

  of(peer: string): Iterable<Row> {
    return this.#byPeer.get(peer) ?? []
  }

  peers(state: Row['state']): string[] {
    return [...this.#byPeer].filter(([, rows]) => [...rows].some((row) => row.state === state)).map(([peer]) => peer)
  }
}
