import { Watched } from './store.js'

/**
 * What was begun and not sent yet, by person: neither looking at somebody else nor loading the page again ends it. The window
 * remembers it, as well as it can.
 */
export class Drafts extends Watched<Readonly<Record<string, string>>> {
  readonly #key: string

  /** @param profile - which person of this browser */
  constructor(profile: string) {
    const key = `web-chat-drafts:${profile}`
    super(recall(key))
    this.#key = key
  }

  of(peer: string): string {
    return this.value[peer] ?? ''
  }

  write(peer: string, text: string): void {
    this.change({ [peer]: text })
    try {
      sessionStorage.setItem(this.#key, JSON.stringify(this.value))
    } catch {
      // It is forbidden, or there is no room: then it ends with the page.
    }
  }

  /** To be sent; there is room for what comes next. */
  take(peer: string): string {
    const text = this.of(peer)
    this.write(peer, '')
    return text
  }

  /** It was not sent after all: it comes before what was written since. */
  giveBack(peer: string, text: string): void {
    this.write(peer, [text, this.of(peer)].filter((part) => part !== '').join('\n'))
  }
}

function recall(key: string): Record<string, string> {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(key) ?? '{}')
    return Object.fromEntries(Object.entries(found ?? {}).filter(([, text]) => typeof text === 'string'))
  } catch {
    return {}
  }
}
