import type { Signer } from '@mimirjs/crypto'
import type { Clock, Emitter, Logger, Transports } from '@mimirjs/transport'
import type { Content } from '../content.js'
import type { Conversations } from '../conversations.js'
import type { RetryOptions } from '../courier.js'
import type { Inbox } from '../inbox.js'
import type { Sent } from '../message.js'
import type { Metering } from '../metering.js'
import type { People } from '../people.js'
import type { Profile } from '../settings.js'
import type { Store } from '../store.js'
import type { StoreAccess } from '../store-access.js'
import type { MessengerEvents } from '../types.js'
import type { GroupInvitePolicy, MediatorAddress } from './types.js'

/** What the groups of a messenger stand on. */
export interface GroupsContext {
  readonly store: Store
  readonly access: StoreAccess
  readonly clock: Clock
  /** For connections; their own when it is not given. */
  readonly networkClock?: Clock
  /** Pauses between attempts to reach a mediator; its own when they are not given. */
  readonly retry?: RetryOptions
  readonly people: People
  readonly signer: Signer
  readonly transports: Transports
  /** Ours, 64 lower-case hex digits. */
  readonly publicKey: string
  readonly mediators: readonly MediatorAddress[]
  readonly policy: GroupInvitePolicy
  readonly conversations: Conversations
  readonly emitter: Emitter<MessengerEvents>
  readonly inbox: Inbox
  readonly metering: Metering
  readonly logger: Logger | undefined
  profile(): Profile
  send(group: string, content: Content): Promise<Sent>
  /** @throws {MessengerError} `bad-key`, also for our own */
  toOther(person: string | Uint8Array): string
  /** Whoever waits for a delivery should look again. */
  wakeWaiting(): void
  /** A group is gone from the store, with all that was said in it. */
  removed(): Promise<void>
  assertOpen(): void
  isClosing(): boolean
  onError(this: void, error: unknown): void
}
