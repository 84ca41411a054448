import { equalBytes } from '@mimirjs/wire'
import { InOrder } from '../../in-order.js'
import type { NewIncoming, Received } from '../../store.js'
import { checkMessage, checkNumber } from '../check.js'
import { contentOf } from '../content-of.js'
import type { InboxStore } from '../parts.js'
import { isComparedReaction, isReactionDouble } from '../reaction-double.js'
import { type Row, view } from './row.js'
import { guidKey, type Tables } from './tables.js'

export function inboxStore(tables: Tables): InboxStore {
  const inOrder = new InOrder()
  const { reactions } = tables

  function isDouble(message: NewIncoming): boolean {
    const { sendTimeMs, payload } = message
    const near = reactions.near(message.peer, message)
    return isReactionDouble(
      sendTimeMs,
      near.map((row) => ({ sendTimeMs: row.sendTimeMs, isSame: equalBytes(row.payload, payload) })),
    )
  }

  function receive(message: NewIncoming): Received | undefined {
    checkMessage(message)
    checkNumber('receivedMs', message.receivedMs)
    const { peer, guid, payload, receivedMs } = message
    tables.contact(peer)
    if (isComparedReaction(message) && isDouble(message)) return undefined
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
    if (isComparedReaction(row)) reactions.add(peer, row)
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
        for (const row of rows) tables.delete(row)
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
