import type { NewOutgoing } from '../store.js'
import type { InGroup } from '../store-groups.js'

/** What a message of ours has when it is new in a group. */
export function outgoingInGroup({ guid, sealed }: Pick<NewOutgoing, 'guid' | 'sealed'>): InGroup {
  return {
    author: '',
    system: false,
    unreadable: false,
    messageId: 0n,
    outerGuid: sealed?.outerGuid ?? guid,
    innerGuid: guid,
    timestampSeconds: sealed?.timestampSeconds ?? 0n,
    blob: sealed?.blob,
  }
}
