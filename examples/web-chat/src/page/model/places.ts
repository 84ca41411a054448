import type { Chat } from './chat.js'

/** What the browser remembers of each place in its history. */
interface Place {
  /** Whose conversation was open. */
  readonly peer?: string
}

/**
 * The address of the window and its Back button. A conversation is a place of its own: Back leads from it to the people, and a
 * page that is loaded again is where it was. A link behind `#` is considered, and leaves the address.
 */
export function followPlaces(chat: Pick<Chat, 'state' | 'select' | 'consider' | 'notify'>): void {
  let shown: string | undefined
  let isReady = false
  /** To where the browser says we are. */
  const go = (): void => {
    const { people, selected } = chat.state.value
    const peer = people.find((person) => person.peer === placeNow())?.peer
    if (peer !== selected) void chat.select(peer)
  }
  const openLink = (): void => {
    const link = location.hash.slice(1)
    if (link === '') return
    history.replaceState(placeOf(chat.state.value.selected), '', location.pathname + location.search)
    const problem = chat.consider(link)
    if (problem !== '') chat.notify(problem)
  }
  const look = (): void => {
    // Until somebody is there to be asked, the link stays where it is: another window may want it, or this one, loaded again.
    if (chat.state.value.phase.name !== 'ready') return
    openLink()
    if (!isReady) {
      isReady = true
      go()
    }
    const { selected } = chat.state.value
    if (selected === shown) return
    shown = selected
    if (selected === placeNow()) return
    if (selected === undefined) history.back()
    else if (placeNow() === undefined) history.pushState(placeOf(selected), '')
    else history.replaceState(placeOf(selected), '')
  }
  chat.state.watch(look)
  window.addEventListener('hashchange', look)
  // A link that is opened is a step in the history, too, and leads nowhere else.
  window.addEventListener('popstate', () => location.hash === '' && go())
}

const placeNow = (): string | undefined => (history.state as Place | null)?.peer

const placeOf = (peer: string | undefined): Place | null => (peer === undefined ? null : { peer })
