import type { MessageContent } from '../store.js'

/** What is said, without the rest of a message. */
export function contentOf(message: MessageContent): MessageContent {
  const { guid, replyTo, sendTimeMs, editTimeMs, messageType, payload } = message
  return { guid, replyTo, sendTimeMs, editTimeMs, messageType, payload }
}
