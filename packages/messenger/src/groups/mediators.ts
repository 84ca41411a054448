import { MediatorClient } from '@mimirjs/mediator-client'
import { fromHex } from '@mimirjs/wire'
import type { MediatorPushes } from '@mimirjs/wire/mediator'
import { MessengerError } from '../error.js'
import type { GroupsContext } from './context.js'
import type { MediatorAddress } from './types.js'

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
    return (this.#lines.get(mediator.publicKey) ?? this.#open(mediator)).client
  }

  /** The network is back. */
  retryNow(): void {
    for (const { client } of this.#lines.values()) client.retryNow()
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
    if (typeof publicKey !== 'string' || !/^[0-9a-f]{64}$/.test(publicKey))
      throw new MessengerError(
        'bad-content',
        `mediator: expected its key as 64 lower-case hex digits, got '${publicKey}'`,
      )
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
