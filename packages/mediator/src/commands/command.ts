import type { MediatorCommandName, MediatorDialect, MediatorRequests, MediatorResponses } from '@mimirjs/wire/mediator'
import type { Check } from '../error-texts.js'
import type { MediatorLimits } from '../limits.js'
import type { ChatSettings, InviteRow, Program } from '../operations.js'
import type { Moderation } from '../types.js'

/** What a command knows besides its request: one clock reading, one draw of chance (mediator protocol §21.7). */
export interface CommandContext {
  readonly dialect: MediatorDialect
  /** The key that has logged in; 32 zero bytes where a command works without. */
  readonly caller: Uint8Array
  readonly nowSeconds: bigint
  /** 32 fresh bytes. */
  readonly random: Uint8Array
  /** The author of system messages. */
  readonly mediatorKey: Uint8Array
  readonly moderation: Moderation
  readonly limits: MediatorLimits
}

/** A message as it is pushed. */
export interface PushedMessage {
  readonly messageId: bigint
  readonly guid: bigint
  readonly timestampSeconds: bigint
  readonly author: Uint8Array
  readonly blob: Uint8Array
}

/** What happens outside of the database, in this order, once the transaction is durable. */
export type Effect =
  | {
      readonly effect: 'message'
      readonly chatId: bigint
      readonly message: PushedMessage
      /** Whether the connection that asked gets it too, if it is subscribed. */
      readonly toCaller: boolean
      readonly isSystem: boolean
    }
  | {
      readonly effect: 'memberInfo'
      readonly chatId: bigint
      readonly publicKey: Uint8Array
      readonly info: Uint8Array
      readonly timestampSeconds: bigint
      readonly toCaller: boolean
    }
  /** Sent behind the answer. */
  | { readonly effect: 'requestMemberInfo'; readonly chatId: bigint; readonly lastUpdateSeconds: bigint }
  /** All subscriptions of a key in a chat end. */
  | { readonly effect: 'drop'; readonly chatId: bigint; readonly publicKey: Uint8Array }
  | { readonly effect: 'invite'; readonly invite: InviteRow; readonly settings: ChatSettings }
  | { readonly effect: 'chatCreated'; readonly chatId: bigint; readonly owner: Uint8Array }
  /** All subscriptions in a chat end. */
  | { readonly effect: 'chatDeleted'; readonly chatId: bigint }
  | { readonly effect: 'duplicate' }

/** Members as the database has them: who is online is known elsewhere. */
export interface Values extends Omit<MediatorResponses, 'getMembers' | 'getMessagesSince'> {
  getMembers: {
    readonly chatId: bigint
    readonly members: readonly { publicKey: Uint8Array; permissions: number; lastSeenSeconds: bigint }[]
  }
  /** Records encoded already. */
  getMessagesSince: { readonly count: number; readonly records: Uint8Array }
}

export interface Done<K extends MediatorCommandName> {
  readonly value: Values[K]
  readonly effects: readonly Effect[]
}

/** The first check that failed; nothing was written. */
export interface Refused {
  readonly refused: Check
}

export type Outcome<K extends MediatorCommandName> = Done<K> | Refused

/** One command: what it checks without the database, and its work in it. */
export interface Command<K extends MediatorCommandName> {
  readonly name: K
  /** Works without a login. */
  readonly anonymous?: true
  /**
   * May be in the store together with others of the same connection. Whatever changes subscriptions, invites or membership
   * waits for those before it, and those behind it wait.
   */
  readonly pipelined?: true
  /** The chat whose programs must not run beside this one. */
  chatId?(request: MediatorRequests[K]): bigint
  /** Checks that come before those of the program. */
  check?(request: MediatorRequests[K], context: CommandContext): Check | undefined
  program(request: MediatorRequests[K], context: CommandContext): Program<Outcome<K>>
}

const NO_EFFECTS: readonly Effect[] = []

export function done<K extends MediatorCommandName>(
  value: Values[K],
  effects: readonly Effect[] = NO_EFFECTS,
): Done<K> {
  return { value, effects }
}

export function refused(check: Check): Refused {
  return { refused: check }
}

export function chatOf(request: { readonly chatId: bigint }): bigint {
  return request.chatId
}
