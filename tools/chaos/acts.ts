import { appendFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Content,
  type HistoryEntry,
  type IncomingMessage,
  isMessengerError,
  type Messenger,
  type OutgoingFile,
  type Store,
} from '@mimirjs/messenger'
import type { Random } from '@mimirjs/transport/testing'
import { editedText, type FileKind, fileBytes, type Kind, serialOf, textOf } from './content.js'
import { LOGS } from './logs.js'
import type { DeviceOptions } from './protocol.js'

export interface ActsContext {
  readonly messenger: Messenger
  readonly store: Store
  readonly options: DeviceOptions
  readonly random: Random
}

/** What one device does when it is told to. */
export class Acts {
  readonly #context: ActsContext

  constructor(context: ActsContext) {
    this.#context = context
  }

  /** @returns whether a message was accepted, and not something else done */
  async send(kind: Kind, to: string, serial: number): Promise<boolean> {
    switch (kind) {
      case 'text':
      case 'large':
        return this.#accept(to, textOf(kind, this.#name, serial), serial)
      case 'reply':
        return this.#reply(to, serial)
      case 'reaction':
        return this.#react(to, serial)
      case 'image':
      case 'file':
      case 'voice':
        return this.#sendFile(kind, to, serial)
      case 'edit':
        return this.#edit(to, serial)
      case 'delete':
        return this.#delete(to)
      case 'contact':
        await this.#context.messenger.requestContact(to, { message: `please #${serial}` })
        return false
    }
  }

  /** Downloads that the last process did not get to ask for. */
  async resume(): Promise<void> {
    const { messenger, store } = this.#context
    for (const { peer, guid, outgoing } of await store.files('known'))
      if (!outgoing) messenger.download({ peer, id: String(guid) }).catch(ignoreGone)
  }

  /** Ids of messages whose file is not where it belongs. */
  async openFiles(): Promise<string[]> {
    const { store } = this.#context
    const files = await Promise.all((['preparing', 'known', 'wanted'] as const).map((state) => store.files(state)))
    return files.flat().map(({ guid }) => String(guid))
  }

  /** Download the file of a message, and wait for it every other time. */
  async fetch(message: IncomingMessage): Promise<void> {
    const fetching = message.download().catch(ignoreGone)
    if (this.#context.random.chance(0.5)) await fetching
  }

  get #name(): string {
    return this.#context.options.name
  }

  async #accept(to: string, content: Content, serial: number): Promise<boolean> {
    const sent = await this.#context.messenger.send(to, content)
    this.#log('accepted', sent.to, sent.id, String(serial))
    return true
  }

  async #reply(to: string, serial: number): Promise<boolean> {
    const [last] = await this.#history(to, (entry) => !entry.outgoing)
    const text = textOf('reply', this.#name, serial)
    return this.#accept(to, last ? { text, replyTo: last.id } : text, serial)
  }

  async #react(to: string, serial: number): Promise<boolean> {
    const [last] = await this.#history(to, (entry) => !entry.outgoing)
    if (!last) return false
    return this.#accept(to, { reaction: textOf('reaction', this.#name, serial), replyTo: last.id }, serial)
  }

  async #sendFile(kind: FileKind, to: string, serial: number): Promise<boolean> {
    const bytes = fileBytes(serial)
    const text = textOf(kind, this.#name, serial)
    const path = join(this.#context.options.folder, `to-send-${serial}`)
    const isOnDisk = this.#context.random.chance(0.5)
    if (isOnDisk) await writeFile(path, bytes)
    const name = `${serial}.bin`
    const file: OutgoingFile = isOnDisk ? { path, name } : { bytes, name }
    const content = kind === 'image' ? { image: file, text } : kind === 'file' ? { file, text } : { voice: file }
    const accepted = await this.#accept(to, content, serial)
    if (isOnDisk) await rm(path)
    return accepted
  }

  async #edit(to: string, version: number): Promise<boolean> {
    const own = await this.#history(to, ({ outgoing, kind, text }) => {
      return outgoing && kind === 'text' && serialOf(text) !== undefined
    })
    const entry = own[this.#context.random.integer(Math.min(own.length, 8))]
    if (!entry) return false
    try {
      await this.#context.messenger.send(to, { edit: entry.id, text: editedText(entry.text, version) })
      this.#log('edited', to, entry.id, String(version))
    } catch (error) {
      ignoreGone(error)
    }
    return false
  }

  async #delete(to: string): Promise<boolean> {
    const entries = await this.#history(to, () => true)
    const entry = entries[this.#context.random.integer(entries.length)]
    if (!entry) return false
    this.#log('deleting', to, entry.id, String(entry.outgoing))
    await this.#context.messenger.deleteMessage(to, entry.id, { outgoing: entry.outgoing })
    this.#log('deleted', to, entry.id, String(entry.outgoing))
    return false
  }

  /** Newest first. */
  async #history(peer: string, choose: (entry: HistoryEntry) => boolean): Promise<HistoryEntry[]> {
    return (await this.#context.messenger.history(peer, { limit: 20 })).filter(choose)
  }

  #log(log: keyof typeof LOGS, ...words: readonly string[]): void {
    appendFileSync(join(this.#context.options.folder, LOGS[log]), `${words.join(' ')}\n`)
  }
}

/** Somebody deleted it meanwhile, or the process ends. */
function ignoreGone(error: unknown): void {
  const isGone =
    isMessengerError(error) && ['unknown-file', 'unknown-message', 'aborted', 'closed'].includes(error.code)
  if (!isGone) throw error
}
