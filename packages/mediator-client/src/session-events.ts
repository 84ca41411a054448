import type { MediatorCommandName, MediatorPushes, MediatorPushName, MediatorResponses } from '@mimirjs/wire/mediator'
import type { MediatorError } from './error.js'

type AnsweredEvent = {
  [K in MediatorCommandName]: {
    readonly type: 'answered'
    readonly requestId: number
    readonly command: K
    readonly value: MediatorResponses[K]
  }
}[MediatorCommandName]

type PushEvent = {
  [K in MediatorPushName]: { readonly type: 'push'; readonly push: K; readonly value: MediatorPushes[K] }
}[MediatorPushName]

export type SessionEvent =
  /** The mediator did what it was asked for. */
  | AnsweredEvent
  /** It did not, or did not say. */
  | { readonly type: 'failed'; readonly requestId: number; readonly error: MediatorError }
  | PushEvent
  /** Something that fits nothing was dropped; for the log. */
  | { readonly type: 'dropped'; readonly why: string }
  /** Once, and last: whatever is still open has failed with it. */
  | { readonly type: 'closed'; readonly error: MediatorError }
