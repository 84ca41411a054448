import { MediatorClient, type ReceivedMessage } from '@mimirjs/mediator-client'
import type { MemberRecord, SystemMessage } from '@mimirjs/wire/mediator'
import { signerOf, transports } from '../../support/raw-client.js'
import { keyOf, MEDIATOR } from './keys.js'

/** How many of its messages a member has unanswered at once. */
const WINDOW = 8

/** A member of one chat that keeps everything, and sends until everything is acknowledged. */
export class Member {
  readonly client: MediatorClient
  readonly received = new Map<bigint, ReceivedMessage>()
  /** Of our own messages: the id under which each guid is stored. */
  readonly acknowledged = new Map<bigint, bigint>()
  readonly online = new Map<string, boolean>()
  members: readonly MemberRecord[] = []
  /** Told how many messages are acknowledged, at each one. */
  onAcknowledged: ((count: number) => void) | undefined
  readonly #chatId: bigint
  readonly #unsent: { guid: bigint; blob: Uint8Array }[] = []
  #isReady = false
  #inFlight = 0
  #following

  /** @param addressNow - where to connect, asked before every attempt */
  constructor(number: number, chatId: bigint, addressNow: () => string) {
    this.#chatId = chatId
    this.client = new MediatorClient({
      signer: signerOf(number),
      mediatorPublicKey: keyOf(MEDIATOR),
      dialect: 'tlv-push',
      dial: (signal) => transports.dial(addressNow(), { signal }),
      timers: { retryMs: 50 },
    })
    this.client.on('state', ({ state }) => {
      if (state !== 'up') this.#isReady = false
    })
    this.#following = this.client.follow(chatId, {
      syncedTo: 0n,
      store: async ({ messages }) => {
        for (const message of messages) this.received.set(message.messageId, message)
      },
      event: (event) => this.#event(event),
      members: (members) => {
        this.members = members
      },
      ready: () => {
        this.#isReady = true
        this.#send()
      },
      refused: () => {
        this.#isReady = false
      },
    })
    this.client.start()
  }

  /** Accepted for sending; on its way as soon as there is a connection. */
  post(guid: bigint, blob: Uint8Array): void {
    this.#unsent.push({ guid, blob })
    this.#send()
  }

  get isAllSent(): boolean {
    return this.#unsent.length === 0 && this.#inFlight === 0
  }

  #event(event: SystemMessage): void {
    if (event.event === 'memberOnline') this.online.set(Buffer.from(event.publicKey).toString('hex'), event.online)
  }

  #send(): void {
    while (this.#isReady && this.#inFlight < WINDOW) {
      const next = this.#unsent.shift()
      if (next === undefined) return
      this.#inFlight++
      void this.#sendOne(next)
    }
  }

  async #sendOne(message: { guid: bigint; blob: Uint8Array }): Promise<void> {
    try {
      const { messageId } = await this.client.sendMessage({
        chatId: this.#chatId,
        timestampSeconds: 1_700_000_000n,
        ...message,
      })
      this.acknowledged.set(message.guid, messageId)
      this.onAcknowledged?.(this.acknowledged.size)
      this.#following.sent(messageId)
    } catch {
      // The very same again after the next connect: whether it is stored, nobody knows.
      this.#unsent.unshift(message)
    }
    this.#inFlight--
    this.#send()
  }
}
