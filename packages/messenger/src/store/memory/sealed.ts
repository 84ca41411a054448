import type { NewOutgoing } from '../../store.js'
import type { Sealed } from '../../store-groups.js'
import { outgoingInGroup } from '../in-group.js'
import type { Beside, Row } from './row.js'
import type { Tables } from './tables.js'

/** What a message of ours has when it is new in a group. */
export function besideOf({ order }: Tables, message: NewOutgoing): Beside {
  const group = outgoingInGroup(message)
  return {
    ...group,
    innerGuid: undefined,
    sealedGuid: undefined,
    orderKey: order.keyOf(message.peer, 0n),
    copies: [],
    retracted: false,
    blob: group.blob && new Uint8Array(group.blob),
  }
}

export function putSealed(tables: Tables, row: Row, { blob, timestampSeconds, outerGuid = row.guid }: Sealed): void {
  tables.changeBeside(row, { blob: new Uint8Array(blob), timestampSeconds, sealedGuid: outerGuid })
}
