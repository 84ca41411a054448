import type { Clock } from '@mimirjs/transport'
import { MessageType } from '@mimirjs/wire/peer'
import type { Acceptance } from './acceptance.js'
import { parseCommand } from './bot/command.js'
import { quoting } from './content.js'
import { MessengerError } from './error.js'
import type { DownloadedFile, DownloadOptions } from './files/types.js'
import type { Groups } from './groups/groups.js'
import type { Handlers } from './handlers.js'
import type { IncomingMessage } from './message.js'
import { replyGuid } from './message-id.js'
import type { Metering } from './metering.js'
import type { People } from './people.js'
import type { Store, StoredMessage } from './store.js'
import { viewContent } from './view.js'

export interface HandlingContext {
  readonly store: Store
  readonly clock: Clock
  readonly people: People
  readonly handlers: Handlers
  readonly acceptance: Acceptance
  readonly metering: Metering
  /** Our public key, 64 lower-case hex digits. */
  readonly publicKey: string
  /** What commands begin with. */
  readonly commandPrefix: string
  readonly groups: Groups
  /** A person, or a group. @throws {MessengerError} `bad-key` */
  toReceiver(to: string | Uint8Array): string
  download(message: { id: string; peer: string }, options?: DownloadOptions): Promise<DownloadedFile>
  /** There is something to deliver to this peer. */
  kick(peer: string): void
  /** A handler failed. @param fields - of the line in the log */
  onFailure(error: MessengerError, fields: object): void
}

/** Brings stored messages to the handlers, with all that a handler can do about one. */
export class Handling {
  readonly #context: HandlingContext

  constructor(context: HandlingContext) {
    this.#context = context
  }

  /** Run the handlers of one message. @returns what to do once the cursor is on disk, if anybody took the message */
  async handle(row: StoredMessage, park: () => () => void): Promise<(() => void) | undefined> {
    const { clock, people, handlers, metering, onFailure } = this.#context
    if (people.isBlocked(row.peer)) return undefined
    // What the blocked say in a group is not held back, for what others said behind it waits for it.
    if (row.group && people.isBlocked(row.group.author)) return () => {}
    // Our own note: nothing to answer.
    if (row.messageType === MessageType.callRecord) return () => {}
    const fromName = await this.#nameOf(row)
    const receivers = new Receivers(this.#context)
    const message = this.#incoming(row, fromName, receivers)
    const startMs = clock.nowMs()
    const failed = (cause: unknown): void => {
      const what = `the handler of message ${row.guid} from ${row.peer} failed`
      metering.count('handler.failures')
      onFailure(new MessengerError('handler', what, { cause }), { peer: row.peer, messageId: message.id })
    }
    if (!(await handlers.run(message, failed, park))) return undefined
    metering.observe('handler.duration', Math.max(0, clock.nowMs() - startMs) / 1000)
    return () => receivers.release()
  }

  async #nameOf({ peer, group }: StoredMessage): Promise<string> {
    const { store } = this.#context
    const author = group?.author ?? peer
    const contact = await store.contact(author)
    const member = group && (await store.member(peer, author))
    return contact?.name || member?.nickname || contact?.nickname || author.slice(0, 8)
  }

  #incoming(row: StoredMessage, fromName: string, receivers: Receivers): IncomingMessage {
    const { acceptance, groups, publicKey, commandPrefix, toReceiver, download } = this.#context
    const id = String(row.guid)
    // What it is called by the others.
    const said = String(row.group?.innerGuid ?? row.guid)
    const view = viewContent(row)
    let index = 0
    const message: IncomingMessage = {
      ...view,
      id,
      from: row.group?.author ?? row.peer,
      group: row.group && groups.find(row.peer),
      fromName,
      command: parseCommand(view, commandPrefix),
      sentAt: new Date(row.sendTimeMs),
      receivedAt: new Date(row.settledMs),
      reply: (content) => message.send(row.peer, quoting(content, said)),
      react: (emoji) => message.send(row.peer, { reaction: emoji, replyTo: said }),
      send: async (to, content) => {
        const peer = toReceiver(to)
        const sent = await acceptance.accept(
          peer,
          content,
          replyGuid(publicKey, row.peer, row.guid, peer, index++),
          row.seq,
        )
        receivers.add(peer)
        return sent
      },
      download: (options) => download({ id, peer: row.peer }, options),
    }
    return message
  }
}

/** Those whom a handler has written to: what it said leaves when it has finished. */
class Receivers {
  readonly #kick: HandlingContext['kick']
  readonly #peers = new Set<string>()
  #isReleased = false

  constructor({ kick }: HandlingContext) {
    this.#kick = kick
  }

  add(peer: string): void {
    // After the handler has finished there is nothing left to hold it.
    if (this.#isReleased) this.#kick(peer)
    else this.#peers.add(peer)
  }

  release(): void {
    this.#isReleased = true
    for (const peer of this.#peers) this.#kick(peer)
  }
}
