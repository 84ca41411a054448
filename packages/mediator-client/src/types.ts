import type { Signer } from '@mimirjs/crypto'
import type { ByteStream, Clock, Logger, Transports } from '@mimirjs/transport'
import type {
  MediatorDialect,
  MediatorPushes,
  MemberInfoRecord,
  MemberRecord,
  SystemMessage,
} from '@mimirjs/wire/mediator'
import type { MediatorError } from './error.js'
import type { MediatorClientLimits } from './limits.js'
import type { MediatorTimers } from './timers.js'

/** What every client is told. */
export interface MediatorClientCommonOptions {
  /** The identity that logs in. It signs nonces of 32 bytes and proofs of work of 36, and nothing else. */
  readonly signer: Signer
  /** 32 bytes: the author of system messages, and whom the network has to prove, where it proves anything. */
  readonly mediatorPublicKey: Uint8Array
  /** Keys that this mediator had before: system messages in old rows may bear them. */
  readonly formerMediatorKeys?: readonly Uint8Array[]
  /** Default: ms since 1970, counted steadily. */
  readonly clock?: Clock
  readonly logger?: Logger
  readonly limits?: Partial<MediatorClientLimits>
  readonly timers?: Partial<MediatorTimers>
  /** Unpredictable bytes, for the pauses between attempts. Default: those of the system. */
  readonly random?: (byteLength: number) => Uint8Array
  /**
   * Refuses to sign a nonce that means something elsewhere, for example the challenge of a peer that is being answered;
   * the mediator is then asked for another one. Default: refuses points of the curve, as half of all nonces are, for one
   * could be a node key that somebody wants announced to trackers in our name. Our own key, the mediator's, and a nonce seen
   * before are always refused.
   */
  readonly refuseNonce?: (nonce: Uint8Array) => boolean
}

export type MediatorClientOptions = MediatorClientCommonOptions &
  (
    | {
        /** Opens a stream to the mediator; should give up when the signal aborts. */
        dial(signal: AbortSignal): Promise<ByteStream>
        /** What the mediator speaks. Default `tlv-push`. */
        readonly dialect?: MediatorDialect
      }
    | {
        readonly transports: Transports
        /** Address URL of the mediator, for example `tcp://127.0.0.1:5051`. */
        readonly address: string
        /** What the mediator speaks. Default by the scheme of the address: `tlv` for `quic`, else `tlv-push`. */
        readonly dialect?: MediatorDialect
      }
  )

/** Where the connection stands; `failures` are attempts and connections that failed in a row since the last login. */
export type MediatorState =
  /** Before `start`. */
  | { readonly state: 'idle' }
  | { readonly state: 'connecting'; readonly failures: number }
  /** Logged in. */
  | { readonly state: 'up' }
  /** The last attempt or connection failed; the next attempt is at `retryAtMs` of the client's clock. */
  | {
      readonly state: 'waiting'
      readonly reason: MediatorError
      readonly retryAtMs: number
      readonly failures: number
    }
  /** Given up, for trying again cannot help: `wrong-mediator`, `auth`, `key-capability`, `transport`. */
  | { readonly state: 'stopped'; readonly reason: MediatorError }
  | { readonly state: 'closed' }

export interface MediatorClientEvents extends Record<string, unknown> {
  state: MediatorState
  /** An invite for us. The same `inviteId` may come again, after every login: then it is an update. Keep it first. */
  invite: MediatorPushes['gotInvite']
  /** A message was pushed, of whatever chat we are subscribed to. Nothing is acknowledged: use `follow` to lose nothing. */
  message: { readonly chatId: bigint; readonly message: ReceivedMessage }
  /** A member changed its info; `chatId` is unknown in the dialect `binary`. */
  memberInfo: { readonly chatId: bigint | undefined; readonly members: readonly MemberInfoRecord[] }
  /** The mediator asks for our member info, if it is newer than `lastUpdateSeconds`. */
  infoRequested: { readonly chatId: bigint; readonly lastUpdateSeconds: bigint }
  /** Something failed in the background; `chatId` where it belongs to one chat. Nothing is lost by it. */
  error: { readonly error: Error; readonly chatId: bigint | undefined }
}

export interface CallOptions {
  /** Gives up: `aborted`. What was sent already may be done all the same. */
  readonly signal?: AbortSignal
  /** From the last byte written to the answer, and as long for a connection. Default: see {@link MediatorTimers}. */
  readonly timeoutMs?: number
}

/** A message as it came from the mediator, which vouches for its author. */
export interface ReceivedMessage {
  /** Per chat, growing; 0 for what is stored nowhere. */
  readonly messageId: bigint
  /** The outer guid; that inside of the encrypted message may be lower by up to 9. */
  readonly guid: bigint
  /** Seconds since 1970; `undefined` in the dialect `binary`. */
  readonly timestampSeconds: bigint | undefined
  /** 32 bytes. */
  readonly author: Uint8Array
  /** Encrypted, or the body of a system message. Yours. */
  readonly blob: Uint8Array
  /** The mediator itself is the author. */
  readonly isSystem: boolean
  /** What it says, if it is a system message of a known kind. */
  readonly system: SystemMessage | undefined
}

/** What was received, to be stored as a whole or not at all. */
export interface ReceivedBatch {
  readonly messages: readonly ReceivedMessage[]
  /** Everything of the mediator up to this message id is in this batch or was in one before. */
  readonly syncedTo: bigint
}

/** What a chat does with what is received. */
export interface ChatFollower {
  /** Where to start: `syncedTo` of the last batch that was stored; 0 for a new chat. */
  readonly syncedTo: bigint
  /** The newest timestamp of a member info that was received of this chat; 0 or absent: all are asked for. */
  readonly infoSinceSeconds?: bigint
  /**
   * Put the messages, in this order, and `syncedTo` on disk, together; then resolve: the next batch waits for it. Often
   * there are no messages, only a new `syncedTo`. After a rejection the same batch is offered again after a pause. The
   * same `messageId` may come again: drop it then.
   */
  store(batch: ReceivedBatch): Promise<void>
  /** The whole list, after every connect and after it changed. */
  members?(members: readonly MemberRecord[]): void | Promise<void>
  /** Some of the infos; one with an empty `info` says nothing new. */
  memberInfos?(infos: readonly MemberInfoRecord[]): void | Promise<void>
  /** What is stored nowhere: `chatDeleted`, `memberOnline`. */
  event?(message: SystemMessage): void
  /**
   * Upload our own info if it is newer than this. If it is `missing` at the mediator, upload it in any case, under a
   * timestamp above `lastUpdateSeconds` (mediator protocol §14).
   */
  infoRequested?(lastUpdateSeconds: bigint, missing: boolean): void
  /** All that was missing is stored: send now what is unsent. Comes after every connect, and every other subscription. */
  ready?(): void
  /**
   * The mediator refuses us here: `not-member` (banned, left, or the chat is gone), or `read-only`: then we go on reading
   * by looking every 60 s.
   */
  refused?(error: MediatorError): void
}

/** A chat that is followed. */
export interface Following {
  readonly chatId: bigint
  /** As last stored. */
  readonly syncedTo: bigint
  /** A message of our own is stored under this id at the mediator, and here. */
  sent(messageId: bigint): void
  /** Subscribe again and look for members and messages: after a refusal, or when something changed. */
  refresh(): void
  /** Nothing more is handed over; a `store` that runs goes on. The mediator has no unsubscribe, so pushes are dropped. */
  stop(): void
}
