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
  /** The group in which the person is to say it; absent for what it says to us alone. */
  readonly group?: string
  send(peer: string, content: Content): Promise<Sent>
}

/** The dialogues that are open: one per person at most, in each group and outside. */
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
  open(peer: string, { clock, send, group }: DialogueParts): OpenDialogue {
    const key = keyOf(peer, group)
    if (this.#open.has(key))
      throw new MessengerError('busy', `there is a conversation with ${peer} already: end it first, or go on with it`)
    this.#makeRoom()
    const scope = this.#scope()
    const to = group ?? peer
    const dialogue: OpenDialogue = new OpenDialogue(peer, {
      clock,
      to,
      during: scope?.message,
      opener: openerOf(key, scope),
      send: (content) => send(to, content),
      onWait: () => {
        this.#touch(key, dialogue)
        return this.#scope()?.park() ?? (() => {})
      },
      onEnd: () => this.#open.delete(key),
    })
    this.#open.set(key, dialogue)
    scope?.add(dialogue)
    return dialogue
  }

  /** @returns whether the message counts as handled; `false` when no dialogue looked at it */
  async offer(message: IncomingMessage, park: () => () => void): Promise<boolean> {
    // One may end and another begin while the message waits.
    const key = keyOf(message.from, message.group?.id)
    for (let dialogue: OpenDialogue | undefined; (dialogue = this.#open.get(key)); ) {
      this.#touch(key, dialogue)
      const unpark = park()
      try {
        const taken = await dialogue.offer(message)
        if (taken || this.#open.get(key) === dialogue) return taken
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

  #touch(key: string, dialogue: OpenDialogue): void {
    if (!this.#open.delete(key)) return
    this.#open.set(key, dialogue)
  }

  #makeRoom(): void {
    if (this.#open.size < MAX_DIALOGUES) return
    const all = [...this.#open.values()]
    const oldest = all.find(({ isWaiting }) => isWaiting) ?? all[0]
    oldest?.stop(new MessengerError('no-answer', 'too many conversations: the one that waited longest has ended'))
  }
}

/** What a person says in a group is not said to us alone. */
function keyOf(peer: string, group: string | undefined): string {
  return group === undefined ? peer : `${group} ${peer}`
}

function openerOf(key: string, scope: Scope | undefined): Held | undefined {
  if (scope === undefined || scope.isFinished) return undefined
  if (keyOf(scope.message.from, scope.message.group?.id) !== key) return undefined
  return { message: scope.message, settle: () => scope.finish(), fail: () => {} }
}
