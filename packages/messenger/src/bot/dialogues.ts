import type { Clock } from '@mimirjs/transport'
import type { Content } from '../content.js'
import { MessengerError } from '../error.js'
import type { IncomingMessage, Sent } from '../message.js'
import { type Held, OpenDialogue } from './dialogue.js'
import type { Scope } from './scope.js'

/** More than a program can follow; strangers may make it open them, so there is an end to it. */
export const MAX_DIALOGUES = 1_000

export interface DialogueParts {
  readonly clock: Clock
  send(peer: string, content: Content): Promise<Sent>
}

/** The dialogues that are open: one per person at most. */
export class Dialogues {
  /** The one used longest ago stands first. */
  readonly #open = new Map<string, OpenDialogue>()
  readonly #scope: () => Scope | undefined

  /** @param scope - the handler that calls, if it is one */
  constructor(scope: () => Scope | undefined) {
    this.#scope = scope
  }

  get size(): number {
    return this.#open.size
  }

  /** One that a handler opens ends with the handler. @throws {MessengerError} `busy` */
  open(peer: string, { clock, send }: DialogueParts): OpenDialogue {
    if (this.#open.has(peer))
      throw new MessengerError('busy', `there is a conversation with ${peer} already: end it first, or go on with it`)
    this.#makeRoom()
    const scope = this.#scope()
    const dialogue: OpenDialogue = new OpenDialogue(peer, {
      clock,
      during: scope?.message,
      opener: openerOf(peer, scope),
      send: (content) => send(peer, content),
      onWait: () => {
        this.#touch(dialogue)
        return this.#scope()?.park() ?? (() => {})
      },
      onEnd: () => this.#open.delete(peer),
    })
    this.#open.set(peer, dialogue)
    scope?.add(dialogue)
    return dialogue
  }

  /** @returns whether the message counts as handled; `false` when no dialogue looked at it */
  async offer(message: IncomingMessage, park: () => () => void): Promise<boolean> {
    // One may end and another begin while the message waits.
    for (let dialogue: OpenDialogue | undefined; (dialogue = this.#open.get(message.from)); ) {
      this.#touch(dialogue)
      const unpark = park()
      try {
        const taken = await dialogue.offer(message)
        if (taken || this.#open.get(message.from) === dialogue) return taken
      } finally {
        unpark()
      }
    }
    return false
  }

  /** The messenger closes. */
  close(): void {
    const closed = new MessengerError('closed', 'the messenger is closed')
    for (const dialogue of [...this.#open.values()]) dialogue.stop(closed)
  }

  #touch(dialogue: OpenDialogue): void {
    if (!this.#open.delete(dialogue.peer)) return
    this.#open.set(dialogue.peer, dialogue)
  }

  #makeRoom(): void {
    if (this.#open.size < MAX_DIALOGUES) return
    const all = [...this.#open.values()]
    const oldest = all.find(({ isWaiting }) => isWaiting) ?? all[0]
    oldest?.stop(new MessengerError('no-answer', 'too many conversations: the one that waited longest has ended'))
  }
}

function openerOf(peer: string, scope: Scope | undefined): Held | undefined {
  if (scope === undefined || scope.isFinished || scope.message.from !== peer) return undefined
  return { message: scope.message, settle: () => scope.finish(), fail: () => {} }
}
