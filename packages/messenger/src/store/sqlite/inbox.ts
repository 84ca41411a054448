import { fromHex } from '@mimirjs/wire'
import { InOrder } from '../../in-order.js'
import { type NewIncoming, REACTION_DOUBLE_MS, type Received } from '../../store.js'
import { checkMessage, checkNumber } from '../check.js'
import { contentOf } from '../content-of.js'
import type { InboxStore } from '../parts.js'
import { isComparedReaction, isReactionDouble, MAX_COMPARED } from '../reaction-double.js'
import { PEER_ID, SELECT_BY_GUID, SELECT_MESSAGE } from './rows.js'
import type { Tables } from './tables.js'

const INSERT = `INSERT INTO message
    (peer, outgoing, guid, replyTo, sendTimeMs, editTimeMs, messageType, payload, state, settledMs)
  VALUES (?, 0, ?, ?, ?, ?, ?, ?, 'unhandled', ?) ON CONFLICT (peer, outgoing, guid) DO NOTHING RETURNING seq`

const EDIT = `UPDATE message SET payload = ?, editTimeMs = ?
  WHERE peer = ? AND outgoing = 0 AND guid = ? AND editTimeMs < ? AND messageType = ? AND removed = 0`

export const NEAR_REACTIONS: string = `SELECT sendTimeMs,
    CASE WHEN length(payload) = ? THEN payload = ? ELSE 0 END AS isSame
  FROM message WHERE peer = ? AND replyTo = ? AND sendTimeMs BETWEEN ? AND ?
    AND messageType = 10 AND outgoing = 0 AND removed = 0 LIMIT ${MAX_COMPARED + 1}`

export const NEXT_UNHANDLED: string = `${SELECT_MESSAGE}
  WHERE message.peer = ${PEER_ID} AND state = 'unhandled' ORDER BY seq LIMIT 1`

export const UNHANDLED_PEERS = `SELECT DISTINCT peer FROM message WHERE state = 'unhandled'`

const HANDLED = `UPDATE message SET state = 'handled' WHERE seq = ? AND state = 'unhandled'`

export const RELEASE = `UPDATE message SET state = CASE state WHEN 'held' THEN 'stored' ELSE state END, heldBy = NULL
  WHERE heldBy = ? AND state IN ('held', 'preparing')`

/** As {@link RELEASE}, of all messages of a peer. */
export const RELEASE_ALL_OF = `UPDATE message
  SET state = CASE state WHEN 'held' THEN 'stored' ELSE state END, heldBy = NULL
  WHERE heldBy IN (SELECT seq FROM message WHERE peer = ? AND state = 'unhandled') AND state IN ('held', 'preparing')`

/** What waits for a handler; a `preparing` message may wait for none. */
const HELD = `heldBy IS NOT NULL AND state IN ('held', 'preparing')`

const HELD_FILES = `DELETE FROM file WHERE outgoing = 1 AND (peer, guid) IN (SELECT peer, guid FROM message WHERE ${HELD})`

export const COUNT_HELD: string = `SELECT count(*) AS n FROM message WHERE ${HELD}`

export function inboxStore(tables: Tables): InboxStore {
  const inOrder = new InOrder()
  return {
    receive: (message) =>
      inOrder.add(
        message.peer,
        (work) => tables.write(work),
        () => receive(tables, message),
      ),

    async nextUnhandled(peer) {
      return tables.messages(NEXT_UNHANDLED, fromHex(peer))[0]
    },

    async unhandledPeers() {
      return tables.peers(UNHANDLED_PEERS)
    },

    async discardHeld() {
      if (Number(tables.get(COUNT_HELD)!['n']) === 0) return
      await tables.write(() => {
        tables.run(HELD_FILES)
        tables.run(`DELETE FROM message WHERE ${HELD}`)
      })
    },

    handled: (seq) =>
      tables.write(() => {
        tables.run(HANDLED, seq)
        release(tables, seq)
      }),
  }
}

/** Let go what the handler of the message held back. Only inside a write. */
export function release(tables: Tables, seq: number): void {
  tables.run(RELEASE, seq)
}

function receive(tables: Tables, message: NewIncoming): Received | undefined {
  checkMessage(message)
  checkNumber('receivedMs', message.receivedMs)
  const { guid, replyTo, sendTimeMs, editTimeMs, messageType, payload, receivedMs } = message
  const peer = tables.peerId(message.peer)
  if (isComparedReaction(message) && isDouble(tables, peer, message)) return undefined
  const row = tables.get(INSERT, peer, guid, replyTo, sendTimeMs, editTimeMs, messageType, payload, receivedMs)
  if (!row) return editTimeMs > 0 ? edit(tables, peer, message) : undefined
  const seq = Number(row['seq'])
  const known = { seq, peer: message.peer, outgoing: false, state: 'unhandled', settledMs: receivedMs } as const
  return { message: { ...contentOf(message), ...known, refusedMs: 0 }, edited: false }
}

function edit(tables: Tables, peer: number, message: NewIncoming): Received | undefined {
  const { guid, editTimeMs, messageType, payload } = message
  if (tables.run(EDIT, payload, editTimeMs, peer, guid, editTimeMs, messageType) === 0) return undefined
  const [edited] = tables.messages(SELECT_BY_GUID, fromHex(message.peer), 0, guid)
  return edited && { message: edited, edited: true }
}

function isDouble(tables: Tables, peer: number, { payload, replyTo, sendTimeMs }: NewIncoming): boolean {
  const [from, to] = [sendTimeMs - REACTION_DOUBLE_MS, sendTimeMs + REACTION_DOUBLE_MS]
  const rows = tables.all(NEAR_REACTIONS, payload.length, payload, peer, replyTo, from, to)
  return isReactionDouble(
    sendTimeMs,
    rows.map((row) => ({ sendTimeMs: Number(row['sendTimeMs']), isSame: row['isSame'] === 1n })),
  )
}
