import type { Contact, ContactNote, StoredFile } from '../../store.js'
import type { StoredGroup, StoredInvite, StoredMember } from '../../store-groups.js'
import { noSuchGroup } from '../check.js'
import { Copies } from './copies.js'
import { GroupOrder } from './group-order.js'
import { Reactions } from './reactions.js'
import { type Beside, OpenRows, type Row } from './row.js'

/** What a store in memory holds. */
export class Tables {
  readonly settings: Map<string, string> = new Map()
  readonly contacts: Map<string, Contact> = new Map()
  /** Up to which `seq` the messages of a peer have been seen. */
  readonly readSeqs: Map<string, number> = new Map()
  readonly rows: Map<number, Row> = new Map()
  /** In order of acceptance. */
  readonly rowsByPeer: Map<string, Row[]> = new Map()
  readonly rowsByGuid: Map<string, Row> = new Map()
  /** By the `seq` of the message whose handler holds them back. */
  readonly held: Map<number, Set<Row>> = new Map()
  /** Rows that are `preparing`, `held` or `stored`, and rows that are `unhandled`: found without a look at the rest. */
  readonly outbox: OpenRows = new OpenRows()
  readonly inbox: OpenRows = new OpenRows()
  /** By peer and kind. */
  readonly notes: Map<string, ContactNote> = new Map()
  /** By {@link guidKey}. */
  readonly files: Map<string, StoredFile> = new Map()
  readonly groups: Map<string, StoredGroup> = new Map()
  /** By group and member. */
  readonly members: Map<string, Map<string, StoredMember>> = new Map()
  /** By group: outer guids of messages that were deleted before they came. */
  readonly deletions: Map<string, Set<bigint>> = new Map()
  /** Of the messages of groups, by number of the mediator, by its guid, and by what the author calls them. */
  readonly copies: Copies = new Copies()
  readonly order: GroupOrder = new GroupOrder()
  /** Of others, by sender: to know those that were sent twice. */
  readonly reactions: Reactions = new Reactions()
  /** By mediator and number. */
  readonly invites: Map<string, StoredInvite> = new Map()
  #lastSeq = 0

  nextSeq(): number {
    return ++this.#lastSeq
  }

  /** The highest that {@link nextSeq} gave. */
  get lastSeq(): number {
    return this.#lastSeq
  }

  set lastSeq(seq: number) {
    this.#lastSeq = seq
  }

  add(row: Row): void {
    this.rows.set(row.seq, row)
    this.rowsByGuid.set(guidKey(row.peer, row.outgoing, row.guid), row)
    this.copies.add(row)
    this.order.add(row)
    const ofPeer = this.rowsByPeer.get(row.peer)
    if (ofPeer) ofPeer.push(row)
    else this.rowsByPeer.set(row.peer, [row])
    if (row.heldBy === undefined) return
    const held = this.held.get(row.heldBy)
    if (held) held.add(row)
    else this.held.set(row.heldBy, new Set([row]))
  }

  /** Leave no trace of it. */
  delete(row: Row): void {
    const { peer, outgoing, guid } = row
    const key = guidKey(peer, outgoing, guid)
    this.outbox.delete(row)
    this.inbox.delete(row)
    this.rows.delete(row.seq)
    this.rowsByGuid.delete(key)
    this.files.delete(key)
    this.copies.delete(row)
    this.order.delete(row)
    const ofPeer = this.rowsByPeer.get(peer)
    ofPeer?.splice(ofPeer.indexOf(row), 1)
    // For those who have it in hand.
    row.removed = true
  }

  /** @throws {MessengerError} `store` */
  requireGroup(group: string): StoredGroup {
    const known = this.groups.get(group)
    if (!known) throw noSuchGroup(group)
    return known
  }

  /** The message, unless it was removed. */
  find(peer: string, outgoing: boolean, guid: bigint): Row | undefined {
    const row = this.rowsByGuid.get(guidKey(peer, outgoing, guid))
    return row?.removed ? undefined : row
  }

  /** Change what a message of a group has beside the others. */
  changeBeside(row: Row, change: Partial<Beside>): void {
    if (!row.beside) return
    const isMoved = change.orderKey !== undefined || change.copies !== undefined
    this.copies.delete(row)
    if (isMoved) this.order.delete(row)
    Object.assign(row.beside, change)
    this.copies.add(row)
    if (isMoved) this.order.add(row)
  }

  /** The bytes for, or of, the mediator are not needed any more, if there are any. */
  dropSealed(row: Row): void {
    this.changeBeside(row, { blob: undefined, sealedGuid: undefined, unreadable: false })
  }

  /** What the row waits for, if anything, is over. */
  unhold(row: Row): void {
    if (row.heldBy === undefined) return
    this.held.get(row.heldBy)?.delete(row)
    row.heldBy = undefined
  }

  /** Let go what the handler of the message held back. */
  release(seq: number): void {
    for (const row of this.held.get(seq) ?? []) {
      row.heldBy = undefined
      if (row.state === 'held') row.state = 'stored'
    }
    this.held.delete(seq)
  }

  /** All that is known of a peer, made on first use. */
  contact(peer: string): Contact {
    let contact = this.contacts.get(peer)
    if (!contact) {
      contact = blankContact(peer)
      this.contacts.set(peer, contact)
    }
    return contact
  }
}

export function blankContact(peer: string): Contact {
  return { peer, name: '', nickname: '', info: '', avatar: undefined, infoTimeSeconds: 0n, kind: 'stranger' }
}

export function guidKey(peer: string, outgoing: boolean, guid: bigint): string {
  return `${peer}${outgoing ? '>' : '<'}${guid}`
}

/** The text as a database gives it back: NUL and halves of surrogate pairs have no place there. */
export function storable(text: string): string {
  return text.replaceAll('\0', '\ufffd').replaceAll(LONE_SURROGATE, '\ufffd')
}

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

/** A copy whose texts are {@link storable}, and whose bytes are its own. */
export function owned<T extends object>(value: T): T {
  const copy = Object.entries(value).map(([name, field]: [string, unknown]) => {
    if (typeof field === 'string') return [name, storable(field)]
    return [name, field instanceof Uint8Array ? new Uint8Array(field) : field]
  })
  return Object.fromEntries(copy) as T
}
