import {
  FEATURES,
  type Group,
  type GroupEvent,
  type GroupInvite,
  type HistoryEntry,
  type IncomingMessage,
  isMessengerError,
  type Knock,
  type Messenger,
  type MessengerEvents,
} from '@mimirjs/messenger'
import type { Generation } from '@mimirjs/wire'
import { lookUp } from '../messenger.js'
import { parsePerson } from '../person.js'
import type {
  BackendEvent,
  ChatBackend,
  ChatContent,
  ChatEntry,
  ChatGroup,
  ChatMember,
  ChatPerson,
  ChatRequest,
} from './backend.js'
import { contentOf, entryOf, incomingEntry, linkOf, type Names, placeOf, transferOf } from './entries.js'
import { saveAs } from './save-as.js'

/** Entries read at once to find the one that carries a file. */
const LOOK_ENTRIES = 200
const MAX_FOUND = 200

/** The chat's view of a messenger. Contents of files stay below: a history full of images would fill the memory. */
export class MessengerBackend implements ChatBackend {
  readonly #messenger: Messenger
  readonly #canAsk: boolean
  /** Whom we connect to just now: once at a time, however often they are said to be near. */
  readonly #connecting = new Set<string>()
  /** By group; whatever changes them takes them out. */
  readonly #names = new Map<string, Promise<Names>>()
  /** Groups that we may join. */
  #invited: ReadonlySet<string> = new Set()

  constructor(messenger: Messenger, generation: Generation) {
    this.#messenger = messenger
    this.#canAsk = FEATURES[generation].contactRequests
    messenger.on('group', ({ group }) => this.#names.delete(group))
    messenger.on('contact', () => this.#names.clear())
  }

  get publicKey(): string {
    return this.#messenger.publicKey
  }

  get link(): string {
    return this.#messenger.link
  }

  async people(): Promise<ChatPerson[]> {
    const known = await this.#messenger.conversations()
    return known.map(({ contact: { peer, name, nickname, info, kind }, group, unread }) =>
      group === undefined
        ? { peer, name, nickname, info, kind, unread }
        : { peer, name: group.name, nickname: '', info: group.description, kind, unread, group: groupOf(group) },
    )
  }

  async requests(): Promise<ChatRequest[]> {
    const [asking, invites] = await Promise.all([this.#messenger.contactRequests(), this.#messenger.groupInvites()])
    this.#invited = new Set(invites.map(({ group }) => group))
    const knocks = this.#messenger.knocks().map(knockRequest)
    return [
      ...knocks,
      ...asking
        .filter(({ peer }) => !knocks.some((knock) => knock.peer === peer))
        .map(({ peer, nickname, message }) => ({ peer, nickname, message })),
      ...invites.map(inviteRequest),
    ]
  }

  async history(peer: string, { limit, before }: { limit: number; before?: ChatEntry }): Promise<ChatEntry[]> {
    // Its id is the key of nobody.
    if (this.#invited.has(peer) && (await this.#group(peer)) === undefined) return []
    const range = before === undefined ? { limit } : { limit, before: placeOf(before) }
    return await this.#entries((await this.#messenger.history(peer, range)).reverse())
  }

  async send(peer: string, content: ChatContent): Promise<string> {
    return (await this.#messenger.send(peer, contentOf(content))).id
  }

  async search(text: string, peer: string | undefined): Promise<ChatEntry[]> {
    const options = { limit: MAX_FOUND, ...(peer === undefined ? {} : { person: peer }) }
    return await this.#entries(await this.#messenger.search(text, options))
  }

  connect(peer: string): void {
    // Whether it comes about is told by the state, and whoever is written to is tried again anyway. Groups need no connecting.
    if (this.#connecting.has(peer)) return
    this.#connecting.add(peer)
    const done = (): boolean => this.#connecting.delete(peer)
    this.#messenger.connect(peer).then(done, done)
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

  async answer(peer: string, accept: boolean): Promise<void> {
    if (this.#messenger.knocks().some((knock) => knock.peer === peer)) {
      await (accept ? this.#messenger.acceptKnock(peer) : this.#messenger.declineKnock(peer))
      return
    }
    const invite = (await this.#messenger.groupInvites()).find(({ group }) => group === peer)
    if (invite === undefined) await (accept ? this.#messenger.acceptContact(peer) : this.#messenger.refuseContact(peer))
    else if (accept) await this.#messenger.joinGroup(invite)
    else await this.#messenger.declineGroup(invite)
  }

  block(peer: string): Promise<void> {
    return this.#messenger.block(peer)
  }

  async remove({ peer, id, outgoing }: ChatEntry, { everywhere }: { everywhere: boolean }): Promise<void> {
    if (everywhere) await (await this.#messenger.group(peer)).deleteMessage(id)
    else await this.#messenger.deleteMessage(peer, id, { outgoing })
  }

  async members(group: string): Promise<ChatMember[]> {
    const members = await (await this.#messenger.group(group)).members()
    return members.map(({ publicKey, name, role, online }) => ({ publicKey, name, role, online }))
  }

  async invite(group: string, person: string): Promise<void> {
    const key = await lookUp(this.#messenger, parsePerson(person))
    await (await this.#messenger.group(group)).invite(key)
  }

  async leave(group: string): Promise<void> {
    await (await this.#messenger.group(group)).leave()
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

  async #group(id: string): Promise<Group | undefined> {
    return (await this.#messenger.groups()).find((group) => group.id === id)
  }

  async #entries(entries: readonly HistoryEntry[]): Promise<ChatEntry[]> {
    const peers = [...new Set(entries.map(({ peer }) => peer))]
    const names = new Map(await Promise.all(peers.map(async (peer) => [peer, await this.#namesIn(peer)] as const)))
    return entries.map((entry) => entryOf(entry, names.get(entry.peer) ?? new Map<string, string>(), this.publicKey))
  }

  #namesIn(group: string): Promise<Names> {
    const known = this.#names.get(group)
    if (known !== undefined) return known
    const reading = this.#group(group).then(async (found) => {
      const members = (await found?.members()) ?? []
      return new Map(members.map(({ publicKey, name }) => [publicKey, name]))
    })
    this.#names.set(group, reading)
    reading.catch(() => this.#names.delete(group))
    return reading
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
      knock: (knock) => listener({ type: 'request', request: knockRequest(knock) }),
      knockOver: () => listener({ type: 'people-changed' }),
      contactAnswer: ({ peer, accepted }) => listener({ type: 'answer', peer, accepted }),
      contact: () => listener({ type: 'people-changed' }),
      groupInvite: (invite) => {
        this.#invited = new Set([...this.#invited, invite.group])
        listener({ type: 'request', request: inviteRequest(invite) })
      },
      group: ({ group, change }) => {
        for (const event of groupEvents(group, change)) listener(event)
      },
      mediator: (event) => {
        const link = linkOf(event)
        if (link !== undefined) listener({ type: 'mediator', publicKey: event.publicKey, link })
      },
      nearby: ({ peer, state }) => listener({ type: 'nearby', peer, isHere: state === 'found' }),
      state: ({ peer, ...link }) => listener({ type: 'link', peer, link }),
      error: (error) => listener({ type: 'failure', error }),
    } satisfies { [Name in keyof MessengerEvents]?: (event: MessengerEvents[Name]) => void }
    const names = Object.keys(listeners) as (keyof typeof listeners)[]
    // Who listens later than they came up hears of them too.
    for (const event of messenger.mediators()) listeners.mediator(event)
    for (const { peer, address } of messenger.nearby()) listeners.nearby({ peer, address, state: 'found' })
    messenger.on('message', onMessage)
    for (const name of names) messenger.on(name, listeners[name] as () => void)
    return () => {
      messenger.off('message', onMessage)
      for (const name of names) messenger.off(name, listeners[name] as () => void)
    }
  }
}

function groupOf({ role, state, mediator }: Group): ChatGroup {
  return { role, state, mediator: mediator.publicKey, mediatorAddress: mediator.address }
}

function knockRequest({ peer, name = '', fingerprint }: Knock): ChatRequest {
  return { peer, nickname: name, message: '', knock: { fingerprint } }
}

function inviteRequest({ group, name, description, from, rotatesKey }: GroupInvite): ChatRequest {
  return { peer: group, nickname: name, message: description, invite: { from, isNewKey: rotatesKey } }
}

/** What has to be read again. */
function groupEvents(peer: string, change: GroupEvent['change']): BackendEvent[] {
  switch (change) {
    case 'online':
      return [{ type: 'members-changed', peer }]
    case 'members':
      return [
        { type: 'members-changed', peer },
        { type: 'changed', peer },
      ]
    case 'history':
    case 'key':
      return [{ type: 'changed', peer }, { type: 'people-changed' }]
    default:
      return [{ type: 'people-changed' }, { type: 'changed', peer }]
  }
}
