import type { Sealed } from '../../store-groups.js'
import type { Tables } from './tables.js'

const PUT = 'UPDATE groupMessage SET blob = ?, timestampSeconds = ?, sealedGuid = ? WHERE message = ?'
const DROP = 'UPDATE groupMessage SET blob = NULL, sealedGuid = NULL, unreadable = 0 WHERE message = ?'

/** Only inside a write. @param guid - of the message */
export function putSealed(tables: Tables, seq: number, guid: bigint, sealed: Sealed): void {
  tables.run(PUT, sealed.blob, sealed.timestampSeconds, sealed.outerGuid ?? guid, seq)
}

/** The bytes for, or of, the mediator are not needed any more, if there are any. Only inside a write. */
export function dropSealed(tables: Tables, seq: number): void {
  tables.run(DROP, seq)
}
