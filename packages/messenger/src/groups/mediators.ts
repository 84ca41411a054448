import { MediatorClient } from '@mimirjs/mediator-client'
import { fromHex } from '@mimirjs/wire'
import { MEDIATOR_DIALECTS, type MediatorPushes } from '@mimirjs/wire/mediator'
import { MessengerError } from '../error.js'
import type { GroupsContext } from './context.js'
import type { MediatorAddress, MediatorEvent } from './types.js'

export interface MediatorsParts {
  /** GOT_INVITE. */
  invite(mediator: MediatorAddress, invite: MediatorPushes['gotInvite']): void
  /** We are logged in. @param mediator - its key, 64 hex digits */
  up(mediator: string): void
}

interface Line {
  readonly client: MediatorClient
  readonly mediator: MediatorAddress
}

/** The connections to mediators: one per key, shared by its groups. */
export class Mediators {
  readonly #context: GroupsContext
  readonly #parts: MediatorsParts
  readonly #lines = new Map<string, Line>()

  constructor(context: GroupsContext, parts: MediatorsParts) {
    this.#context = context
    this.#parts = parts
  }

  /**
   * The client of this mediator, connected or on its way; the first address that we heard for a key stays until we close.
   * @throws {MessengerError} `bad-content` for what is no address
   */
  client(mediator: MediatorAddress): MediatorClient {
    checkMediator(mediator)
    return (this.#lines.get(mediator.publicKey) ?? this.#open(mediator)).client
  }

  /** The network is back. */
  retryNow(): void {
    for (const { client } of this.#lines.values()) client.retryNow()
  }

  /** How we stand with each. */
  states(): MediatorEvent[] {
    return [...this.#lines.values()].map(({ client, mediator: { publicKey, address } }) => {
      return { publicKey, address, state: client.state }
    })
  }

  /** Those that are up. */
  get connected(): number {
    return [...this.#lines.values()].filter(({ client }) => client.state.state === 'up').length
  }

  async close(timeoutMs: number): Promise<void> {
    await Promise.all([...this.#lines.values()].map(({ client }) => client.close({ timeoutMs })))
  }

  #open(mediator: MediatorAddress): Line {
    const { emitter, onError } = this.#context
    const { publicKey, address } = mediator
    const client = this.#newClient(mediator)
    client.on('state', (state) => {
      emitter.emit('mediator', { publicKey, address, state })
      if (state.state === 'up') this.#parts.up(publicKey)
    })
    client.on('invite', (invite) => this.#parts.invite(mediator, invite))
    client.on('error', ({ error }) =>
      onError(new MessengerError('mediator', `mediator ${address}: ${error.message}`, { cause: error })),
    )
    const line = { client, mediator }
    this.#lines.set(publicKey, line)
    client.start()
    return line
  }

  /** @throws {MessengerError} `bad-content` */
  #newClient({ publicKey, address, dialect }: MediatorAddress): MediatorClient {
    const { signer, transports, logger, networkClock, retry } = this.#context
    try {
      return new MediatorClient({
        signer,
        transports,
        mediatorPublicKey: fromHex(publicKey),
        address,
        ...(dialect === undefined ? {} : { dialect }),
        ...(networkClock === undefined ? {} : { clock: networkClock }),
        ...(logger === undefined ? {} : { logger }),
        ...(retry === undefined ? {} : { timers: { retryMs: retry.minMs, maxRetryMs: retry.maxMs } }),
      })
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new MessengerError('bad-content', `mediator ${address} cannot be used: ${why}`, { cause })
    }
  }
}

/** What programs without types, and files of settings, may hand in. @throws {MessengerError} `bad-content` */
export function checkMediators(mediators: unknown): void {
  if (!Array.isArray(mediators))
    throw new MessengerError(
      'bad-content',
      `mediators: expected a list of { publicKey, address }, got ${show(mediators)}`,
    )
  for (const mediator of mediators) checkMediator(mediator)
}

function checkMediator(mediator: unknown): void {
  if (typeof mediator !== 'object' || mediator === null || Array.isArray(mediator))
    throw new MessengerError('bad-content', `mediator: expected { publicKey, address }, got ${show(mediator)}`)
  const { publicKey, address, dialect } = mediator as Record<keyof MediatorAddress, unknown>
  if (typeof publicKey !== 'string' || !/^[0-9a-f]{64}$/.test(publicKey)) {
    const what = 'expected its key as 64 lower-case hex digits'
    throw new MessengerError('bad-content', `publicKey of a mediator: ${what}, got ${show(publicKey)}`)
  }
  if (typeof address !== 'string') {
    const what = "expected a text like 'tcp://mediator.example:7001'"
    throw new MessengerError('bad-content', `address of a mediator: ${what}, got ${show(address)}`)
  }
  if (dialect !== undefined && !MEDIATOR_DIALECTS.some((known) => known === dialect)) {
    const what = `expected one of ${MEDIATOR_DIALECTS.join(', ')}, or none`
    throw new MessengerError('bad-content', `dialect of mediator ${address}: ${what}, got ${show(dialect)}`)
  }
}

function show(value: unknown): string {
  if (typeof value === 'string') return value.length > 100 ? `'${value.slice(0, 100)}…'` : `'${value}'`
  return value instanceof Uint8Array ? `${value.length} bytes` : Array.isArray(value) ? 'a list' : String(value)
}
