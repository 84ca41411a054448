import { type MediatorCommandName, type MediatorRequestFrame, mediatorCommandName } from '@mimirjs/wire/mediator'
import { type Answers, type Asked, isHeavy } from './answers.js'
import type { Command } from './commands/command.js'
import { COMMANDS, type StoredCommandName } from './commands/table.js'
import type { Connection } from './connection.js'
import { type Core, secondsOf } from './core.js'
import { UNKNOWN_COMMAND } from './error-texts.js'
import { queueInvites } from './invite-pushes.js'
import { issueNonce, judgeLogin, loginProgram } from './login.js'
import { RequestRates } from './rate-limits.js'
import { decodeRequest } from './requests.js'
import { StoredCommands } from './stored.js'

/** Takes requests in their order: which may run now, at what rate, and what logs a connection in. */
export class Dispatcher {
  readonly #core: Core
  readonly #answers: Answers
  readonly #stored: StoredCommands
  readonly #loggedIn: (connection: Connection) => void

  constructor(core: Core, answers: Answers, loggedIn: (connection: Connection) => void) {
    this.#core = core
    this.#answers = answers
    this.#stored = new StoredCommands(core, answers)
    this.#loggedIn = loggedIn
  }

  /** @returns `false`: the request has to wait for those before it, and nothing was done */
  dispatch(connection: Connection, frame: MediatorRequestFrame): boolean {
    const name = mediatorCommandName(connection.dialect, frame.command)
    if (!mayStart(connection, name)) return false
    const asked = this.#answers.open(connection, name, frame.requestId, frame.payload.length)
    if (!this.#isWithinRates(connection, frame.payload.length)) this.#answers.limited(asked)
    else if (name === undefined) this.#unknown(asked)
    else this.#handle(asked, name, frame.payload)
    return true
  }

  #isWithinRates(connection: Connection, payloadBytes: number): boolean {
    const { limits, clock, counters, rates } = this.#core
    const nowMs = clock.nowMs()
    connection.rates ??= new RequestRates(limits, nowMs)
    counters.requests++
    if (!connection.rates.takes(payloadBytes, nowMs)) return false
    const { account } = connection
    if (account !== undefined && !rates.takesRequest(account.text, payloadBytes, nowMs)) return false
    connection.rates.granted()
    return true
  }

  /** Mediator protocol §1, row "unknown command". */
  #unknown(asked: Asked): void {
    const { dialect } = asked.connection
    const requestId = dialect === 'binary' ? 0 : asked.requestId
    this.#answers.text(asked, requestId, UNKNOWN_COMMAND, dialect === 'tlv-push' ? undefined : 'protocol')
  }

  #handle(asked: Asked, name: MediatorCommandName, payload: Uint8Array): void {
    switch (name) {
      case 'ping':
        this.#answers.ok(asked, name, {})
        return
      case 'getNonce':
        this.#getNonce(asked, payload)
        return
      case 'auth':
        this.#auth(asked, payload)
        return
      default:
        // One type for all of them: the pairing of name and request is in the table.
        this.#stored.handle(asked, COMMANDS[name] as unknown as Command<StoredCommandName>, payload)
        return
    }
  }

  #getNonce(asked: Asked, payload: Uint8Array): void {
    const request = decodeRequest(asked.connection.dialect, 'getNonce', payload)
    if (typeof request === 'string') {
      this.#answers.refuse(asked, 'getNonce', request)
      return
    }
    const nonce = issueNonce(this.#core, asked.connection, request.publicKey)
    if (nonce === undefined) {
      this.#answers.refuse(asked, 'getNonce', 'storage')
      return
    }
    this.#answers.ok(asked, 'getNonce', { nonce })
  }

  #auth(asked: Asked, payload: Uint8Array): void {
    const { connection } = asked
    const { accounts, limits, store, clock, broken } = this.#core
    const request = decodeRequest(connection.dialect, 'auth', payload)
    if (typeof request === 'string') {
      this.#answers.refuse(asked, 'auth', request)
      return
    }
    const { publicKey } = request
    if (connection.account !== undefined) {
      if (accounts.find(publicKey) === connection.account) {
        this.#answers.ok(asked, 'auth', {})
        return
      }
      this.#answers.refuse(asked, 'auth', 'other')
      return
    }
    const check = judgeLogin(this.#core, connection, request)
    if (check !== undefined) {
      const isLast = connection.failedLogins >= limits.failedLogins
      this.#answers.refuse(asked, 'auth', check, isLast ? 'failed-logins' : undefined)
      return
    }
    connection.isExclusive = true
    // Before the store is asked: an invite that is written meanwhile has to find this connection.
    connection.account = accounts.join(publicKey, connection)
    const nowSeconds = secondsOf(clock)
    store
      .run(() => loginProgram(publicKey, nowSeconds))
      .then(
        (invites) => this.#welcome(asked, invites),
        (error: unknown) => this.#turnAway(asked, error),
      )
      .catch(broken)
  }

  #welcome(asked: Asked, invites: readonly bigint[]): void {
    const { connection } = asked
    connection.isExclusive = false
    if (connection.isClosed) return
    connection.session.loggedIn()
    this.#loggedIn(connection)
    this.#answers.ok(asked, 'auth', {})
    queueInvites(this.#core, connection, invites)
  }

  #turnAway(asked: Asked, error: unknown): void {
    const { connection } = asked
    connection.isExclusive = false
    if (connection.account !== undefined) this.#core.accounts.leave(connection.account, connection)
    connection.account = undefined
    connection.invites = undefined
    this.#core.storeFailed(error)
    this.#answers.refuse(asked, 'auth', 'storage')
  }
}

/** Answers go out in order anyway; this is about what runs beside what. */
function mayStart(connection: Connection, name: MediatorCommandName | undefined): boolean {
  if (connection.isExclusive) return false
  if (connection.slots.length === 0 || name === undefined || name === 'ping' || name === 'getNonce') return true
  if (name === 'auth' || COMMANDS[name].pipelined !== true) return false
  return connection.heavySlots === 0 || !isHeavy(name)
}
