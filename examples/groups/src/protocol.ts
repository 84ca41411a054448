import type { Content, GroupRole } from '@mimirjs/messenger'

/** What the main program asks of a member. Sent over the process channel with structured cloning. */
export type Request =
  | { do: 'create'; name: string }
  | { do: 'invite'; person: string }
  | { do: 'join'; invite: string }
  | { do: 'setRole'; person: string; role: GroupRole }
  | { do: 'ban'; person: string }
  | { do: 'rotateKey' }
  | { do: 'send'; content: Content }
  | { do: 'members' }
  | { do: 'close' }

export type Command = Request & { readonly token: number }

export interface MemberLine {
  readonly name: string
  readonly role: string
}

/** From a member to the main program. */
export type Report =
  | { event: 'ready'; publicKey: string }
  | { event: 'mediator'; state: string }
  | { event: 'invited'; invite: string; group: string; name: string; from: string }
  | { event: 'banned' }
  /** `id` is that of a message or of the group. */
  | { event: 'done'; token: number; id?: string; members?: readonly MemberLine[] }
  | { event: 'refused'; token: number; reason: string }
  /** The mediator has it on disk. */
  | { event: 'delivered'; id: string; roundTripMs: number | undefined }
  | { event: 'received'; id: string; from: string; text: string; isReply: boolean }
