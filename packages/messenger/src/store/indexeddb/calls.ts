import { MessengerError } from '../../error.js'
import type { Store } from '../../store.js'

/** The methods of a {@link Store} that change something: each call of one is kept. */
export const WRITES = [
  'setSetting',
  'putContact',
  'enqueue',
  'prepared',
  'edit',
  'markDelivered',
  'markFailed',
  'markRefused',
  'acceptedBy',
  'receive',
  'discardHeld',
  'handled',
  'remove',
  'markRead',
  'putContactNote',
  'deleteContactNote',
  'putFile',
  'changeFile',
  'putGroup',
  'changeGroup',
  'deleteGroup',
  'putMembers',
  'putMember',
  'putMemberInfo',
  'sealed',
  'markSent',
  'receiveGroup',
  'removeByOuterGuid',
  'retract',
  'decrypted',
  'putInvite',
  'deleteInvite',
] as const satisfies readonly (keyof Store)[]

/** The others, which only look. */
export const READS = [
  'setting',
  'contacts',
  'contactKinds',
  'contact',
  'pending',
  'pendingPeers',
  'nextUnhandled',
  'unhandledPeers',
  'history',
  'message',
  'placeOf',
  'counts',
  'conversations',
  'search',
  'contactNotes',
  'file',
  'files',
  'announcedFile',
  'group',
  'groups',
  'pendingGroups',
  'member',
  'members',
  'retracted',
  'groupCopies',
  'unreadable',
  'invites',
] as const satisfies readonly (keyof Store)[]

/** Fails to compile when a store gets a method that is in neither list. */
type Forgotten = Exclude<keyof Store, (typeof WRITES)[number] | (typeof READS)[number] | 'close'>
export const NOTHING_FORGOTTEN: [Forgotten] extends [never] ? true : never = true

/** One call that changed something, as it is kept. */
export interface Call {
  readonly method: (typeof WRITES)[number]
  readonly args: readonly unknown[]
}

/** What was handed over, so that nothing the caller does later changes it, and no byte more is kept than was meant. */
export function ownArguments(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (Array.isArray(value)) return value.map(ownArguments)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, ownArguments(field)]))
}

/** What must not overtake each other: behind one that failed, none of those with the same key may succeed. */
export function lineOf({ method, args }: Call): string | undefined {
  if (method === 'receiveGroup') return `group ${String(args[0])}`
  return method === 'receive' ? `peer ${(args[0] as Parameters<Store['receive']>[0]).peer}` : undefined
}

/** What became of a call. */
export type Outcome = { readonly result: unknown } | { readonly error: unknown }

/** Carry out calls that were made together, in order. The same ones on the same content have the same outcomes. */
export async function carryOut(store: Store, calls: readonly Call[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  const broken = new Set<string>()
  for (const call of calls) {
    const line = lineOf(call)
    if (line !== undefined && broken.has(line)) outcomes.push({ error: overtaking() })
    else {
      try {
        outcomes.push({ result: await (store[call.method] as (...args: readonly unknown[]) => unknown)(...call.args) })
      } catch (error) {
        outcomes.push({ error })
        if (line !== undefined) broken.add(line)
      }
    }
  }
  return outcomes
}

export function overtaking(): MessengerError {
  return new MessengerError('store', 'a message before this one could not be stored')
}
