import { MulticastError } from '../error.js'
import type { Core } from './core.js'
import { requirePayload } from './payload.js'
import type { Session } from './session.js'
import type { Answer } from './types.js'

/** The answer to one message. */
export class SessionAnswer implements Answer {
  readonly #core: Core
  readonly #session: Session
  readonly #ticket: number
  #isSent = false

  constructor(core: Core, session: Session, ticket: number) {
    this.#core = core
    this.#session = session
    this.#ticket = ticket
  }

  send(payload: Uint8Array): void {
    if (this.#isSent) throw new MulticastError('misuse', 'expected one answer to a message, got a second')
    requirePayload(this.#core.limits, payload)
    this.#isSent = true
    const key = this.#session.candidates[0]?.key
    const bytes = key === undefined ? undefined : this.#core.seal(this.#session, key, payload)
    // Closed, by then or by this.
    if (bytes === undefined) return
    this.#core.sendTo(this.#session, bytes)
    this.#session.answers?.keep(this.#ticket, bytes)
  }
}
