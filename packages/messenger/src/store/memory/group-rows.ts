import { equalBytes } from '@mimirjs/wire'
import type { StoredMessage } from '../../store.js'
import type { GroupCopy, NewGroupMessage } from '../../store-groups.js'
import { contentOf } from '../content-of.js'
import { type GroupRows, innerGuidOf, isHandled, type KnownRow } from '../intake.js'
import { orderKeyOf } from '../order-key.js'
import { isComparedReaction, isReactionDouble } from '../reaction-double.js'
import { type Row, view } from './row.js'
import { guidKey, type Tables } from './tables.js'

/** The messages of groups. */
export class MemoryGroupRows {
  readonly #tables: Tables

  constructor(tables: Tables) {
    this.#tables = tables
  }

  of(group: string): GroupRows {
    const tables = this.#tables
    const { reactions } = tables
    const row = (seq: number): Row => tables.rows.get(seq)!
    const openIfUnhandled = (each: Row): void => {
      if (each.state === 'unhandled') tables.inbox.addAgain(each)
      if (!each.outgoing && isComparedReaction(each)) reactions.add(`${group} ${each.beside?.author}`, each)
    }
    return {
      isKnown({ messageId, outerGuid }) {
        if (messageId > 0n) return tables.copies.has(group, messageId)
        return tables.copies.byOuterGuid(group, outerGuid).some(({ beside }) => beside?.outerGuid === outerGuid)
      },

      isDeleted: (outerGuid) => tables.deletions.get(group)?.has(outerGuid) ?? false,

      find: (outgoing, guid) => toKnown(tables.rowsByGuid.get(guidKey(group, outgoing, guid))),

      findByAuthor: (author, innerGuid) => toKnown(tables.copies.byInnerGuid(group, author, innerGuid)),

      findDouble(reaction) {
        const { author, sendTimeMs, payload } = reaction
        const near = reactions.near(`${group} ${author}`, reaction).map((each) => ({
          seq: each.seq,
          sendTimeMs: each.sendTimeMs,
          isSame: equalBytes(each.payload, payload),
        }))
        return isReactionDouble(sendTimeMs, near) ? near.find(({ isSame }) => isSame)?.seq : undefined
      },

      insert(message, guid) {
        if (tables.rowsByGuid.has(guidKey(group, true, guid))) return undefined
        if (!message.outgoing && tables.rowsByGuid.has(guidKey(group, false, guid))) return undefined
        const orderKey = tables.order.keyOf(group, message.messageId)
        const added = newRow(message, group, guid, tables.nextSeq(), orderKey)
        tables.add(added)
        openIfUnhandled(added)
        return added.seq
      },

      replace(seq, message, guid) {
        const replaced = row(seq)
        tables.rowsByGuid.delete(guidKey(group, replaced.outgoing, replaced.guid))
        Object.assign(replaced, {
          ...contentOf(message),
          guid,
          payload: new Uint8Array(message.payload),
          state: stateOf(message, replaced.outgoing),
        })
        tables.rowsByGuid.set(guidKey(group, replaced.outgoing, guid), replaced)
        tables.changeBeside(replaced, { innerGuid: innerGuidOf(message) })
        tables.dropSealed(replaced)
        openIfUnhandled(replaced)
      },

      edit(seq, { payload, editTimeMs }) {
        Object.assign(row(seq), { payload: new Uint8Array(payload), editTimeMs })
      },

      deliver(seq, atMs) {
        const delivered = row(seq)
        tables.unhold(delivered)
        tables.outbox.delete(delivered)
        Object.assign(delivered, { state: 'delivered', settledMs: atMs, refusedMs: 0 })
        tables.dropSealed(delivered)
      },

      note(seq, { messageId, outerGuid }) {
        const noted = row(seq)
        if (messageId <= 0n || !noted.beside) return
        const { copies, ...first } = noted.beside
        const isEarlier = first.messageId <= 0n || messageId < first.messageId
        const more = isEarlier ? first : { messageId, outerGuid }
        const further = { messageId: more.messageId, outerGuid: more.outerGuid }
        tables.changeBeside(noted, {
          ...(isEarlier && { messageId, outerGuid, orderKey: orderKeyOf(messageId) }),
          copies: further.messageId > 0n ? [...copies, further] : copies,
        })
      },

      copies: (seq) => copiesOf(row(seq)),

      delete: (seq) => tables.delete(row(seq)),

      read: (seq): StoredMessage => view(row(seq)),
    }
  }
}

function copiesOf({ beside }: Row): GroupCopy[] {
  if (!beside || beside.messageId <= 0n) return []
  const { messageId, outerGuid, copies } = beside
  return [{ messageId, outerGuid }, ...copies]
}

function newRow(message: NewGroupMessage, peer: string, guid: bigint, seq: number, orderKey: bigint): Row {
  const { outgoing, author, system = false, sealed, messageId, outerGuid, timestampSeconds, receivedMs } = message
  return {
    ...contentOf(message),
    guid,
    payload: new Uint8Array(message.payload),
    seq,
    peer,
    outgoing,
    state: stateOf(message, outgoing),
    settledMs: receivedMs,
    refusedMs: 0,
    heldBy: undefined,
    removed: false,
    beside: {
      author: outgoing ? '' : author,
      innerGuid: innerGuidOf(message),
      system,
      unreadable: sealed !== undefined,
      messageId,
      outerGuid,
      timestampSeconds,
      sealedGuid: undefined,
      orderKey,
      copies: [],
      retracted: false,
      blob: sealed && new Uint8Array(sealed),
    },
  }
}

function stateOf(message: NewGroupMessage, outgoing: boolean): StoredMessage['state'] {
  if (outgoing) return 'delivered'
  return isHandled(message) ? 'handled' : 'unhandled'
}

function toKnown(row: Row | undefined): KnownRow | undefined {
  if (!row?.beside) return undefined
  const { seq, guid, state, editTimeMs, messageType, removed, beside } = row
  return { seq, guid, state, editTimeMs, messageType, removed, unreadable: beside.unreadable }
}
