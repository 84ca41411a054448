import { equalBytes } from '@mimirjs/wire'
import { encodeSystemMessage, type SystemMessage, systemGuid } from '@mimirjs/wire/mediator'
import { call, type Program } from '../operations.js'
import type { CommandContext, Effect } from './command.js'

/** Guids that are tried, the first and those above it (mediator protocol §16). */
export const GUID_ATTEMPTS = 10

/**
 * Store a system message and have it pushed. Bodies with a random part meet no other guid but by accident or because
 * somebody guessed it; the next free one is taken then, so that nobody can keep a system message out of the history.
 * @returns the push, or nothing when the very same message is there already (§8.6)
 * @throws when ten guids in a row are taken: the command fails as a whole
 */
export function* storeSystemMessage(
  context: CommandContext,
  chatId: bigint,
  content: SystemMessage,
  toCaller: boolean,
): Program<Effect | undefined> {
  const blob = encodeSystemMessage(content)
  const { nowSeconds: timestampSeconds, mediatorKey: author } = context
  const first = systemGuid(blob, timestampSeconds)
  for (let attempt = 0; attempt < GUID_ATTEMPTS; attempt++) {
    const guid = BigInt.asIntN(64, first + BigInt(attempt))
    const row = { guid, timestampSeconds, clientTimestampSeconds: undefined, author, blob }
    const messageId = yield* call('insertMessage', chatId, row)
    if (messageId !== undefined)
      return {
        effect: 'message',
        chatId,
        message: { messageId, guid, timestampSeconds, author, blob },
        toCaller,
        isSystem: true,
      }
    const taken = yield* call('messageByGuid', chatId, guid)
    if (attempt === 0 && !('random' in content) && taken !== undefined && equalBytes(taken.author, author))
      return undefined
  }
  throw new SystemMessageError(`no free guid for the system message ${content.event}`)
}

/** Thrown inside a program, so that its transaction is undone. */
class SystemMessageError extends Error {
  override readonly name = 'SystemMessageError'
}

export function isSystemMessageError(error: unknown): boolean {
  return error instanceof Error && error.name === 'SystemMessageError'
}

/** An event that is not kept: message id 0 (§10). */
export function unstored(context: CommandContext, chatId: bigint, content: SystemMessage, toCaller: boolean): Effect {
  const blob = encodeSystemMessage(content)
  const { nowSeconds: timestampSeconds, mediatorKey: author } = context
  const guid = systemGuid(blob, timestampSeconds)
  return {
    effect: 'message',
    chatId,
    message: { messageId: 0n, guid, timestampSeconds, author, blob },
    toCaller,
    isSystem: true,
  }
}

export function present<T>(...effects: readonly (T | undefined)[]): T[] {
  return effects.filter((effect): effect is T => effect !== undefined)
}
