import { MessengerError } from '../../error.js'
import type { Store } from '../../store.js'

/** Everything that can be asked of a {@link Store} but its end. */
export type StoreMethod = Exclude<keyof Store, 'close'>

/** Which of it changes something: each such call is kept. The others only look. */
export const METHODS: Readonly<Record<StoreMethod, 'change' | 'look'>> = {
  setSetting: 'change',
  putContact: 'change',
  enqueue: 'change',
  prepared: 'change',
  edit: 'change',
  markDelivered: 'change',
  markFailed: 'change',
  markRefused: 'change',
  acceptedBy: 'change',
  receive: 'change',
  discardHeld: 'change',
  handled: 'change',
  remove: 'change',
  markRead: 'change',
  putContactNote: 'change',
  deleteContactNote: 'change',
  putFile: 'change',
  changeFile: 'change',
  putGroup: 'change',
  changeGroup: 'change',
  deleteGroup: 'change',
  putMembers: 'change',
  putMember: 'change',
  putMemberInfo: 'change',
  sealed: 'change',
  markSent: 'change',
  receiveGroup: 'change',
  removeByOuterGuid: 'change',
  retract: 'change',
  decrypted: 'change',
  putInvite: 'change',
  deleteInvite: 'change',
  setting: 'look',
  contacts: 'look',
  contactKinds: 'look',
  contact: 'look',
  pending: 'look',
  pendingPeers: 'look',
  nextUnhandled: 'look',
  unhandledPeers: 'look',
  history: 'look',
  message: 'look',
  placeOf: 'look',
  counts: 'look',
  conversations: 'look',
  search: 'look',
  contactNotes: 'look',
  file: 'look',
  files: 'look',
  announcedFile: 'look',
  group: 'look',
  groups: 'look',
  pendingGroups: 'look',
  member: 'look',
  members: 'look',
  retracted: 'look',
  groupCopies: 'look',
  unreadable: 'look',
  invites: 'look',
}

/** One call that changed something, as it is kept. */
export interface Call {
  readonly method: StoreMethod
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

/** Ask a store what was asked of another. */
export function ask(store: Store, { method, args }: Call): Promise<unknown> {
  return (store[method] as (...args: readonly unknown[]) => Promise<unknown>)(...args)
}

/** What became of a call. */
export type Outcome = { readonly result: unknown } | { readonly error: unknown }

/** What came of calls that were made together, as far as it shows that they did the same when they are carried out again. */
export interface Came {
  /** The highest `seq` afterwards. */
  readonly lastSeq: number
  /** Places of those that failed. */
  readonly failed: readonly number[]
}

export function cameOf(outcomes: readonly Outcome[], { lastSeq }: Pick<Came, 'lastSeq'>): Came {
  return { lastSeq, failed: outcomes.flatMap((outcome, at) => ('error' in outcome ? [at] : [])) }
}

/** Carry out calls that were made together, in order. The same ones on the same content have the same outcomes. */
export async function carryOut(store: Store, calls: readonly Call[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  const broken = new Set<string>()
  for (const call of calls) {
    const line = lineOf(call)
    if (line !== undefined && broken.has(line)) outcomes.push({ error: overtaking() })
    else {
      try {
        outcomes.push({ result: await ask(store, call) })
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
