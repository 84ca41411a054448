import { basename, extname } from 'node:path'
import {
  type Content,
  FEATURES,
  type FileEvent,
  type HistoryEntry,
  type IncomingMessage,
  isMessengerError,
  type Messenger,
  type MessengerEvents,
  type OutgoingPath,
} from '@mimirjs/messenger'
import type { Generation } from '@mimirjs/wire'
import { MIME_TYPES } from '../content.js'
import type {
  BackendEvent,
  ChatBackend,
  ChatContent,
  ChatEntry,
  ChatPerson,
  ChatRequest,
  ChatTransfer,
  EntryState,
  TransferState,
} from './backend.js'
import { saveAs } from './save-as.js'

/** What ends like this goes as an image, which others see at once. */
const IMAGE_ENDINGS: ReadonlySet<string> = new Set(['.gif', '.jpeg', '.jpg', '.png', '.webp'])
/** Entries read at once to find the one that carries a file. */
const LOOK_ENTRIES = 200
const MAX_FOUND = 200

/** The chat's view of a messenger. Contents of files stay below: a history full of images would fill the memory. */
export class MessengerBackend implements ChatBackend {
  readonly #messenger: Messenger
  readonly #canAsk: boolean

  constructor(messenger: Messenger, generation: Generation) {
    this.#messenger = messenger
    this.#canAsk = FEATURES[generation].contactRequests
  }

  get publicKey(): string {
    return this.#messenger.publicKey
  }

  get link(): string {
    return this.#messenger.link
  }

  async people(): Promise<ChatPerson[]> {
    const known = await this.#messenger.conversations()
    return known.map(({ contact: { peer, name, nickname, info, kind }, unread }) => ({
      peer,
      name,
      nickname,
      info,
      kind,
      unread,
    }))
  }

  async requests(): Promise<ChatRequest[]> {
    const asking = await this.#messenger.contactRequests()
    return asking.map(({ peer, nickname, message }) => ({ peer, nickname, message }))
  }

  async history(peer: string, { limit, before }: { limit: number; before?: ChatEntry }): Promise<ChatEntry[]> {
    const range = before === undefined ? { limit } : { limit, before: placeOf(before) }
    const entries = await this.#messenger.history(peer, range)
    return entries.reverse().map(entryOf)
  }

  async send(peer: string, content: ChatContent): Promise<string> {
    return (await this.#messenger.send(peer, contentOf(content))).id
  }

  async search(text: string, peer: string | undefined): Promise<ChatEntry[]> {
    const options = { limit: MAX_FOUND, ...(peer === undefined ? {} : { person: peer }) }
    return (await this.#messenger.search(text, options)).map(entryOf)
  }

  connect(peer: string): void {
    // Whether it comes about is told by the state, and whoever is written to is tried again anyway.
    this.#messenger.connect(peer).catch(() => {})
  }

  markRead(peer: string): Promise<void> {
    return this.#messenger.markRead(peer)
  }

  async meet(person: string): Promise<string> {
    const { peer } = await (this.#canAsk ? this.#messenger.requestContact(person) : this.#messenger.addContact(person))
    return peer
  }

  async name(peer: string, name: string | undefined): Promise<void> {
    await this.#messenger.addContact(peer, name === undefined ? {} : { name })
  }

  async ask(peer: string, message: string): Promise<void> {
    await this.#messenger.requestContact(peer, { message })
  }

  answer(peer: string, accept: boolean): Promise<void> {
    return accept ? this.#messenger.acceptContact(peer) : this.#messenger.refuseContact(peer)
  }

  block(peer: string): Promise<void> {
    return this.#messenger.block(peer)
  }

  async remove({ peer, id, outgoing }: ChatEntry): Promise<void> {
    await this.#messenger.deleteMessage(peer, id, { outgoing })
  }

  async save(entry: ChatEntry, to: string): Promise<string | undefined> {
    const { peer, id } = entry
    try {
      return (await this.#messenger.download({ peer, id }, { to })).path
    } catch (error) {
      if (!isMessengerError(error)) throw error
      if (error.code === 'aborted') return undefined
      // Other generations carry files inside their messages.
      const file = error.code === 'unknown-file' ? await this.#inlineFile(entry) : undefined
      if (file?.bytes === undefined) throw error
      return await saveAs(to, { name: file.name, bytes: file.bytes })
    }
  }

  stop(peer: string, id: string): Promise<void> {
    return this.#messenger.pauseDownload({ peer, id })
  }

  /** The file as the message carries it: looked for in the history, because the chat keeps no contents. */
  async #inlineFile(wanted: ChatEntry): Promise<HistoryEntry['file']> {
    let before: HistoryEntry | undefined
    for (;;) {
      const range = before === undefined ? { limit: LOOK_ENTRIES } : { limit: LOOK_ENTRIES, before }
      const entries = await this.#messenger.history(wanted.peer, range)
      const found = entries.find(({ id, outgoing }) => id === wanted.id && outgoing === wanted.outgoing)
      if (found !== undefined || entries.length < LOOK_ENTRIES) return found?.file
      before = entries.at(-1)
    }
  }

  retryNow(): void {
    this.#messenger.retryNow()
  }

  listen(listener: (event: BackendEvent) => void): () => void {
    const messenger = this.#messenger
    // It counts as handled when the chat has it: what is unread is kept apart from that.
    const onMessage = async (message: IncomingMessage): Promise<void> =>
      listener({ type: 'message', entry: incomingEntry(message) })
    const listeners = {
      delivered: ({ id, to }) => listener({ type: 'state', peer: to, id, state: 'delivered' }),
      waiting: ({ id, to }) => listener({ type: 'state', peer: to, id, state: 'waiting' }),
      edited: ({ peer }) => listener({ type: 'changed', peer }),
      missedCall: ({ peer }) => listener({ type: 'changed', peer }),
      file: (event) => listener({ type: 'transfer', ...transferOf(event) }),
      contactRequest: ({ peer, nickname, message }) =>
        listener({ type: 'request', request: { peer, nickname, message } }),
      contactAnswer: ({ peer, accepted }) => listener({ type: 'answer', peer, accepted }),
      contact: () => listener({ type: 'people-changed' }),
      state: ({ peer, ...link }) => listener({ type: 'link', peer, link }),
      error: (error) => listener({ type: 'failure', error }),
    } satisfies { [Name in keyof MessengerEvents]?: (event: MessengerEvents[Name]) => void }
    const names = Object.keys(listeners) as (keyof typeof listeners)[]
    messenger.on('message', onMessage)
    for (const name of names) messenger.on(name, listeners[name] as () => void)
    return () => {
      messenger.off('message', onMessage)
      for (const name of names) messenger.off(name, listeners[name] as () => void)
    }
  }
}

const STATES: Readonly<Record<HistoryEntry['state'], EntryState>> = {
  preparing: 'preparing',
  held: 'stored',
  stored: 'stored',
  waiting: 'waiting',
  delivered: 'delivered',
  failed: 'failed',
  unhandled: 'received',
  handled: 'received',
}

const TRANSFER_STATES: Readonly<Record<FileEvent['state'], TransferState>> = {
  progress: 'running',
  waiting: 'waiting',
  paused: 'stopped',
  cancelled: 'stopped',
  complete: 'done',
  failed: 'failed',
}

function transferOf({ peer, id, outgoing, state, doneBytes, sizeBytes, path, error }: FileEvent): ChatTransfer {
  const done = outgoing ? 'the file is sent' : `saved as ${path ?? ''}`
  const text = state === 'complete' ? done : (error?.message ?? '')
  return { peer, id, outgoing, state: TRANSFER_STATES[state], doneBytes, sizeBytes, text }
}

function entryOf(entry: HistoryEntry): ChatEntry {
  const { id, peer, outgoing, kind, text, replyTo, file, state, sentAt, editedAt } = entry
  return {
    id,
    peer,
    outgoing,
    kind,
    text,
    replyTo,
    file: file && fileOf(file),
    state: STATES[state],
    sentMs: sentAt.getTime(),
    edited: editedAt !== undefined,
  }
}

function incomingEntry({ id, from, kind, text, replyTo, file, sentAt }: IncomingMessage): ChatEntry {
  return {
    id,
    peer: from,
    outgoing: false,
    kind,
    text,
    replyTo,
    file: file && fileOf(file),
    state: 'received',
    sentMs: sentAt.getTime(),
    edited: false,
  }
}

function fileOf({ name, sizeBytes, damaged }: NonNullable<HistoryEntry['file']>): NonNullable<ChatEntry['file']> {
  return { name, sizeBytes, damaged }
}

/** An entry as a place in the history: the messenger looks at id and direction. */
function placeOf({ id, peer, outgoing, kind, text, replyTo, sentMs }: ChatEntry): HistoryEntry {
  const sentAt = new Date(sentMs)
  return { id, peer, outgoing, kind, text, replyTo, file: undefined, state: 'handled', sentAt, editedAt: undefined }
}

function contentOf(content: ChatContent): Content {
  if (!('path' in content)) return content
  const { path, text } = content
  const ending = extname(path).toLowerCase()
  const mimeType = MIME_TYPES[ending]
  const file: OutgoingPath = { path, name: basename(path), ...(mimeType === undefined ? {} : { mimeType }) }
  return IMAGE_ENDINGS.has(ending) ? { image: file, text } : { file, text }
}
