import { createContext } from 'preact'
import { useContext, useEffect, useState } from 'preact/hooks'
import type { Chat } from '../model/chat.js'
import type { ChatState } from '../model/state.js'

export const ChatContext = createContext<Chat | undefined>(undefined)

/** The chat, and its state now; the view is drawn again with every change. */
export function useChat(): { chat: Chat; state: ChatState } {
  const chat = useContext(ChatContext)
  if (chat === undefined) throw new Error('useChat: there is no chat around this view')
  const [state, setState] = useState(chat.state.value)
  useEffect(() => {
    const look = (): void => setState(chat.state.value)
    // It may have changed since the view was first drawn.
    look()
    return chat.state.watch(look)
  }, [chat])
  return { chat, state }
}
