import { Watched } from './store.js'

/** What was begun and not sent yet, by person: looking at somebody else does not end it. */
export class Drafts extends Watched<Readonly<Record<string, string>>> {
  constructor() {
    super({})
  }

  of(peer: string): string {
    return this.value[peer] ?? ''
  }

  write(peer: string, text: string): void {
    this.change({ [peer]: text })
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
