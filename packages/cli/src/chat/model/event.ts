import type { BackendEvent, ChatEntry, ChatMember, ChatPerson, ChatRequest } from '../backend.js'
import type { Key } from '../keys.js'

/** Everything that happens to a chat: keys, the clock, the messenger, and what came of effects. */
export type ChatEvent =
  | { readonly type: 'key'; readonly key: Key }
  | { readonly type: 'resize'; readonly columns: number; readonly rows: number }
  | { readonly type: 'tick'; readonly nowMs: number }
  | { readonly type: 'people'; readonly people: readonly ChatPerson[]; readonly requests: readonly ChatRequest[] }
  /** Part of a conversation was read: a page of older entries, or the newest. `start`: nothing older is left. */
  | {
      readonly type: 'read'
      readonly peer: string
      readonly older: boolean
      readonly entries: readonly ChatEntry[]
      readonly start: boolean
    }
  | { readonly type: 'read-failed'; readonly peer: string; readonly reason: string }
  /** On disk; `entries` are the newest of the conversation. */
  | { readonly type: 'sent'; readonly peer: string; readonly token: number; readonly entries: readonly ChatEntry[] }
  | { readonly type: 'send-failed'; readonly peer: string; readonly token: number; readonly reason: string }
  | { readonly type: 'found'; readonly token: number; readonly entries: readonly ChatEntry[] }
  | { readonly type: 'removed'; readonly entry: ChatEntry; readonly everywhere: boolean }
  | { readonly type: 'members'; readonly peer: string; readonly members: readonly ChatMember[] }
  /** What completes a path, and what else it could be. */
  | { readonly type: 'completed'; readonly from: string; readonly text: string; readonly hints: readonly string[] }
  /** A file is where it was wanted, or cannot be put there. */
  | { readonly type: 'saved'; readonly entry: ChatEntry; readonly path: string }
  | { readonly type: 'save-failed'; readonly entry: ChatEntry; readonly reason: string }
  /** Somebody is to be talked to. */
  | { readonly type: 'open'; readonly peer: string }
  | { readonly type: 'notice'; readonly kind: 'info' | 'error'; readonly text: string }
  | { readonly type: 'reach'; readonly ok: boolean; readonly text: string }
  | Exclude<BackendEvent, { readonly type: 'people-changed' | 'failure' }>
