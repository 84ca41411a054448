import { createContext } from 'preact'
import { useContext, useEffect, useState } from 'preact/hooks'
import type { Chat } from '../model/chat.js'
import type { ChatState } from '../model/state.js'
import type { Watched } from '../model/store.js'

export const ChatContext = createContext<Chat | undefined>(undefined)

/** The chat, and its state now; the view is drawn again with every change. */
export function useChat(): { chat: Chat; state: ChatState } {
  const chat = useContext(ChatContext)
  if (chat === undefined) throw new Error('useChat: there is no chat around this view')
  return { chat, state: useWatched(chat.state) }
}

export function useWatched<T>(watched: Watched<T>): T {
  const [value, setValue] = useState(watched.value)
  useEffect(() => {
    const look = (): void => setValue(watched.value)
    // It may have changed since the view was first drawn.
    look()
    return watched.watch(look)
  }, [watched])
  return value
}
