import type { Received, StoredMessage } from '../store.js'
import type { GroupCopy, NewGroupMessage } from '../store-groups.js'
import { isComparedReaction } from './reaction-double.js'

/** What tells what to do with a message that is here and comes again. */
export interface KnownRow {
  readonly seq: number
  readonly guid: bigint
  readonly state: StoredMessage['state']
  readonly editTimeMs: number
  readonly messageType: number
  readonly removed: boolean
  readonly unreadable: boolean
}

/** The rows of one group, as both kinds of stores have them, in the middle of a step. */
export interface GroupRows {
  /** Whether the mediator's message is here. */
  isKnown(copy: GroupCopy): boolean
  /** Whether it was deleted before it came. */
  isDeleted(outerGuid: bigint): boolean
  find(outgoing: boolean, guid: bigint): KnownRow | undefined
  /** Readable messages only. */
  findByAuthor(author: string, innerGuid: bigint): KnownRow | undefined
  /** `seq` of the reaction that this one repeats; see `isReactionDouble`. */
  findDouble(reaction: NewGroupMessage): number | undefined
  /**
   * @returns its `seq`, or undefined when the guid is taken: for what is not ours also by a message of ours, or whoever means
   *   one by its id would mean the other, too
   */
  insert(message: NewGroupMessage, guid: bigint): number | undefined
  /** Give an unreadable message its content; what is not ours is to be handled. */
  replace(seq: number, message: NewGroupMessage, guid: bigint): void
  /** Give a message another payload. */
  edit(seq: number, message: NewGroupMessage): void
  /** Ours: the mediator has it. */
  deliver(seq: number, atMs: number): void
  /**
   * The mediator has this message under these numbers, too. The lowest tells its place: an edit may come before what it edits.
   */
  note(seq: number, copy: GroupCopy): void
  copies(seq: number): GroupCopy[]
  delete(seq: number): void
  read(seq: number): StoredMessage
}

/** How many guids are tried for a message whose own one somebody else has taken. */
const MAX_PROBES = 1_000n

/** Take in what the mediator has. @returns undefined when nothing is new. Source: current protocol §19.6. */
export function takeIn(rows: GroupRows, message: NewGroupMessage): Received | undefined {
  if (rows.isKnown(message) || rows.isDeleted(message.outerGuid)) return undefined
  const known = findCopy(rows, message)
  if (known) {
    rows.note(known.seq, message)
    return repeat(rows, known, message)
  }
  const double = findDouble(rows, message)
  if (double !== undefined) {
    rows.note(double, message)
    return undefined
  }
  for (const guid of guidsFor(message)) {
    const seq = rows.insert(message, guid)
    if (seq !== undefined) return { message: rows.read(seq), edited: false }
  }
  return undefined
}

/** An unreadable message can be read now. @returns undefined when nothing is new */
export function becomeReadable(rows: GroupRows, sealed: KnownRow, message: NewGroupMessage): Received | undefined {
  const known = findCopy(rows, message)
  const other = known?.seq === sealed.seq ? undefined : (known?.seq ?? findDouble(rows, message))
  if (other !== undefined) {
    const copies = rows.copies(sealed.seq)
    rows.delete(sealed.seq)
    for (const copy of copies) rows.note(other, copy)
    return known && repeat(rows, known, message)
  }
  const isFree = message.guid !== 0n && !isTaken(rows, message)
  rows.replace(sealed.seq, message, isFree ? message.guid : sealed.guid)
  return { message: rows.read(sealed.seq), edited: false }
}

function isTaken(rows: GroupRows, { outgoing, guid }: NewGroupMessage): boolean {
  return rows.find(true, guid) !== undefined || (!outgoing && rows.find(false, guid) !== undefined)
}

/** What its author calls it; undefined for what is told apart by the number of the mediator alone. */
export function innerGuidOf({ guid, outgoing, system, sealed }: NewGroupMessage): bigint | undefined {
  return outgoing || system || sealed || guid === 0n ? undefined : guid
}

/** Whether no handler is to see it. */
export function isHandled({ system, sealed, handled }: NewGroupMessage): boolean {
  return Boolean(system || sealed || handled)
}

function findCopy(rows: GroupRows, message: NewGroupMessage): KnownRow | undefined {
  if (message.outgoing) return rows.find(true, message.guid === 0n ? message.outerGuid : message.guid)
  const innerGuid = innerGuidOf(message)
  return innerGuid === undefined ? undefined : rows.findByAuthor(message.author, innerGuid)
}

function findDouble(rows: GroupRows, message: NewGroupMessage): number | undefined {
  return innerGuidOf(message) !== undefined && isComparedReaction(message) ? rows.findDouble(message) : undefined
}

function repeat(rows: GroupRows, known: KnownRow, message: NewGroupMessage): Received | undefined {
  const { seq } = known
  if (known.removed || message.sealed) return undefined
  if (known.unreadable) {
    rows.replace(seq, message, known.guid)
    return { message: rows.read(seq), edited: false }
  }
  const isLater = message.editTimeMs > known.editTimeMs && message.messageType === known.messageType
  const isSame = message.editTimeMs === known.editTimeMs
  if (isLater || (isSame && known.state === 'preparing')) rows.edit(seq, message)
  const isDelivered = message.outgoing && known.state !== 'delivered' && (isLater || isSame)
  if (isDelivered) rows.deliver(seq, message.receivedMs)
  if (!isLater && !isDelivered) return undefined
  return { message: rows.read(seq), edited: isLater, ...(isDelivered && { delivered: true }) }
}

/** Its own guid, and others near to that of the mediator, which nobody else can have taken unless by intention. */
function* guidsFor({ guid, outerGuid }: NewGroupMessage): Generator<bigint> {
  if (guid !== 0n) yield guid
  for (let step = 0n; step < MAX_PROBES; step++) {
    const near = BigInt.asIntN(64, outerGuid + step)
    if (near !== 0n) yield near
  }
}
