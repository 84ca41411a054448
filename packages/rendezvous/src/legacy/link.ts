import { Emitter } from '@mimirjs/transport'
import { encodeLegacyChannelFrame, LEGACY_CHAT_MAX_LENGTH } from '@mimirjs/wire/rendezvous'
import { RendezvousError } from '../error.js'
import type { LegacyCloseReason, LegacyPerson } from './types.js'

/** What happens on a {@link LegacyLink}. */
export interface LegacyLinkEvents extends Record<string, unknown> {
  /** A message; text is to be shown as text, and nothing that it names is to be loaded. */
  readonly chat: { readonly text: string }
  /** Their profile, which replaces the one before. */
  readonly shared: { readonly name: string | undefined }
  /** Once, last. */
  readonly closed: { readonly reason: LegacyCloseReason }
}

/** What a link needs of its node. */
export interface LegacyLinkHost {
  /** @returns whether the channel took it */
  send(text: string): boolean
  close(): void
  threw(error: unknown): void
}

/**
 * A direct connection with somebody. Nothing says whether a message arrived: the protocol has no word for that.
 * rendezvous protocol A10
 */
export class LegacyLink {
  /** Who is on the other side. */
  readonly person: LegacyPerson
  readonly #host: LegacyLinkHost
  readonly #events: Emitter<LegacyLinkEvents>
  #closeReason: LegacyCloseReason | undefined
  #name: string | undefined

  /** @internal */
  constructor(person: LegacyPerson, host: LegacyLinkHost) {
    this.person = person
    this.#host = host
    this.#events = new Emitter((error) => host.threw(error))
  }

  /** `false` is for good. */
  get isOpen(): boolean {
    return this.#closeReason === undefined
  }

  /** Why it is over. */
  get closeReason(): LegacyCloseReason | undefined {
    return this.#closeReason
  }

  /** The name that they gave themselves, which anybody may take. */
  get name(): string | undefined {
    return this.#name
  }

  /** Listen to what happens. @returns a function that takes the listener off again */
  on<Name extends keyof LegacyLinkEvents & string>(
    name: Name,
    listener: (event: LegacyLinkEvents[Name]) => void,
  ): () => void {
    return this.#events.on(name, listener)
  }

  /** Send a message. @throws {RendezvousError} `too-large` above 8192 characters | `closed` */
  sendChat(text: string): void {
    if (text.length > LEGACY_CHAT_MAX_LENGTH)
      throw new RendezvousError(
        'too-large',
        `expected at most ${LEGACY_CHAT_MAX_LENGTH} characters, got ${text.length}`,
      )
    this.#send(encodeLegacyChannelFrame({ type: 'chat', text }))
  }

  /** End it. Does nothing when it is over. */
  close(): void {
    if (this.isOpen) this.#host.close()
  }

  /** @internal Tell them who we say we are. */
  sendShared(name: string | undefined): void {
    if (this.isOpen)
      this.#host.send(encodeLegacyChannelFrame({ type: 'shared', ...(name === undefined ? {} : { name }) }))
  }

  /** @internal */
  chatted(text: string): void {
    this.#events.emit('chat', { text })
  }

  /** @internal */
  named(name: string | undefined): void {
    this.#name = name
    this.#events.emit('shared', { name })
  }

  /** @internal */
  ended(reason: LegacyCloseReason): void {
    this.#closeReason = reason
    this.#events.emit('closed', { reason })
  }

  #send(text: string): void {
    if (!this.isOpen || !this.#host.send(text)) throw new RendezvousError('closed', 'this link is over; connect again')
  }
}
