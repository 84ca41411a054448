import { MediatorError } from './error.js'
import { isNonceError } from './server-text.js'
import type { MediatorSession } from './session.js'
import type { SessionEvent } from './session-events.js'

export type LoginStep =
  /** Sign these 32 bytes and hand the signature to {@link Login.signed}. */
  | { readonly type: 'sign'; readonly nonce: Uint8Array }
  | { readonly type: 'done' }
  /** No login on this connection; `isFatal`: nor on another one, as things are. */
  | { readonly type: 'failed'; readonly error: MediatorError; readonly isFatal: boolean }

export interface LoginOptions {
  /** The identity that logs in, 32 bytes. */
  readonly publicKey: Uint8Array
  /** For the signature of our own signer, in ms. */
  readonly signMs: number
  /** Nonces asked for, one after the other. */
  readonly maxNonces: number
  mayBeSigned(nonce: Uint8Array): boolean
}

/** Somebody else who logs in as us at the same moment takes our nonce away (mediator protocol §6). */
const MAX_RETRIES = 3

/**
 * The steps from an open connection to a login: GET_NONCE, a signature, AUTH. There is never more than one nonce under
 * way, and AUTH is repeated only when the mediator does not know the nonce any more.
 */
export class Login {
  readonly #session: MediatorSession
  readonly #options: LoginOptions
  #requestId: number
  #nonce: Uint8Array | undefined
  #nonces = 0
  #retries = 0
  #signBeforeMs = Number.POSITIVE_INFINITY

  constructor(session: MediatorSession, options: LoginOptions) {
    this.#session = session
    this.#options = options
    this.#requestId = this.#askForNonce()
  }

  /** When {@link tick} next has work. */
  get nextDeadlineMs(): number {
    return this.#signBeforeMs
  }

  tick(nowMs: number): LoginStep | undefined {
    if (nowMs < this.#signBeforeMs) return undefined
    return failed(new MediatorError('timeout', 'login: no signature of our own signer in time'))
  }

  /** What an event of the session means for the login; `undefined`: nothing yet, or nothing at all. */
  step(event: SessionEvent, nowMs: number): LoginStep | undefined {
    if (event.type === 'failed' && event.requestId === this.#requestId) return this.#failed(event.error)
    if (event.type !== 'answered' || event.requestId !== this.#requestId) return undefined
    if (event.command === 'auth') return { type: 'done' }
    return event.command === 'getNonce' ? this.#received(event.value.nonce, nowMs) : undefined
  }

  /** The signature that `sign` asked for. @throws {MediatorError} `invalid` when it is none */
  signed(signature: Uint8Array): void {
    const nonce = this.#nonce
    if (nonce === undefined || this.#session.isClosed) return
    this.#nonce = undefined
    this.#signBeforeMs = Number.POSITIVE_INFINITY
    const { publicKey } = this.#options
    this.#requestId = this.#session.request('auth', { publicKey, nonce, signature })
  }

  #askForNonce(): number {
    this.#nonces++
    return this.#session.request('getNonce', { publicKey: this.#options.publicKey })
  }

  #received(nonce: Uint8Array, nowMs: number): LoginStep | undefined {
    if (this.#options.mayBeSigned(nonce)) {
      this.#nonce = nonce
      this.#signBeforeMs = nowMs + this.#options.signMs
      return { type: 'sign', nonce }
    }
    if (this.#nonces >= this.#options.maxNonces) {
      return failed(new MediatorError('protocol', `login: none of ${this.#nonces} nonces may be signed`))
    }
    this.#requestId = this.#askForNonce()
    return undefined
  }

  #failed(error: MediatorError): LoginStep | undefined {
    if (isNonceError(error.remoteText) && this.#retries < MAX_RETRIES) {
      this.#retries++
      this.#requestId = this.#askForNonce()
      return undefined
    }
    const isFatal = (error.code === 'auth' && !isNonceError(error.remoteText)) || error.code === 'invalid'
    return failed(error, isFatal)
  }
}

function failed(error: MediatorError, isFatal = false): LoginStep {
  return { type: 'failed', error, isFatal }
}
