import { equalBytes } from '@mimirjs/wire'
import { InOrder } from '../../in-order.js'
import { type NewIncoming, REACTION_DOUBLE_MS, type Received } from '../../store.js'
import { checkMessage, checkNumber } from '../check.js'
import { contentOf } from '../content-of.js'
import type { InboxStore } from '../parts.js'
import { isComparedReaction, isReactionDouble, MAX_COMPARED } from '../reaction-double.js'
import { type Row, view } from './row.js'
import { guidKey, type Tables } from './tables.js'

export function inboxStore(tables: Tables): InboxStore {
  const inOrder = new InOrder()
  const reactions = new Reactions()

  function receive(message: NewIncoming): Received | undefined {
    checkMessage(message)
    checkNumber('receivedMs', message.receivedMs)
    const { peer, guid, payload, receivedMs } = message
    tables.contact(peer)
    if (isComparedReaction(message) && reactions.hasDouble(message)) return undefined
    const known = tables.rowsByGuid.get(guidKey(peer, false, guid))
    if (known) return edit(known, message)
    const row: Row = {
      ...contentOf(message),
      payload: new Uint8Array(payload),
      seq: tables.nextSeq(),
      peer,
      outgoing: false,
      state: 'unhandled',
      settledMs: receivedMs,
      refusedMs: 0,
      heldBy: undefined,
      removed: false,
    }
    tables.add(row)
    tables.inbox.add(row)
    if (isComparedReaction(row)) reactions.add(row)
    return { message: view(row), edited: false }
  }

  return {
    receive: (message) =>
      inOrder.add(
        message.peer,
        async (work) => work(),
        () => receive(message),
      ),

    async nextUnhandled(peer) {
      for (const row of tables.inbox.of(peer)) return view(row)
      return undefined
    },

    async unhandledPeers() {
      return tables.inbox.peers('unhandled')
    },

    async discardHeld() {
      for (const rows of tables.held.values()) {
        for (const row of rows) {
          const key = guidKey(row.peer, true, row.guid)
          tables.outbox.delete(row)
          tables.rows.delete(row.seq)
          tables.rowsByGuid.delete(key)
          tables.files.delete(key)
          const ofPeer = tables.rowsByPeer.get(row.peer)
          ofPeer?.splice(ofPeer.indexOf(row), 1)
        }
      }
      tables.held.clear()
    },

    async handled(seq) {
      const message = tables.rows.get(seq)
      if (message?.state === 'unhandled') {
        message.state = 'handled'
        tables.inbox.delete(message)
      }
      tables.release(seq)
    },
  }
}

function edit(row: Row, { messageType, editTimeMs, payload }: NewIncoming): Received | undefined {
  if (row.removed || row.messageType !== messageType || editTimeMs <= row.editTimeMs) return undefined
  row.payload = new Uint8Array(payload)
  row.editTimeMs = editTimeMs
  return { message: view(row), edited: true }
}

/** Reactions by peer, target and time, to find the few that are near to one. */
class Reactions {
  readonly #byPlace = new Map<string, Row[]>()

  add(row: Row): void {
    const key = placeKey(row, 0)
    const rows = this.#byPlace.get(key)
    if (rows) rows.push(row)
    else this.#byPlace.set(key, [row])
  }

  hasDouble(reaction: NewIncoming): boolean {
    const near = []
    for (const offset of [-1, 0, 1]) {
      for (const { removed, sendTimeMs, payload } of this.#byPlace.get(placeKey(reaction, offset)) ?? []) {
        if (removed || Math.abs(sendTimeMs - reaction.sendTimeMs) > REACTION_DOUBLE_MS) continue
        near.push({ sendTimeMs, isSame: equalBytes(payload, reaction.payload) })
        if (near.length > MAX_COMPARED) return false
      }
    }
    return isReactionDouble(reaction.sendTimeMs, near)
  }
}

function placeKey({ peer, replyTo, sendTimeMs }: NewIncoming | Row, offset: number): string {
  return `${peer} ${replyTo} ${Math.floor(sendTimeMs / REACTION_DOUBLE_MS) + offset}`
}
