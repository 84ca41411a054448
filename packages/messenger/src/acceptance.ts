import type { Clock } from '@mimirjs/transport'
import type { Generation } from '@mimirjs/wire'
import { MessageType } from '@mimirjs/wire/peer'
import { type Content, type EditContent, inlinePayload, type PlannedContent, planContent } from './content.js'
import { isMessengerError, MessengerError } from './error.js'
import type { Transfers } from './files/transfers.js'
import type { Groups } from './groups/groups.js'
import type { Sent } from './message.js'
import type { Metering } from './metering.js'
import type { People } from './people.js'
import type { NewOutgoing, Store } from './store.js'
import type { StoreAccess } from './store-access.js'

export interface AcceptanceContext {
  readonly store: Store
  readonly access: StoreAccess
  readonly people: People
  readonly transfers: Transfers
  readonly groups: Groups
  readonly metering: Metering
  readonly clock: Clock
  readonly generation: Generation
  assertOpen(): void
}

/** Takes what is to be sent, and has it on disk before it says so. */
export class Acceptance {
  readonly #context: AcceptanceContext

  constructor(context: AcceptanceContext) {
    this.#context = context
  }

  /**
   * While the messenger closes, running handlers may still answer.
   * @param heldBy - `seq` of the message whose handler says this; it waits for its end
   * @throws {MessengerError} `bad-content` | `too-large` | `unsupported` | `blocked` | `file` | `unknown-message` | `store` |
   * `not-member` | `forbidden` | `closed`; then nothing was accepted
   */
  async accept(peer: string, content: Content, guid: bigint, heldBy: number | undefined): Promise<Sent> {
    const { access, people, groups, metering, generation, assertOpen } = this.#context
    if (heldBy === undefined) assertOpen()
    if (people.isBlocked(peer)) throw new MessengerError('blocked', `${peer} is blocked: addContact undoes that`)
    const isGroup = groups.find(peer) !== undefined
    if (isGroup) groups.assertMaySend(peer)
    const planned = planContent(content, isGroup ? 'group' : generation)
    if (planned.kind === 'edit') return this.#edit(peer, planned)
    try {
      await access.track(this.#enqueue(peer, planned, guid, heldBy))
    } catch (cause) {
      if (isMessengerError(cause) && cause.code !== 'store') throw cause
      if (access.closed) throw new MessengerError('closed', 'the messenger is closed', { cause })
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new MessengerError('store', `the message was not accepted: ${why}`, { cause })
    }
    metering.count('messages.accepted')
    return { id: String(guid), to: peer }
  }

  async #enqueue(
    peer: string,
    planned: Exclude<PlannedContent, EditContent>,
    guid: bigint,
    heldBy: number | undefined,
  ): Promise<void> {
    const { store, transfers } = this.#context
    const { messageType, replyTo } = planned
    const sendTimeMs = Math.floor(this.#context.clock.nowMs())
    const message = {
      peer,
      guid,
      messageType,
      replyTo,
      sendTimeMs,
      editTimeMs: 0,
      ...(heldBy !== undefined && { heldBy }),
    }
    if (planned.kind === 'ready') {
      await store.enqueue(this.#ready({ ...message, payload: planned.payload }))
    } else if (planned.carriage === 'inline') {
      const { file: given, maxInlineBytes } = planned
      const file = 'bytes' in given ? given : await transfers.read(given, maxInlineBytes)
      await store.enqueue(this.#ready({ ...message, payload: inlinePayload(planned, file) }))
    } else await transfers.enqueue(message, planned)
  }

  /** To a group it goes as it is encrypted here. */
  #ready(message: NewOutgoing): NewOutgoing {
    const { groups } = this.#context
    return groups.find(message.peer) ? { ...message, sealed: groups.sealed(message.peer, message) } : message
  }

  async #edit(peer: string, { guid, payload }: EditContent): Promise<Sent> {
    const { access, store, groups } = this.#context
    const isGroup = groups.find(peer) !== undefined
    let editTimeMs = Math.floor(this.#context.clock.nowMs())
    for (;;) {
      const before = await access.ask(() => store.message(peer, guid, true))
      if (before?.messageType !== MessageType.text || before.state === 'failed')
        throw new MessengerError('unknown-message', `no text ${guid} of ours to ${peer} can be edited`)
      // Later than the last one, whatever the clock says, or the other side would take it for a repetition.
      editTimeMs = Math.max(editTimeMs, before.editTimeMs + 1)
      const sealed = isGroup ? groups.sealed(peer, { ...before, payload, editTimeMs }) : undefined
      if (await access.ask(() => store.edit(peer, guid, payload, editTimeMs, sealed))) break
    }
    return { id: String(guid), to: peer }
  }
}
