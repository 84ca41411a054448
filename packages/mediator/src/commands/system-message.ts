import { equalBytes } from '@mimirjs/wire'
import { encodeSystemMessage, type SystemMessage, systemGuid } from '@mimirjs/wire/mediator'
import { call, type Program } from '../operations.js'
import type { CommandContext, Effect } from './command.js'

const GUID_BYTES = 8
/** How many guids the 32 random bytes of a command make. */
const RANDOM_GUIDS = 4

/**
 * Store a system message and have it pushed. Its guid can be foretold where its body has no random part: if somebody took it,
 * the message gets one by chance, so that nobody can keep it out of the history, nor what it tells of from happening.
 * @returns the push, or nothing when the very same message is there already (§8.6)
 * @throws when those are taken, too, or the chat is full: the command fails as a whole
 */
export function* storeSystemMessage(
  context: CommandContext,
  chatId: bigint,
  content: SystemMessage,
  toCaller: boolean,
): Program<Effect | undefined> {
  const blob = encodeSystemMessage(content)
  const { nowSeconds: timestampSeconds, mediatorKey: author, limits } = context
  // A picture in it takes room that only messages may fill; what else it says has to be said in a full chat, too.
  const maxBytes = content.event === 'chatInfoChanged' ? limits.chatBytes : undefined
  const first = systemGuid(blob, timestampSeconds)
  for (let attempt = 0; attempt <= RANDOM_GUIDS; attempt++) {
    const guid = attempt === 0 ? first : randomGuid(context.random, attempt - 1)
    const row = { guid, timestampSeconds, clientTimestampSeconds: undefined, author, blob }
    const messageId = yield* call('insertMessage', chatId, row, maxBytes)
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
  throw new SystemMessageError(`no free guid or no room for the system message ${content.event}`)
}

function randomGuid(random: Uint8Array, at: number): bigint {
  return new DataView(random.buffer, random.byteOffset, random.byteLength).getBigInt64(GUID_BYTES * at)
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
