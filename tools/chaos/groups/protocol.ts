export type Kind = 'text' | 'large' | 'reply' | 'edit'

/** From the driver to a member's process. */
export type Command =
  | { do: 'create' }
  | { do: 'invite'; person: string }
  | { do: 'send'; kind: Kind; token: number }
  /** Somebody gets a role, if the mediator can be reached; it does not matter whether. */
  | { do: 'role'; person: string; isModerator: boolean }
  | { do: 'status' }
  | { do: 'close' }

/** From a member's process to the driver. */
export type Report =
  | { event: 'ready'; publicKey: string }
  /** It was accepted, or there was nothing to do it to. */
  | { event: 'accepted'; token: number; isMessage: boolean }
  | { event: 'rejected'; token: number; reason: string }
  | { event: 'invited' }
  | { event: 'status'; undelivered: number; unhandled: number; group: GroupStatus | undefined }

export interface GroupStatus {
  readonly id: string
  readonly chatId: string
  /** Everything up to this message of the mediator is on disk. */
  readonly syncedTo: string
  /** Members that are not gone. */
  readonly members: number
}

/** How a member's process is started: one JSON argument. */
export interface MemberOptions {
  readonly folder: string
  readonly name: string
  /** 64 hex digits. */
  readonly key: string
  /** 64 hex digits. */
  readonly mediator: string
  /** The faulty link to the mediator. */
  readonly mediatorAddress: string
  readonly seed: number
  /** Share of messages that the handler answers, 0 to 1. */
  readonly replies: number
}
